import NIOCore
import Synchronization

/// A port-forward over SPDY: for each connection the client opens two streams, one for its bytes and one for errors.
final class SPDYPortForward: Dialogue, SPDYSession {
    private enum Role: String {
        case error, data
    }

    /// The two streams of one connection, which come one after the other.
    private final class Pair: Sendable {
        let id: String
        let port: UInt16
        private let streams = Mutex<[Role: SPDYStream]>([:])
        private let arrived = Waiter()

        init(id: String, port: UInt16) {
            self.id = id
            self.port = port
        }

        subscript(role: Role) -> SPDYStream? { streams.withLock { $0[role] } }

        var all: [SPDYStream] { streams.withLock { Array($0.values) } }

        private var isComplete: Bool { streams.withLock { $0.count == 2 } }

        /// False when there is such a stream already.
        func add(_ stream: SPDYStream, as role: Role) -> Bool {
            let isFirst = streams.withLock { streams in
                guard streams[role] == nil else { return false }
                streams[role] = stream
                return true
            }
            arrived.signal()
            return isFirst
        }

        func waitUntilComplete() async {
            while !isComplete, !Task.isCancelled {
                await arrived.wait { self.isComplete }
            }
        }
    }

    private let forwarding: Forwarding
    private let timeout: Duration
    private let connection: SPDYConnection
    private let pairs = Mutex<[String: Pair]>([:])
    /// Pairs whose first stream is there. At most as many wait here as there may be streams.
    private let begun: AsyncStream<Pair>
    private let begin: AsyncStream<Pair>.Continuation

    init(
        _ forwarding: Forwarding, timeout: Duration,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.forwarding = forwarding
        self.timeout = timeout
        connection = SPDYConnection(send: send)
        (begun, begin) = AsyncStream.makeStream()
    }

    func makeReader() throws -> any InputReader {
        try reader()
    }

    func reader() throws(StreamingError) -> SPDYReader {
        try SPDYReader(connection, session: self)
    }

    func accepts(id: UInt32, headers: [String: String]) -> Bool {
        Self.role(headers) != nil && Self.port(headers) != nil
    }

    func opened(_ stream: SPDYStream) throws {
        guard let role = Self.role(stream.headers), let port = Self.port(stream.headers) else { return }
        let id = Self.requestID(stream, role)
        let (pair, isNew) = pairs.withLock { pairs in
            if let pair = pairs[id] { return (pair, false) }
            let pair = Pair(id: id, port: port)
            pairs[id] = pair
            return (pair, true)
        }
        guard pair.port == port, pair.add(stream, as: role) else {
            throw StreamingError(
                .protocolViolation, "the client opened a second \(role) stream for request \(id.prefix(64))")
        }
        // Clients close their half of it at once, and have nothing to say on it.
        if role == .error { stream.incoming.discard() }
        if isNew { begin.yield(pair) }
    }

    /// The connections that there are go on.
    func closedByClient() {
        begin.finish()
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await pair in begun {
                group.addTask { [self] in await serve(pair) }
            }
        }
        // Whether the client is still there to hear it does not matter any more.
        try? await connection.sendGoAway()
    }

    private func serve(_ pair: Pair) async {
        let inTime = await finishes(within: timeout) { await pair.waitUntilComplete() }
        pairs.withLock { _ = $0.removeValue(forKey: pair.id) }
        if inTime, let data = pair[.data], let error = pair[.error] {
            await forwarding.run(port: pair.port, input: data.incoming, data: data, error: error)
            for stream in pair.all { connection.remove(stream) }
        } else {
            // The half that came is thrown back; a client that is gone needs no word of it.
            for stream in pair.all { try? await connection.reset(stream) }
        }
    }

    func discardInput() { connection.discardInput() }

    func end(_ error: StreamingError) {
        connection.end(error)
        begin.finish()
    }

    func rejection() -> ByteBuffer { connection.goAway(.protocolError) }

    private static func role(_ headers: [String: String]) -> Role? {
        headers["streamtype"].flatMap(Role.init(rawValue:))
    }

    private static func port(_ headers: [String: String]) -> UInt16? {
        headers["port"].flatMap { UInt16($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// What makes two streams a pair. Clients before Kubernetes 1.3 did not say; theirs come one right after the other,
    /// the error stream first.
    private static func requestID(_ stream: SPDYStream, _ role: Role) -> String {
        if let id = stream.headers["requestid"], !id.isEmpty { return id }
        return switch role {
        case .error: "\(stream.id)"
        case .data: "\(Int(stream.id) - 2)"
        }
    }
}

/// The same inside the binary messages of a WebSocket.
final class TunnelledPortForward: Dialogue {
    private let inner: SPDYPortForward
    private let farewell: WebSocketFarewell
    private let send: @Sendable (ByteBuffer) async throws -> Void

    init(
        _ forwarding: Forwarding, timeout: Duration,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.send = send
        farewell = WebSocketFarewell(send: send)
        inner = SPDYPortForward(forwarding, timeout: timeout) { bytes in
            try await send(WebSocketFrame.message(.binary, bytes))
        }
    }

    func makeReader() throws -> any InputReader {
        TunnelReader(try inner.reader(), farewell: farewell, send: send)
    }

    func run() async {
        await inner.run()
        // Whether the client is still there to hear it does not matter any more.
        try? await farewell.say()
    }

    func discardInput() { inner.discardInput() }
    func end(_ error: StreamingError) { inner.end(error) }
    func rejection() -> ByteBuffer { WebSocketFrame.close(.protocolError) }
}
