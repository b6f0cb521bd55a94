import NIOCore
import NodeAgent
import Testing

/// `/exec`, `/attach` and `/portForward`: clients that are handed over to the runtime's streaming server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StreamTests {
    private func withBackend(
        _ behaviour: StreamBackend.Behaviour, _ test: (RunningServer, StreamBackend) async throws -> Void
    ) async throws {
        let backend = try await StreamBackend(behaviour)
        try await withAgentServer { server in
            server.agent.serve(streamsAt: "http://127.0.0.1:\(backend.port)/exec/t0ken?x=1")
            try await test(server, backend)
            #expect(await eventually { backend.connections == 0 })
        }
        try await backend.stop()
    }

    private static let spdy =
        "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io"
    private static let webSocket =
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io"

    private func open(
        _ server: RunningServer, _ target: String, method: String = "POST", _ headers: String = spdy,
        then bytes: String = ""
    ) async throws -> RawClient {
        let client = try await server.connect()
        client.send(
            "\(method) \(target) HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer secret\r\n\(headers)\r\n\r\n"
                + bytes)
        return client
    }

    @Test(arguments: [("POST", spdy), ("GET", spdy), ("GET", webSocket), ("POST", webSocket)])
    func bytesPassBothWays(_ method: String, _ headers: String) async throws {
        try await withBackend(.echo(greeting: "hello")) { server, backend in
            // What the client sends before it has an answer is not lost, nor what the server says with its answer.
            let client = try await open(
                server, "/exec/default/web/nginx?command=ls&command=-l+%2F&output=1&error=1", method: method,
                headers,
                then: "early ")
            #expect(
                await eventually { client.received.hasSuffix("\r\n\r\nhelloearly ") }, "\(client.received)")
            #expect(client.received.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(client.received.contains("X-Mark: m\r\n"))
            client.send("late")
            #expect(await eventually { client.received.hasSuffix("early late") })
            #expect(server.agent.asked == [#"exec ["ls", "-l /"] stdout,stderr"#])

            let request = try #require(backend.requests.first)
            #expect(
                request.hasPrefix("\(method) /exec/t0ken?x=1 HTTP/1.1\r\nHost: 127.0.0.1:\(backend.port)\r\n")
            )
            for line in headers.split(separator: "\r\n") { #expect(request.contains(line), "\(request)") }
            // The end of an empty body in chunks would be the beginning of the stream.
            #expect(!request.lowercased().contains("chunked"), "\(request)")
            // The token is for the agent alone.
            #expect(!request.contains("secret"))
            client.close()
        }
    }

    @Test func muchDataArrivesWholeInBothDirections() async throws {
        try await withBackend(.echo(greeting: "")) { server, _ in
            let client = try await open(server, "/attach/default/web/u-1/nginx?input=1&output=1&tty=1")
            #expect(await eventually { client.received.hasSuffix("\r\n\r\n") })
            let head = client.receivedBytes
            let pattern = ByteBuffer(string: (0..<8192).map { "\($0 % 10_000)|" }.joined())
            let rounds = 400
            for _ in 0..<rounds { try await client.send(pattern) }
            #expect(await eventually { client.receivedBytes == head + rounds * pattern.readableBytes })
            let expected = String(buffer: pattern)
            #expect(client.received.hasSuffix(expected + expected))
            #expect(server.agent.asked == ["attach stdin,stdout,terminal"])
            client.close()
        }
    }

    @Test func eitherSideEndsTheOther() async throws {
        try await withBackend(.echo(greeting: "bye")) { server, backend in
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            #expect(await eventually { client.received.hasSuffix("bye") })
            backend.hangUp()
            #expect(await eventually { client.isClosed })
            #expect(await eventually { server.server.connections == 0 })
            let second = try await open(server, "/exec/default/web/nginx?output=1")
            #expect(await eventually { second.received.hasSuffix("bye") })
            second.close()
            #expect(await eventually { backend.connections == 0 && server.server.connections == 0 })
        }
    }

    @Test func aRuntimeThatReadsNothingHearsThatTheClientIsGone() async throws {
        try await withBackend(.deaf) { server, backend in
            let client = try await open(server, "/exec/default/web/nginx?input=1")
            #expect(await eventually { client.received.contains("101 Switching") })
            // More than all buffers between the two hold.
            let sending = Task {
                while !Task.isCancelled { try await client.send(ByteBuffer(repeating: 0, count: 1 << 20)) }
            }
            try await Task.sleep(for: .milliseconds(300))
            client.reset()
            sending.cancel()
            _ = await sending.result
            #expect(
                await eventually(within: .seconds(30)) {
                    server.server.connections == 0 && backend.connections == 0
                })
        }
    }

    @Test func lastWordsThatComeWithTheUpgradeArrive() async throws {
        let words = String(repeating: "last words ", count: 20_000)
        try await withBackend(.blurt(words)) { server, _ in
            for _ in 0..<20 {
                let client = try await open(server, "/exec/default/web/nginx?output=1")
                let answer = await client.answer()
                #expect(answer.hasSuffix("\r\n\r\n" + words), "\(answer.utf8.count) bytes")
            }
        }
    }

    @Test func aStreamOnWhichNothingMovesIsEnded() async throws {
        let backend = try await StreamBackend(.echo(greeting: "hello"))
        try await withAgentServer({ configuration, _ in configuration.streamIdleTimeout = .milliseconds(300) }
        ) {
            server in
            server.agent.serve(streamsAt: "http://127.0.0.1:\(backend.port)/exec/t0ken")
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            for round in 1...4 {
                try await Task.sleep(for: .milliseconds(100))
                client.send("\(round)")
            }
            #expect(await eventually { client.received.hasSuffix("hello1234") })
            #expect(await eventually { client.isClosed && backend.connections == 0 })
        }
        try await backend.stop()
    }

    @Test func theRuntimeMayServeItsStreamsOverTLS() async throws {
        let backend = try await StreamBackend(
            .echo(greeting: "safe"), tls: try TestAuthority("crio").serverContext())
        try await withAgentServer { server in
            server.agent.serve(streamsAt: "https://127.0.0.1:\(backend.port)/exec/t0ken")
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            #expect(await eventually { client.received.hasSuffix("\r\n\r\nsafe") })
            client.close()
        }
        try await backend.stop()
    }

    @Test func aRefusalOfTheRuntimeIsPassedOn() async throws {
        try await withBackend(
            .refuse("HTTP/1.1 403 Forbidden\r\nContent-Type: text/x\r\nContent-Length: 8\r\n\r\nbad date")
        ) { server, _ in
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            let answer = await client.answer()
            #expect(answer.hasPrefix("HTTP/1.1 403 Forbidden\r\n"), "\(answer)")
            #expect(answer.contains("Content-Type: text/x\r\n") && answer.hasSuffix("\r\n\r\nbad date"))
        }
    }

    @Test func aRuntimeThatIsNotThereOrHangsIsSaid() async throws {
        try await withBackend(.hang) { server, _ in
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            #expect(await client.answer().hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
            // A client that leaves meanwhile takes the runtime's connection along.
            let second = try await open(server, "/exec/default/web/nginx?output=1")
            second.close()
        }
        let backend = try await StreamBackend(.hang)
        try await backend.stop()
        try await withAgentServer { server in
            server.agent.serve(streamsAt: "http://127.0.0.1:\(backend.port)/exec/t0ken")
            let client = try await open(server, "/exec/default/web/nginx?output=1")
            let answer = await client.answer()
            #expect(answer.hasPrefix("HTTP/1.1 502 "))
            #expect(answer.contains("127.0.0.1:\(backend.port)"), "\(answer)")
            for url in ["", "unix:///x", "http://", "http://h:0/", "http://h/a b"] {
                server.agent.serve(streamsAt: url)
                let refused = try await open(server, "/exec/default/web/nginx?output=1")
                #expect(await refused.answer().hasPrefix("HTTP/1.1 500 "), "\(url)")
            }
        }
    }

    @Test func portForwardsNameTheirPortsWhereTheProtocolCannot() async throws {
        try await withBackend(.echo(greeting: "")) { server, _ in
            for (query, headers) in [
                ("", Self.spdy), ("?port=80&port=443,8080", Self.webSocket),
                ("?port=80", Self.webSocket + "\r\nSec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io"),
            ] {
                let client = try await open(server, "/portForward/default/web/u-1\(query)", headers)
                #expect(await eventually { client.received.contains("101 Switching") })
                client.close()
            }
            #expect(
                server.agent.asked == ["portForward []", "portForward [80, 443, 8080]", "portForward []"])
        }
    }

    @Test(
        arguments: [
            ("/exec/default/web/nginx", spdy, 400, "you must specify at least 1 of stdin, stdout, stderr"),
            ("/exec/default/web/nginx?error=1&tty=1", spdy, 400, "you must specify at least 1 of"),
            ("/exec/default/none/nginx?output=1", spdy, 404, "pod does not exist"),
            ("/exec/default/web/u-2/nginx?output=1", spdy, 404, "pod does not exist"),
            ("/exec/default/web/none?output=1", spdy, 404, "container not found"),
            ("/exec/default/web?output=1", spdy, 404, "404"),
            ("/exec/default/web/nginx?output=1", "X: y", 400, "Upgrade request required"),
            ("/portForward/default/web", webSocket, 400, #"query parameter "port" is required"#),
            ("/portForward/default/web?port=0", webSocket, 400, "from 1 to 65535"),
            ("/portForward/default/web?port=a", webSocket, 400, "from 1 to 65535"),
        ])
    func badRequestsAreRefused(_ target: String, _ headers: String, _ status: Int, _ words: String)
        async throws
    {
        try await withAgentServer { server in
            let client = try await open(server, target, headers + "\r\nConnection: close")
            let answer = await client.answer()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(words), "\(answer)")
        }
    }
}
