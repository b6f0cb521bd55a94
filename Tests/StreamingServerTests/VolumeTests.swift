import Glibc
import NIOCore
import StreamingServer
import Testing

/// Much data, and clients that do not take it.
@Suite(.timeLimit(.minutes(3))) struct VolumeTests {
    private let much = 50_000_000

    @Test func fiftyMegabytesUpBySPDY() async throws {
        let request = ExecStreamRequest(container: "c", command: ["count"], stdin: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            let sent = try await Checksum.produce(much) { try await client.spdy.write(client.stdin, $0) }
            try await client.spdy.write(client.stdin, ByteBuffer(), last: true)
            #expect(try await client.spdy.text(client.stdout) == "\(sent)\n")
        }
    }

    @Test func fiftyMegabytesDownBySPDY() async throws {
        let request = ExecStreamRequest(container: "c", command: ["produce", "\(much)"])
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            var received = Checksum()
            received.add(try await client.spdy.all(client.stdout))
            #expect(received == (try await Checksum.produce(much) { _ in }))
        }
    }

    @Test func fiftyMegabytesUpByWebSocket() async throws {
        try await withServer { server, _ in
            let url = try server.exec(ExecStreamRequest(container: "c", command: ["count"], stdin: true))
            let (client, _) = try await WebSocketClient.connect(url, protocols: ["v5.channel.k8s.io"])
            let sent = try await Checksum.produce(much) { try await client.message(0, $0) }
            try await client.message(255, ByteBuffer(bytes: [0]))
            try await client.untilClosed()
            #expect(client.text(1) == "\(sent)\n")
        }
    }

    @Test func fiftyMegabytesDownByWebSocket() async throws {
        try await withServer { server, _ in
            let url = try server.exec(ExecStreamRequest(container: "c", command: ["produce", "\(much)"]))
            let (client, _) = try await WebSocketClient.connect(url, protocols: ["v4.channel.k8s.io"])
            try await client.untilClosed()
            var received = Checksum()
            received.add(client.bytes(1))
            #expect(received == (try await Checksum.produce(much) { _ in }))
        }
    }

    /// A single message of 20 MB is no reason to keep 20 MB.
    @Test func oneLargeMessage() async throws {
        try await withServer { server, _ in
            let url = try server.exec(ExecStreamRequest(container: "c", command: ["count"], stdin: true))
            let (client, _) = try await WebSocketClient.connect(url, protocols: ["v5.channel.k8s.io"])
            try await client.message(0, ByteBuffer(repeating: 0x61, count: 20_000_000))
            try await client.message(255, ByteBuffer(bytes: [0]))
            try await client.untilClosed()
            #expect(client.text(1).hasPrefix("20000000 "))
        }
    }

    /// A client that does not read stops its own command, and nobody else's.
    @Test func slowClientsHoldOnlyThemselvesUp() async throws {
        let slow = ExecStreamRequest(container: "c", command: ["produce", "\(much)"])
        try await withServer { server, handler in
            let client = try await SPDYCommandClient.connect(server.exec(slow), for: slow)
            guard let raw = client.spdy.transport as? RawClient else { throw TestFailure("not a raw client") }
            try await raw.channel.setOption(ChannelOptions.autoRead, value: false).get()
            #expect(try await eventually { handler.calls.begun == 1 })
            let quick = ExecStreamRequest(container: "c", command: ["cat"], stdin: true)
            for _ in 0..<20 {
                let other = try await SPDYCommandClient.connect(server.exec(quick), for: quick)
                try await other.spdy.write(other.stdin, "quick", last: true)
                #expect(try await other.spdy.text(other.stdout) == "quick")
                await other.spdy.close()
            }
            // Sockets hold a few megabytes, this process nothing: the command cannot have ended.
            #expect(handler.calls.begun == 21 && handler.calls.ended == 20)
            try await raw.channel.setOption(ChannelOptions.autoRead, value: true).get()
            #expect(try await client.spdy.all(client.stdout).readableBytes == much)
        }
    }

    /// A process that does not read its stdin makes the client wait.
    @Test func fastClientsWait() async throws {
        let request = ExecStreamRequest(container: "c", command: ["hang"], stdin: true)
        try await withServer { server, handler in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            let sending = Task { [much] in
                try await Checksum.produce(much) { try await client.spdy.write(client.stdin, $0) }
            }
            try await Task.sleep(for: .seconds(1))
            // A FIN would stand in line behind the bytes that nobody takes; a reset is seen at once.
            let raw = try #require(client.spdy.transport as? RawClient)
            let options = try #require(raw.channel as? any SocketOptionProvider)
            try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            await client.spdy.close()
            // Had all of it been taken, the task would have come to its end.
            await #expect(throws: (any Error).self) { try await sending.value }
            #expect(try await eventually { handler.calls.cancelled == 1 })
        }
    }
}

