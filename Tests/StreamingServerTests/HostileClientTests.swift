import CZlib
import NIOCore
import StreamingServer
import Testing

/// What nobody sends who means well: it ends the session it comes in, and no other.
@Suite(.timeLimit(.minutes(2))) struct HostileClientTests {
    private let request = ExecStreamRequest(container: "c", command: ["hang"], stdin: true)

    /// A port-forward over SPDY that does something forbidden is cut off; one beside it goes on.
    private func expectsEnd(
        _ offence: @Sendable (SPDYClient) async throws -> Void
    ) async throws {
        try await withServer { server, handler in
            let forward = PortForwardStreamRequest(sandbox: "s")
            let (innocent, _) = try await SPDYClient.connect(
                server.portForward(forward), versions: ["portforward.k8s.io"])
            let (_, data) = try await innocent.openConnection(port: 7, request: 0)
            let (hostile, _) = try await SPDYClient.connect(
                server.portForward(forward), versions: ["portforward.k8s.io"])
            // The server may hang up in the middle of it.
            try? await offence(hostile)
            try await hostile.untilClosed()
            try await innocent.write(data, "still here", last: true)
            #expect(try await innocent.text(data) == "still here")
            #expect(try await eventually { server.connections.sessions <= 1 })
            await innocent.close()
        }
    }

    private let headers = ["streamtype": "data", "port": "7", "requestid": "0"]

    @Test func giantControlFrames() async throws {
        try await expectsEnd { client in
            try await client.transport.send(ByteBuffer(bytes: [0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]))
        }
    }

    @Test func compressedGarbage() async throws {
        try await expectsEnd { client in
            try await client.synStream(1, block: Array(repeating: 0x5a, count: 300))
        }
    }

    @Test func headerBombs() async throws {
        try await expectsEnd { client in
            var plain = ByteBuffer(integer: UInt32(1))
            plain.writeInteger(UInt32(1))
            plain.writeString("a")
            plain.writeInteger(UInt32(20_000_000))
            plain.writeRepeatingByte(0x61, count: 900_000)
            try await client.synStream(1, block: client.deflated(plain))
        }
    }

    @Test(arguments: [UInt32(1), 0xffff_ffff, 0x7fff_ffff]) func headersThatAreNotThere(count: UInt32)
        async throws
    {
        try await expectsEnd { client in
            try await client.synStream(1, block: client.deflated(ByteBuffer(integer: count)))
        }
    }

    @Test func headersTwice() async throws {
        try await expectsEnd { client in
            var plain = ByteBuffer(integer: UInt32(2))
            for _ in 0..<2 {
                plain.writeInteger(UInt32(4))
                plain.writeString("port")
                plain.writeInteger(UInt32(1))
                plain.writeString("7")
            }
            try await client.synStream(1, block: client.deflated(plain))
        }
    }

    @Test func endlessStreams() async throws {
        try await expectsEnd { client in
            for request in 0...SessionLimits.streams {
                _ = try await client.open(["streamtype": "error", "port": "7", "requestid": "\(request)"])
            }
        }
    }

    /// One after the other there may be more.
    @Test func manyStreamsInSuccession() async throws {
        try await withServer { server, handler in
            let (client, _) = try await SPDYClient.connect(
                server.portForward(PortForwardStreamRequest(sandbox: "s")), versions: ["portforward.k8s.io"])
            let rounds = SessionLimits.streams / 2 + 500
            for request in 0..<rounds {
                let (error, data) = try await client.openConnection(port: 13, request: request)
                #expect(try await client.text(data) == "hello from s\n")
                #expect(try await client.text(error) == "")
            }
            #expect(handler.calls.ended == rounds)
            await client.close()
        }
    }

    @Test(arguments: [[2], [0], [3, 1], [5, 5]] as [[UInt32]]) func wrongStreamNumbers(ids: [UInt32])
        async throws
    {
        try await expectsEnd { [headers] client in
            for id in ids { try await client.synStream(id, headers.merging(["requestid": "\(id)"]) { $1 }) }
        }
    }

    @Test func duplicateStreams() async throws {
        try await expectsEnd { [headers] client in
            _ = try await client.open(headers)
            _ = try await client.open(headers)
        }
    }

    @Test func dataForNoStream() async throws {
        try await expectsEnd { try await $0.write(99, "x") }
    }

    @Test func otherVersions() async throws {
        try await expectsEnd { client in
            try await client.transport.send(ByteBuffer(bytes: [0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]))
        }
    }

    @Test(arguments: [1, 2, 3, 4, 6, 8, 9] as [UInt16]) func framesWithoutContent(type: UInt16) async throws {
        try await expectsEnd { try await $0.control(type, []) }
    }

    @Test func unknownFramesArePassedOver() async throws {
        try await withServer { server, _ in
            let (client, _) = try await SPDYClient.connect(
                server.portForward(PortForwardStreamRequest(sandbox: "s")), versions: ["portforward.k8s.io"])
            try await client.control(4711, [1, 2, 3])
            try await client.control(7, [0, 0])
            try await client.control(6, [9])
            try await client.untilPinged(9)
            await client.close()
        }
    }

    @Test func duplicateCommandStreams() async throws {
        try await withServer { server, handler in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            #expect(try await eventually { handler.calls.begun == 1 })
            _ = try await client.spdy.open("stdout")
            try await client.spdy.untilClosed()
            #expect(try await eventually { handler.calls.cancelled == 1 })
        }
    }

    @Test(arguments: ["resize", "stdon", ""]) func streamsNobodyWants(type: String) async throws {
        try await withServer { server, handler in
            let (spdy, _) = try await SPDYClient.connect(
                server.exec(request), versions: ["v4.channel.k8s.io"])
            let refused = try await spdy.open(type)
            try await spdy.untilReset(refused)
            // It does not count as one of those that the command waits for.
            for type in ["error", "stdin", "stdout"] { _ = try await spdy.open(type) }
            try await Task.sleep(for: .milliseconds(100))
            #expect(handler.calls.begun == 0)
            _ = try await spdy.open("stderr")
            #expect(try await eventually { handler.calls.begun == 1 })
            await spdy.close()
        }
    }

    @Test func sizesThatAreNone() async throws {
        let request = ExecStreamRequest(container: "c", command: ["cat"], terminal: true, stdin: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.write(client.resize, ByteBuffer(repeating: 0x7b, count: 2_000_000))
            try await client.spdy.write(client.stdin, "on it goes", last: true)
            #expect(try await client.spdy.text(client.stdout) == "on it goes")
        }
    }

    static let frames: [[UInt8]] = [
        [0x82, 0x02, 0, 0x61],  // no mask
        [0xc2, 0x80, 0, 0, 0, 0],  // a reserved bit
        [0x83, 0x80, 0, 0, 0, 0],  // a reserved opcode
        [0x80, 0x80, 0, 0, 0, 0],  // the continuation of nothing
        [0x02, 0x80, 0, 0, 0, 0, 0x82, 0x80, 0, 0, 0, 0],  // a message inside a message
        [0x89, 0xfe, 0, 200, 0, 0, 0, 0],  // a long ping
        [0x09, 0x80, 0, 0, 0, 0],  // a ping in parts
    ]

    @Test(arguments: frames) func webSocketFrames(bytes: [UInt8]) async throws {
        try await withServer { server, handler in
            let (client, _) = try await WebSocketClient.connect(
                server.exec(request), protocols: ["v4.channel.k8s.io"])
            try await client.rawBytes(bytes)
            try await client.untilClosed()
            #expect(client.closeCode == 1002)
            #expect(try await eventually { handler.calls.begun == handler.calls.ended })
        }
    }

    @Test(arguments: ["a", "a=bc", "====", "aGVsbG8", "%%%%", "aG=="]) func badBase64(text: String)
        async throws
    {
        try await withServer { server, _ in
            let (client, _) = try await WebSocketClient.connect(
                server.exec(request), protocols: ["v4.base64.channel.k8s.io"])
            try await client.message(UInt8(ascii: "0"), text == "aG==" ? "aG==aG==" : text)
            try await client.untilClosed()
            #expect(client.closeCode == 1002)
        }
    }

    @Test func channelsThatAreNone() async throws {
        let request = ExecStreamRequest(container: "c", command: ["cat"], stdin: true)
        try await withServer { server, _ in
            let (client, _) = try await WebSocketClient.connect(
                server.exec(request), protocols: ["v5.channel.k8s.io"])
            for channel in [1, 2, 3, 9, 254] as [UInt8] { try await client.message(channel, "?") }
            try await client.message(255, ByteBuffer(bytes: [200]))
            try await client.frame(0x82, ByteBuffer())
            try await client.message(0, "!")
            try await client.message(255, ByteBuffer(bytes: [0]))
            try await client.untilClosed()
            #expect(client.text(1) == "!")
        }
    }

    @Test func headersWithoutEnd() async throws {
        try await withServer { server, _ in
            let port = try StreamingURL(server.exec(request)).port
            let client = try await RawClient.connect(port: port)
            let line = "X-Filler: " + String(repeating: "x", count: 1000) + "\r\n"
            _ = try? await client.send("GET /exec/x HTTP/1.1\r\n")
            // Fails when the server has hung up, which it has to.
            for _ in 0..<5000 { try? await client.send(line) }
            _ = try await client.receiveAll()
            #expect(try await eventually { server.connections.count == 0 })
        }
    }

    /// Bytes that mean nothing, in every protocol; the server is there afterwards.
    @Test func noise() async throws {
        try await withServer { server, handler in
            var generator = Noise(state: 20_260_101)
            for round in 0..<300 {
                let bytes = ByteBuffer(
                    bytes: (0..<Int.random(in: 1...3000, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    })
                switch round % 4 {
                case 0:
                    let (client, _) = try await SPDYClient.connect(
                        server.exec(request), versions: ["v4.channel.k8s.io"])
                    try? await client.transport.send(bytes)
                    await client.close()
                case 1:
                    let (client, _) = try await WebSocketClient.connect(
                        server.exec(request), protocols: ["v5.channel.k8s.io"])
                    try? await client.rawBytes(Array(bytes.readableBytesView))
                    await client.close()
                case 2:
                    let (client, _) = try await WebSocketClient.connect(
                        server.portForward(PortForwardStreamRequest(sandbox: "s")),
                        protocols: ["SPDY/3.1+portforward.k8s.io"])
                    try? await client.frame(0x82, bytes)
                    await client.close()
                default:
                    let client = try await RawClient.connect(
                        port: try StreamingURL(server.exec(request)).port)
                    try? await client.send(bytes)
                    await client.close()
                }
            }
            #expect(
                try await eventually { server.connections.count == 0 && server.connections.sessions == 0 })
            #expect(handler.calls.begun == handler.calls.ended)
        }
    }
}

/// The same random numbers every time.
private struct Noise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
