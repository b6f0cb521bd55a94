import Glibc
import NIOCore
import StreamingServer
import Testing

/// Clients that come and leave, at any time. In containerd each left something behind that nobody freed:
/// CVE-2022-23471 when they left before the process ran, CVE-2025-64329 before the streams were open.
@Suite(.timeLimit(.minutes(3))) struct DepartureTests {
    enum Stage: String, CaseIterable {
        case connected, halfARequest, upgraded, errorStream, allStreamsButOne, running, halfAFrame, stdinFull
        case sizesWaiting, outputWaiting, webSocket, webSocketRunning, webSocketHalfAFrame, webSocketClosing
        case portForward, halfAPair, forwarding, tunnelled
    }

    /// How the client hangs up.
    enum Manner: CaseIterable {
        case politely, abruptly
    }

    @Test(arguments: Stage.allCases, Manner.allCases)
    func nothingStays(stage: Stage, manner: Manner) async throws {
        try await withServer { server, handler in
            let port = try StreamingURL(server.portForward(PortForwardStreamRequest(sandbox: "s"))).port
            for _ in 0..<100 {
                let channel = try await come(to: server, until: stage)
                if manner == .abruptly {
                    // With unread or no data alike: a reset instead of a FIN.
                    let options = try #require(channel as? any SocketOptionProvider)
                    // The server may have been faster.
                    try? await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                }
                try? await channel.close().get()
            }
            // Sockets first: the last clients may have left before they were accepted.
            _ = try await eventually { (try? openSockets(ofPort: port)) == 0 }
            #expect(try openSockets(ofPort: port) == 0)
            #expect(try await eventually { server.connections.count == 0 })
            #expect(try await eventually { server.connections.sessions == 0 })
            #expect(handler.calls.begun == handler.calls.ended)
        }
    }

    /// A client that has come so far.
    private func come(to server: StreamingServer, until stage: Stage) async throws -> any Channel {
        var request = ExecStreamRequest(container: "c", command: ["hang"], stdin: true)
        let forward = PortForwardStreamRequest(sandbox: "s")
        switch stage {
        case .connected, .halfARequest:
            let url = try StreamingURL(server.exec(request))
            let raw = try await RawClient.connect(port: url.port)
            if stage == .halfARequest { try await raw.send("POST \(url.path) HTTP/1.1\r\nConn") }
            return raw.channel
        case .upgraded, .errorStream, .allStreamsButOne:
            request.terminal = true
            let (spdy, _) = try await SPDYClient.connect(
                server.exec(request), versions: ["v4.channel.k8s.io"])
            if stage != .upgraded { _ = try await spdy.open("error") }
            if stage == .allStreamsButOne {
                _ = try await spdy.open("stdin")
                try await spdy.untilReplied(try await spdy.open("resize"))
            }
            return try channel(of: spdy)
        case .running, .halfAFrame, .stdinFull, .sizesWaiting, .outputWaiting:
            request.terminal = stage == .sizesWaiting
            if stage == .outputWaiting { request.command = ["produce", "100000000"] }
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.untilReplied(client.stdout)
            switch stage {
            case .halfAFrame: try await client.spdy.transport.send(ByteBuffer(bytes: [0, 0, 0, 3, 0, 0]))
            case .stdinFull:
                // More than waits here, less than sockets hold.
                try await client.spdy.write(client.stdin, ByteBuffer(repeating: 0, count: 400_000))
            case .sizesWaiting: try await client.spdy.write(client.resize, #"{"Width":80,"Height":24}{"#)
            default: break
            }
            return try channel(of: client.spdy)
        case .webSocket, .webSocketRunning, .webSocketHalfAFrame, .webSocketClosing:
            let (client, _) = try await WebSocketClient.connect(
                server.exec(request), protocols: ["v5.channel.k8s.io"])
            if stage != .webSocket { try await client.untilMessage(on: 1) }
            if stage == .webSocketHalfAFrame { try await client.rawBytes([0x82, 0xff, 0]) }
            if stage == .webSocketClosing { try await client.frame(0x88, ByteBuffer(bytes: [3, 0xe8])) }
            return client.raw.channel
        case .portForward, .halfAPair, .forwarding:
            let (spdy, _) = try await SPDYClient.connect(
                server.portForward(forward), versions: ["portforward.k8s.io"])
            if stage == .halfAPair {
                let error = try await spdy.open(["streamtype": "error", "port": "7", "requestid": "1"])
                try await spdy.untilReplied(error)
            } else if stage == .forwarding {
                let (_, data) = try await spdy.openConnection(port: 15, request: 1)
                try await spdy.untilReplied(data)
            }
            return try channel(of: spdy)
        case .tunnelled:
            let (client, _) = try await WebSocketClient.connect(
                server.portForward(forward), protocols: ["SPDY/3.1+portforward.k8s.io"], isTunnel: true)
            let spdy = SPDYClient(client)
            let (_, data) = try await spdy.openConnection(port: 15, request: 1)
            try await spdy.untilReplied(data)
            return client.raw.channel
        }
    }

    private func channel(of client: SPDYClient) throws -> any Channel {
        guard let raw = client.transport as? RawClient else { throw TestFailure("not a raw client") }
        return raw.channel
    }

    @Test func writingToNobodyThrows() async throws {
        try await withServer { server, handler in
            let request = ExecStreamRequest(container: "c", command: ["produce", "1000000000"])
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.untilReceived(1_000_000, on: client.stdout)
            await client.spdy.close()
            #expect(try await eventually { handler.calls.ended == 1 })
        }
    }

    @Test func streamsHaveToComeInTime() async throws {
        try await withServer({ $0.streamCreationTimeout = .seconds(3) }) { server, handler in
            let request = ExecStreamRequest(container: "c", command: ["hang"])
            let (spdy, _) = try await SPDYClient.connect(
                server.exec(request), versions: ["v4.channel.k8s.io"])
            let error = try await spdy.open("error")
            #expect(try await spdy.text(error).contains("did not open its streams"))
            try await spdy.untilClosed()
            #expect(handler.calls.begun == 0)
        }
    }

    @Test func requestsHaveToComeInTime() async throws {
        try await withServer({ $0.streamCreationTimeout = .seconds(3) }) { server, _ in
            let url = try StreamingURL(server.exec(ExecStreamRequest(container: "c", command: ["hang"])))
            let raw = try await RawClient.connect(port: url.port)
            try await raw.send("GET / HT")
            #expect(try await raw.receiveAll().readableBytes == 0)
        }
    }

    @Test func idleSessionsEnd() async throws {
        try await withServer({ $0.idleTimeout = .seconds(3) }) { server, handler in
            let request = ExecStreamRequest(container: "c", command: ["cat"], stdin: true)
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            // What moves is not idle.
            for _ in 0..<8 {
                try await Task.sleep(for: .milliseconds(500))
                try await client.spdy.write(client.stdin, "x")
            }
            try await client.spdy.untilReceived(8, on: client.stdout)
            try await client.spdy.untilClosed()
            #expect(try await eventually { handler.calls.ended == 1 })
        }
    }

    @Test func thereIsAMostOfConnections() async throws {
        try await withServer({ $0.maximumConnections = 3 }) { server, _ in
            let url = try StreamingURL(server.exec(ExecStreamRequest(container: "c", command: ["hang"])))
            var held: [RawClient] = []
            for _ in 0..<3 { held.append(try await RawClient.connect(port: url.port)) }
            #expect(try await eventually { server.connections.count == 3 })
            let refused = try await RawClient.connect(port: url.port)
            #expect(try await refused.receiveAll().readableBytes == 0)
            await held[0].close()
            #expect(try await eventually { server.connections.count == 2 })
        }
    }

    @Test func stoppingCutsEverybodyOff() async throws {
        var client: SPDYCommandClient?
        var calls = EchoHandler.Calls()
        try await withServer { server, handler in
            let request = ExecStreamRequest(container: "c", command: ["hang"])
            client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            #expect(try await eventually { handler.calls.begun == 1 })
            await server.stop()
            calls = handler.calls
            #expect(throws: StreamingError.self) { try server.exec(request) }
        }
        #expect(calls.cancelled == 1)
        try await client?.spdy.untilClosed()
    }
}
