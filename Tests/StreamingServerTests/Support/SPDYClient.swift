import CZlib
import NIOCore
import NIOSSL
import StreamingServer
import Synchronization

/// A client of SPDY/3.1 that shares nothing with the server but the dictionary.
final class SPDYClient: Sendable {
    struct Received {
        var bytes = ByteBuffer()
        var isReplied = false
        var isEnded = false
        var isReset = false
    }

    private struct State {
        var nextID: UInt32 = 1
        var streams: [UInt32: Received] = [:]
        var pings: [UInt32] = []
        var windowUpdates: [UInt32: Int] = [:]
        var goAway: UInt32?
        var isClosed = false
    }

    let transport: any ByteTransport
    private let state = Mutex(State())
    private let changed = Waiter()
    private let deflater = Mutex(Deflater())

    init(_ transport: any ByteTransport) {
        self.transport = transport
        Task { await read() }
    }

    /// Upgrades and returns the client with the protocol that was chosen.
    static func connect(
        _ url: String, versions: [String], method: String = "POST", tls: NIOSSLContext? = nil
    ) async throws -> (SPDYClient, String?) {
        let url = try StreamingURL(url)
        let raw = try await RawClient.connect(port: url.port, tls: tls)
        var head =
            "\(method) \(url.path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        for version in versions { head += "X-Stream-Protocol-Version: \(version)\r\n" }
        try await raw.send(head + "Content-Length: 0\r\n\r\n")
        let response = try await raw.receiveHead()
        guard response.hasPrefix("HTTP/1.1 101 ") else { throw TestFailure(response) }
        let version = response.split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("x-stream-protocol-version: ") }
            .map { String($0.drop { $0 != " " }.dropFirst()) }
        return (SPDYClient(raw), version)
    }

    /// Sends SYN_STREAM.
    func open(_ headers: [String: String], last: Bool = false) async throws -> UInt32 {
        let id = state.withLock { state in
            defer { state.nextID += 2 }
            state.streams[state.nextID] = Received()
            return state.nextID
        }
        try await synStream(id, headers, last: last)
        return id
    }

    func open(_ type: String) async throws -> UInt32 {
        try await open(["streamtype": type])
    }

    /// Both streams of one forwarded connection, as kubectl opens them.
    func openConnection(port: UInt16, request: Int) async throws -> (error: UInt32, data: UInt32) {
        var headers = ["streamtype": "error", "port": "\(port)", "requestid": "\(request)"]
        let error = try await open(headers)
        try await write(error, ByteBuffer(), last: true)
        headers["streamtype"] = "data"
        return (error, try await open(headers))
    }

    func synStream(_ id: UInt32, _ headers: [String: String], last: Bool = false) async throws {
        var plain = ByteBuffer()
        plain.writeInteger(UInt32(headers.count))
        for (name, value) in headers {
            plain.writeInteger(UInt32(name.utf8.count))
            plain.writeString(name)
            plain.writeInteger(UInt32(value.utf8.count))
            plain.writeString(value)
        }
        try await synStream(id, block: deflater.withLock { $0.deflate(plain) }, last: last)
    }

    func synStream(_ id: UInt32, block: [UInt8], last: Bool = false) async throws {
        var frame = ByteBuffer(bytes: [0x80, 3, 0, 1])
        frame.writeInteger(UInt32(last ? 1 : 0) << 24 | UInt32(10 + block.count))
        frame.writeInteger(id)
        frame.writeInteger(UInt32(0))
        frame.writeInteger(UInt16(0))
        frame.writeBytes(block)
        try await transport.send(frame)
    }

    func deflated(_ plain: ByteBuffer) -> [UInt8] {
        deflater.withLock { $0.deflate(plain) }
    }

    func write(_ id: UInt32, _ bytes: ByteBuffer, last: Bool = false) async throws {
        var frame = ByteBuffer()
        frame.writeInteger(id)
        frame.writeInteger(UInt32(last ? 1 : 0) << 24 | UInt32(bytes.readableBytes))
        frame.writeImmutableBuffer(bytes)
        try await transport.send(frame)
    }

    func write(_ id: UInt32, _ text: String, last: Bool = false) async throws {
        try await write(id, ByteBuffer(string: text), last: last)
    }

    func control(_ type: UInt16, _ words: [UInt32]) async throws {
        var frame = ByteBuffer(bytes: [0x80, 3])
        frame.writeInteger(type)
        frame.writeInteger(UInt32(4 * words.count))
        for word in words { frame.writeInteger(word) }
        try await transport.send(frame)
    }

    func received(_ id: UInt32) -> Received { state.withLock { $0.streams[id] ?? Received() } }
    var isClosed: Bool { state.withLock(\.isClosed) }
    var goAway: UInt32? { state.withLock(\.goAway) }
    func windowUpdates(_ id: UInt32) -> Int { state.withLock { $0.windowUpdates[id] ?? 0 } }

    /// Everything that comes on the stream, to its end.
    func all(_ id: UInt32) async throws -> ByteBuffer {
        try await until("stream \(id) ends") { $0.streams[id].map { $0.isEnded || $0.isReset } ?? false }
        return received(id).bytes
    }

    func text(_ id: UInt32) async throws -> String {
        String(buffer: try await all(id))
    }

    func untilReceived(_ count: Int, on id: UInt32) async throws {
        try await until("\(count) bytes on stream \(id)") {
            ($0.streams[id]?.bytes.readableBytes ?? 0) >= count
        }
    }

    func untilReplied(_ id: UInt32) async throws {
        try await until("reply to stream \(id)") { $0.streams[id]?.isReplied ?? false }
    }

    func untilReset(_ id: UInt32) async throws {
        try await until("reset of stream \(id)") { $0.streams[id]?.isReset ?? false }
    }

    func untilPinged(_ id: UInt32) async throws {
        try await until("answer to ping \(id)") { $0.pings.contains(id) }
    }

    /// The server has closed the connection.
    func untilClosed() async throws {
        while !isClosed { await changed.wait { self.isClosed } }
    }

    func close() async { await transport.close() }

    private func until(_ what: String, _ condition: @escaping @Sendable (State) -> Bool) async throws {
        let isOver = { @Sendable [self] in state.withLock { condition($0) || $0.isClosed } }
        while !isOver() {
            try Task.checkCancellation()
            await changed.wait(until: isOver)
        }
        guard state.withLock({ condition($0) }) else { throw TestFailure("closed while waiting for \(what)") }
    }

    private func read() async {
        var bytes = ByteBuffer()
        while let more = try? await transport.receive() {
            bytes.writeImmutableBuffer(more)
            while take(&bytes) {}
            bytes.discardReadBytes()
            changed.signal()
        }
        state.withLock { $0.isClosed = true }
        changed.signal()
    }

    private func take(_ bytes: inout ByteBuffer) -> Bool {
        guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self),
            let second = bytes.getInteger(at: bytes.readerIndex + 4, as: UInt32.self),
            bytes.readableBytes >= 8 + Int(second & 0xff_ffff)
        else { return false }
        bytes.moveReaderIndex(forwardBy: 8)
        var payload = bytes.readSlice(length: Int(second & 0xff_ffff)) ?? ByteBuffer()
        state.withLock { state in
            if first & 0x8000_0000 == 0 {
                state.streams[first]?.bytes.writeImmutableBuffer(payload)
                if second >> 24 & 1 != 0 { state.streams[first]?.isEnded = true }
                return
            }
            let id = payload.readInteger(as: UInt32.self) ?? 0
            switch first & 0xffff {
            case 2: state.streams[id]?.isReplied = true
            case 3: state.streams[id]?.isReset = true
            case 6: state.pings.append(id)
            case 7: state.goAway = payload.readInteger()
            case 9: state.windowUpdates[id, default: 0] += Int(payload.readInteger(as: UInt32.self) ?? 0)
            default: break
            }
        }
        return true
    }
}

/// The client's side of header compression, with zlib's usual window, as Go's has.
private struct Deflater: ~Copyable, @unchecked Sendable {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        deflateInit_(stream, Z_BEST_COMPRESSION, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        deflateSetDictionary(stream, HeaderDictionary.bytes, UInt32(HeaderDictionary.bytes.count))
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func deflate(_ plain: ByteBuffer) -> [UInt8] {
        var input = Array(plain.readableBytesView)
        var output = [UInt8](repeating: 0, count: input.count + 1024)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                CZlib.deflate(stream, Z_SYNC_FLUSH)
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<count])
    }
}