/// Clients that count windows, as SPDY/3.1 says and spdystream does not.
@Suite(.timeLimit(.minutes(1))) struct WindowTests {
    @Test func sendsNoMoreThanTheWindow() async throws {
        let request = ExecStreamRequest(container: "c", command: ["produce", "300000"])
        try await withServer { server, _ in
            let (spdy, _) = try await SPDYClient.connect(
                server.exec(request), versions: ["v4.channel.k8s.io"])
            // SETTINGS: an initial window of 10,000 bytes for each stream.
            try await spdy.control(4, [1, 7, 10_000])
            _ = try await spdy.open("error")
            let stdout = try await spdy.open("stdout")
            _ = try await spdy.open("stderr")
            try await spdy.untilReceived(10_000, on: stdout)
            try await Task.sleep(for: .milliseconds(200))
            #expect(spdy.received(stdout).bytes.readableBytes == 10_000)
            try await spdy.control(9, [stdout, 5000])
            try await spdy.untilReceived(15_000, on: stdout)
            // The session's window is 64 KiB still.
            try await spdy.control(9, [stdout, 1_000_000])
            try await spdy.untilReceived(65_000, on: stdout)
            try await Task.sleep(for: .milliseconds(200))
            #expect(spdy.received(stdout).bytes.readableBytes == 65_536)
            try await spdy.control(9, [0, 1_000_000])
            #expect(try await spdy.all(stdout).readableBytes == 300_000)
        }
    }

    @Test func opensTheClientsWindows() async throws {
        let request = ExecStreamRequest(container: "c", command: ["count"], stdin: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.control(4, [1, 7, 65_536])
            // Never more under way than the window, which ends at once where nobody opens it.
            var sent = 0
            while sent < 1_000_000 {
                try await client.spdy.write(client.stdin, ByteBuffer(repeating: 0, count: 10_000))
                sent += 10_000
                let isOpen = try await eventually { [sent] in
                    min(client.spdy.windowUpdates(client.stdin), client.spdy.windowUpdates(0)) > sent - 55_536
                }
                guard isOpen else { throw TestFailure("no window after \(sent) bytes") }
            }
            try await client.spdy.write(client.stdin, ByteBuffer(), last: true)
            #expect(try await client.spdy.text(client.stdout).hasPrefix("1000000 "))
        }
    }

    @Test func tellsNobodyOfWindowsWhoDoesNotAsk() async throws {
        let request = ExecStreamRequest(container: "c", command: ["count"], stdin: true)
        try await withServer { server, _ in
            let client = try await SPDYCommandClient.connect(server.exec(request), for: request)
            try await client.spdy.write(client.stdin, ByteBuffer(repeating: 0, count: 500_000), last: true)
            _ = try await client.spdy.all(client.error)
            #expect(client.spdy.windowUpdates(client.stdin) == 0 && client.spdy.windowUpdates(0) == 0)
        }
    }
}
