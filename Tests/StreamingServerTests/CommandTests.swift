import NIOCore
import StreamingServer
import Testing

private let success = #"{"metadata":{},"status":"Success"}"#

@Suite(.timeLimit(.minutes(2))) struct SPDYCommandTests {
    @Test(arguments: ["v4.channel.k8s.io", "v5.channel.k8s.io"])
    func echoesUntilTheClientClosesItsHalf(version: String) async throws {
        try await withServer { server, _ in
            let request = ExecStreamRequest(container: "c", command: ["cat"], stdin: true, stderr: false)
            let client = try await SPDYCommandClient.connect(
                server.exec(request), for: request, version: version)
            try await client.spdy.write(client.stdin, "hello\n")
            try await client.spdy.untilReceived(6, on: client.stdout)
            #expect(!client.spdy.received(client.stdout).isEnded)
            try await client.spdy.write(client.stdin, "again\n", last: true)
            #expect(try await client.spdy.text(client.stdout) == "hello\nagain\n")
            #expect(try await client.spdy.text(client.error) == success)
            #expect(try await eventually { client.spdy.goAway == 0 })
            await client.spdy.close()
        }
    }

    @Test func reportsExitCodes() async throws {
        let request = ExecStreamRequest(container: "c", command: ["exit", "42"])
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            let status = try await client.spdy.text(client.error)
            #expect(
                status.contains(#""status":"Failure""#) && status.contains(#""reason":"NonZeroExitCode""#))
            #expect(status.contains(#""causes":[{"reason":"ExitCode","message":"42"}]"#))
        }
    }

    @Test func reportsWhatWentWrong() async throws {
        let request = ExecStreamRequest(container: "c", command: ["fail", "no \"such\"\nthing\u{1}"])
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            let status = try await client.spdy.text(client.error)
            #expect(status.contains(#""reason":"InternalError""#) && status.contains(#""code":500"#))
            #expect(status.contains(#"no \"such\"\nthing\u0001"#))
        }
    }

    @Test(arguments: [
        ("v1", "exit 0", ""), ("v3", "exit 0", ""),
        ("v2", "exit 3", "command terminated with non-zero exit code 3"),
        ("v3", "fail boom", "error executing command in container: boom"),
    ])
    func olderVersionsGetPlainText(version: String, command: String, text: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let name = version == "v1" ? "channel.k8s.io" : "\(version).channel.k8s.io"
        let request = ExecStreamRequest(container: "c", command: words)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(
                server.exec(request), for: request, version: name)
            #expect(try await client.spdy.text(client.error) == text)
        }
    }

    @Test func separatesOutputs() async throws {
        let request = ExecStreamRequest(container: "c", command: ["both"])
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            #expect(try await client.spdy.text(client.stdout) == "out\n")
            #expect(try await client.spdy.text(client.stderr) == "err\n")
        }
    }

    @Test func passesTerminalSizesOn() async throws {
        let request = ExecStreamRequest(container: "c", command: ["sizes"], terminal: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.write(client.resize, #"{"Width":80,"Hei"#)
            try await client.spdy.write(client.resize, "ght\":24}\n")
            try await client.spdy.untilReceived(6, on: client.stdout)
            try await client.spdy.write(client.resize, #"{"Width":1,"Height":2}"#)
            #expect(try await client.spdy.text(client.stdout) == "80x24\n1x2\n")
        }
    }

    @Test func attaches() async throws {
        try await withServer { server, _ in
            let url = try server.attach(AttachStreamRequest(container: "cat", stdin: true, stderr: false))
            let (spdy, _) = try await SPDYClient.connect(url, versions: ["v4.channel.k8s.io"], method: "GET")
            let error = try await spdy.open("error")
            let stdin = try await spdy.open("stdin")
            let stdout = try await spdy.open("stdout")
            try await spdy.write(stdin, "attached", last: true)
            #expect(try await spdy.text(stdout) == "attached")
            #expect(try await spdy.text(error) == success)
        }
    }

    @Test func answersPings() async throws {
        let request = ExecStreamRequest(container: "c", command: ["hang"])
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.control(6, [77])
            try await client.spdy.untilPinged(77)
        }
    }

    /// The process ends while its client still sends: the client hears how.
    @Test func endsWhileTheClientSends() async throws {
        let request = ExecStreamRequest(container: "c", command: ["ignore"], stdin: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            let piece = ByteBuffer(repeating: 0, count: 30_000)
            for _ in 0..<40 { try await client.spdy.write(client.stdin, piece) }
            #expect(try await client.spdy.text(client.stdout) == "ignored\n")
            #expect(try await client.spdy.text(client.error) == success)
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct WebSocketCommandTests {
    private static func run(
        _ command: [String], protocols: [String], stdin: Bool = false, terminal: Bool = false,
        _ body: (WebSocketClient) async throws -> Void
    ) async throws {
        try await withServer { server, _ in
            let url = try server.exec(
                ExecStreamRequest(container: "c", command: command, terminal: terminal, stdin: stdin))
            let (client, chosen) = try await WebSocketClient.connect(url, protocols: protocols)
            #expect(chosen == protocols.first)
            try await body(client)
            await client.close()
        }
    }

    @Test func greetsFirst() async throws {
        try await Self.run(["hang"], protocols: ["v4.channel.k8s.io"]) { client in
            try await client.untilMessage(on: 1)
            #expect(client.bytes(1).readableBytes == 0 && client.messages(1) == 1)
        }
    }

    @Test func closesStdinByASignal() async throws {
        try await Self.run(["cat"], protocols: ["v5.channel.k8s.io"], stdin: true) { client in
            try await client.message(0, "hello ")
            try await client.message(0, "there")
            try await client.message(255, ByteBuffer(bytes: [0]))
            try await client.untilClosed()
            #expect(client.text(1) == "hello there" && client.text(3) == success && client.closeCode == 1000)
        }
    }

    @Test func reportsExitCodes() async throws {
        try await Self.run(["exit", "7"], protocols: ["v4.channel.k8s.io"]) { client in
            try await client.untilClosed()
            #expect(client.text(3).contains(#"{"reason":"ExitCode","message":"7"}"#))
        }
    }

    /// One Close from each side, and the connection ends with the second: nobody waits for a timeout.
    @Test func saysGoodbyeOnce() async throws {
        try await Self.run(["exit", "0"], protocols: ["v4.channel.k8s.io"]) { client in
            try await client.untilClosed()
            let answered = ContinuousClock.now
            try await client.frame(0x88, ByteBuffer(bytes: [3, 0xe8]))
            try await client.untilDisconnected()
            #expect(client.closes == 1 && ContinuousClock.now - answered < SessionLimits.farewell / 2)
        }
    }

    @Test func speaksBase64() async throws {
        try await Self.run(["cat"], protocols: ["v4.base64.channel.k8s.io"], stdin: true) { client in
            try await client.message(UInt8(ascii: "0"), "aGVsbG8=")
            try await client.untilReceived(8, on: UInt8(ascii: "1"))
            try await client.message(UInt8(ascii: "0"), "IHRoZXJl")
            try await client.untilReceived(16, on: UInt8(ascii: "1"))
            #expect(client.text(UInt8(ascii: "1")) == "aGVsbG8=IHRoZXJl")
        }
    }

    @Test(arguments: ["channel.k8s.io", nil]) func speaksTheOldestProtocol(name: String?) async throws {
        try await Self.run(["fail", "boom"], protocols: name.map { [$0] } ?? []) { client in
            try await client.untilClosed()
            #expect(client.text(3) == "error executing command in container: boom")
        }
    }

    @Test func passesTerminalSizesOn() async throws {
        try await Self.run(["sizes"], protocols: ["v4.channel.k8s.io"], terminal: true) { client in
            try await client.message(4, #"{"Width":132,"Height":50}"#)
            try await client.untilReceived(7, on: 1)
            try await client.message(4, #"{"width":1,"height":1}"#)
            try await client.untilClosed()
            #expect(client.text(1) == "132x50\n1x1\n" && client.messages(2) == 0)
        }
    }

    @Test func takesMessagesInFragments() async throws {
        try await Self.run(["cat"], protocols: ["v5.channel.k8s.io"], stdin: true) { client in
            try await client.frame(0x02, ByteBuffer(bytes: [0, 0x61]))
            try await client.frame(0x89, ByteBuffer(string: "in between"))
            try await client.frame(0x00, ByteBuffer(string: "b"))
            try await client.frame(0x80, ByteBuffer(string: "c"))
            try await client.frame(0x02, ByteBuffer(bytes: [255]))
            try await client.frame(0x80, ByteBuffer(bytes: [0]))
            try await client.untilClosed()
            #expect(client.text(1) == "abc" && client.pongs == [ByteBuffer(string: "in between")])
        }
    }

    @Test func prefersTheClientsOrder() async throws {
        try await withServer { server, _ in
            let url = try server.exec(ExecStreamRequest(container: "c", command: ["exit", "0"]))
            let (_, chosen) = try await WebSocketClient.connect(
                url, protocols: ["v9.channel.k8s.io", "v4.channel.k8s.io", "v5.channel.k8s.io"])
            #expect(chosen == "v4.channel.k8s.io")
        }
    }
}
