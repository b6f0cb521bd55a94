import NIOCore
import StreamingServer
import Testing

@Suite(.timeLimit(.minutes(2))) struct PortForwardTests {
    enum Carrier: CaseIterable {
        case spdy, tunnel
    }

    private static func connect(_ server: StreamingServer, _ carrier: Carrier) async throws -> SPDYClient {
        let url = try server.portForward(PortForwardStreamRequest(sandbox: "s"))
        switch carrier {
        case .spdy:
            let (client, chosen) = try await SPDYClient.connect(url, versions: ["portforward.k8s.io"])
            #expect(chosen == "portforward.k8s.io")
            return client
        case .tunnel:
            let name = "SPDY/3.1+portforward.k8s.io"
            let (client, chosen) = try await WebSocketClient.connect(url, protocols: [name], isTunnel: true)
            #expect(chosen == name)
            return SPDYClient(client)
        }
    }

    @Test(arguments: Carrier.allCases) func aHundredConnectionsInOneSession(carrier: Carrier) async throws {
        try await withServer { server, handler in
            let client = try await Self.connect(server, carrier)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for request in 0..<100 {
                    // Streams' numbers grow on the wire, so they are opened one after the other.
                    let (error, data) = try await client.openConnection(port: 7, request: request)
                    group.addTask {
                        let text = String(repeating: "connection \(request) ", count: 1000)
                        try await client.write(data, text)
                        try await client.untilReceived(text.utf8.count, on: data)
                        try await client.write(data, "end", last: true)
                        #expect(try await client.text(data) == text + "end")
                        #expect(try await client.text(error) == "")
                    }
                }
                try await group.waitForAll()
            }
            #expect(handler.calls.begun == 100 && handler.calls.ended == 100)
            await client.close()
        }
    }

    @Test(arguments: Carrier.allCases) func answersAfterTheClientsHalfClose(carrier: Carrier) async throws {
        try await withServer { server, _ in
            let client = try await Self.connect(server, carrier)
            let (_, data) = try await client.openConnection(port: 9, request: 0)
            let sent = try await Checksum.produce(1_000_000) { try await client.write(data, $0) }
            try await client.write(data, ByteBuffer(), last: true)
            #expect(try await client.text(data) == "\(sent)")
        }
    }

    @Test func saysWhyThereIsNoConnection() async throws {
        try await withServer { server, _ in
            let client = try await Self.connect(server, .spdy)
            let (error, data) = try await client.openConnection(port: 1, request: 0)
            #expect(try await client.text(data) == "")
            #expect(
                try await client.text(error)
                    == "error forwarding port 1 to pod s: connection to port 1 refused")
            // The others go on.
            let (_, other) = try await client.openConnection(port: 13, request: 1)
            #expect(try await client.text(other) == "hello from s\n")
        }
    }

    @Test func pairsStreamsWithoutRequestIDs() async throws {
        try await withServer { server, _ in
            let client = try await Self.connect(server, .spdy)
            _ = try await client.open(["streamtype": "error", "port": "13"])
            let data = try await client.open(["streamtype": "data", "port": "13"])
            #expect(try await client.text(data) == "hello from s\n")
        }
    }

    @Test func throwsHalfAPairBack() async throws {
        try await withServer({ $0.streamCreationTimeout = .seconds(3) }) { server, _ in
            let client = try await Self.connect(server, .spdy)
            let error = try await client.open(["streamtype": "error", "port": "7", "requestid": "0"])
            try await client.untilReset(error)
            let (_, data) = try await client.openConnection(port: 13, request: 1)
            #expect(try await client.text(data) == "hello from s\n")
        }
    }

    @Test func endsAConnectionThatTheClientResets() async throws {
        try await withServer { server, handler in
            let client = try await Self.connect(server, .spdy)
            let (error, data) = try await client.openConnection(port: 7, request: 0)
            try await client.write(data, "x")
            try await client.untilReceived(1, on: data)
            try await client.control(3, [data, 5])
            // kubectl resets the data and then waits for the error stream's end.
            #expect(try await client.text(error) == "")
            #expect(handler.calls.ended == 1)
        }
    }

    @Test(arguments: [
        ["streamtype": "data"], ["streamtype": "data", "port": "0"], ["streamtype": "data", "port": "65536"],
        ["streamtype": "stdin", "port": "7"], ["port": "7"],
    ])
    func refusesStreamsOfNoUse(headers: [String: String]) async throws {
        try await withServer { server, _ in
            let client = try await Self.connect(server, .spdy)
            let refused = try await client.open(headers)
            try await client.untilReset(refused)
            #expect(!client.received(refused).isReplied)
        }
    }

    @Test func hasTwoChannelsPerPort() async throws {
        try await withServer { server, _ in
            let url = try server.portForward(PortForwardStreamRequest(sandbox: "s", ports: [7, 1]))
            let (client, chosen) = try await WebSocketClient.connect(url, protocols: ["v4.channel.k8s.io"])
            #expect(chosen == "v4.channel.k8s.io")
            for (channel, port) in [(0, 7), (1, 7), (2, 1), (3, 1)] as [(UInt8, UInt8)] {
                try await client.untilReceived(2, on: channel)
                #expect(Array(client.bytes(channel).readableBytesView.prefix(2)) == [port, 0])
            }
            try await client.message(0, "echo")
            try await client.untilReceived(6, on: 0)
            #expect(client.text(0).hasSuffix("echo"))
            try await client.untilReceived(10, on: 3)
            #expect(client.text(3).hasSuffix("connection to port 1 refused"))
            await client.close()
        }
    }
}
