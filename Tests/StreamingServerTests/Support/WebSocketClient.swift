import NIOCore
import NIOSSL
import StreamingServer
import Synchronization

/// A WebSocket client that shares nothing with the server.
final class WebSocketClient: ByteTransport {
    private struct State {
        /// Payloads of messages by their first byte.
        var channels: [UInt8: ByteBuffer] = [:]
        var messages: [UInt8: Int] = [:]
        var pongs: [ByteBuffer] = []
        var closeCode: UInt16?
        var closes = 0
        var isClosed = false
    }

    let raw: RawClient
    private let isTunnel: Bool
    private let state = Mutex(State())
    private let changed = Waiter()
    private let (tunnelled, tunnel) = AsyncStream.makeStream(of: ByteBuffer.self)

    private init(_ raw: RawClient, isTunnel: Bool) {
        self.raw = raw
        self.isTunnel = isTunnel
        Task { await read() }
    }

    /// Upgrades and returns the client with the protocol that was chosen.
    static func connect(_ url: String, protocols: [String], isTunnel: Bool = false, tls: NIOSSLContext? = nil)
        async throws -> (WebSocketClient, String?)
    {
        let url = try StreamingURL(url)
        let raw = try await RawClient.connect(port: url.port, tls: tls)
        var head =
            "GET \(url.path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        if !protocols.isEmpty { head += "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n" }
        try await raw.send(head + "\r\n")
        let response = try await raw.receiveHead()
        // The answer to this key is RFC 6455's own example.
        guard response.hasPrefix("HTTP/1.1 101 "), response.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") else {
            throw TestFailure(response)
        }
        let chosen = response.split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("sec-websocket-protocol: ") }
            .map { String($0.drop { $0 != " " }.dropFirst()) }
        return (WebSocketClient(raw, isTunnel: isTunnel), chosen)
    }

    func message(_ channel: UInt8, _ bytes: ByteBuffer) async throws {
        var payload = ByteBuffer(integer: channel)
        payload.writeImmutableBuffer(bytes)
        try await frame(0x82, payload)
    }

    func message(_ channel: UInt8, _ text: String) async throws {
        try await message(channel, ByteBuffer(string: text))
    }

    /// One frame, masked; `first` is its first byte.
    func frame(_ first: UInt8, _ payload: ByteBuffer) async throws {
        let mask: [UInt8] = [0x12, 0xfe, 0x00, 0x77]
        var frame = ByteBuffer(integer: first)
        switch payload.readableBytes {
        case ..<126: frame.writeInteger(UInt8(0x80 | payload.readableBytes))
        case ...0xffff:
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(payload.readableBytes))
        default:
            frame.writeInteger(UInt8(0x80 | 127))
            frame.writeInteger(UInt64(payload.readableBytes))
        }
        frame.writeBytes(mask)
        frame.writeBytes(payload.readableBytesView.enumerated().map { $1 ^ mask[$0 & 3] })
        try await raw.send(frame)
    }

    func rawBytes(_ bytes: [UInt8]) async throws {
        try await raw.send(ByteBuffer(bytes: bytes))
    }

    func bytes(_ channel: UInt8) -> ByteBuffer { state.withLock { $0.channels[channel] ?? ByteBuffer() } }
    func text(_ channel: UInt8) -> String { String(buffer: bytes(channel)) }
    func messages(_ channel: UInt8) -> Int { state.withLock { $0.messages[channel] ?? 0 } }
    var closeCode: UInt16? { state.withLock(\.closeCode) }
    var closes: Int { state.withLock(\.closes) }
    var pongs: [ByteBuffer] { state.withLock(\.pongs) }

    func untilReceived(_ count: Int, on channel: UInt8) async throws {
        try await until { ($0.channels[channel]?.readableBytes ?? 0) >= count }
    }

    func untilMessage(on channel: UInt8) async throws {
        try await until { $0.messages[channel] != nil }
    }

    func untilPong() async throws {
        try await until { !$0.pongs.isEmpty }
    }

    /// The server has said goodbye.
    func untilClosed() async throws {
        let isOver = { @Sendable [self] in state.withLock { $0.closeCode != nil || $0.isClosed } }
        while !isOver() { await changed.wait(until: isOver) }
    }

    /// The connection is gone.
    func untilDisconnected() async throws {
        let isOver = { @Sendable [self] in state.withLock(\.isClosed) }
        while !isOver() { await changed.wait(until: isOver) }
    }

    private func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
        let isOver = { @Sendable [self] in state.withLock { condition($0) || $0.isClosed } }
        while !isOver() {
            try Task.checkCancellation()
            await changed.wait(until: isOver)
        }
        guard state.withLock({ condition($0) }) else { throw TestFailure("closed while waiting") }
    }

    func send(_ bytes: ByteBuffer) async throws { try await frame(0x82, bytes) }

    func receive() async throws -> ByteBuffer? {
        for await bytes in tunnelled { return bytes }
        return nil
    }

    func close() async { await raw.close() }

    private func read() async {
        var bytes = ByteBuffer()
        while let more = try? await raw.receive() {
            bytes.writeImmutableBuffer(more)
            while take(&bytes) {}
            bytes.discardReadBytes()
            changed.signal()
        }
        state.withLock { $0.isClosed = true }
        tunnel.finish()
        changed.signal()
    }

    private func take(_ bytes: inout ByteBuffer) -> Bool {
        guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self),
            let second = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self)
        else { return false }
        var length = Int(second & 0x7f)
        var header = 2
        if length == 126 {
            guard let long = bytes.getInteger(at: bytes.readerIndex + 2, as: UInt16.self) else {
                return false
            }
            (length, header) = (Int(long), 4)
        } else if length == 127 {
            guard let long = bytes.getInteger(at: bytes.readerIndex + 2, as: UInt64.self) else {
                return false
            }
            (length, header) = (Int(long), 10)
        }
        guard bytes.readableBytes >= header + length else { return false }
        bytes.moveReaderIndex(forwardBy: header)
        var payload = bytes.readSlice(length: length) ?? ByteBuffer()
        if isTunnel, first & 0xf == 2 {
            tunnel.yield(payload)
            return true
        }
        state.withLock { state in
            switch first & 0xf {
            case 1, 2:
                guard let channel = payload.readInteger(as: UInt8.self) else { return }
                state.messages[channel, default: 0] += 1
                state.channels[channel, default: ByteBuffer()].writeImmutableBuffer(payload)
            case 8:
                state.closeCode = payload.readInteger()
                state.closes += 1
            case 10: state.pongs.append(payload)
            default: break
            }
        }
        return true
    }
}
