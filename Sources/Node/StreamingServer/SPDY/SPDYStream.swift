import NIOCore
import Synchronization

/// One stream of a session, made by the client.
final class SPDYStream: OutputSink {
    private struct State {
        var sentLast = false
        var isReset = false
        var received = ReceivedBytes()
    }

    let id: UInt32
    /// Names in lower case.
    let headers: [String: String]
    /// What the client sends on it.
    let incoming: InboundQueue
    private let connection: SPDYConnection
    private let state = Mutex(State())

    init(id: UInt32, headers: [String: String], inboundBytes: Int, connection: SPDYConnection) {
        incoming = InboundQueue(limit: inboundBytes)
        self.id = id
        self.headers = headers
        self.connection = connection
    }

    func write(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            let count = try await connection.windows.take(
                min(bytes.readableBytes, SessionLimits.frame), for: id)
            guard let piece = bytes.readSlice(length: count) else { return }
            guard !state.withLock({ $0.sentLast || $0.isReset }) else { throw StreamingError.streamClosed }
            try await connection.send(SPDY.data(id, piece, last: false))
        }
    }

    func finish() async throws {
        let isFirst = state.withLock { state in
            defer { state.sentLast = true }
            return !state.sentLast && !state.isReset
        }
        guard isFirst else { return }
        try await connection.send(SPDY.data(id, ByteBuffer(), last: true))
    }

    /// Counts what was taken from the client; by how much to open its window, when it is time.
    func count(received count: Int, announcing: Bool) -> Int? {
        state.withLock { $0.received.add(count, announcing: announcing) }
    }

    /// The client has thrown this stream away, or left.
    func fail(_ error: StreamingError) {
        state.withLock { $0.isReset = true }
        incoming.fail(error)
    }
}
