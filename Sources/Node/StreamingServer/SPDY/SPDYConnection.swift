import NIOCore
import Synchronization

/// What a session's streams are for.
protocol SPDYSession: Sendable {
    /// Whether a stream with these headers belongs here; it is refused otherwise.
    func accepts(id: UInt32, headers: [String: String]) -> Bool
    /// The stream is open and the client knows. Throws when it may not be, which ends the session.
    func opened(_ stream: SPDYStream) throws
    /// The client opens no more streams.
    func closedByClient()
}

/// The streams of one client, multiplexed by SPDY/3.1 as spdystream speaks it.
final class SPDYConnection: Sendable {
    private struct State {
        var streams: [UInt32: SPDYStream] = [:]
        var lastID: UInt32 = 0
        var isGoingAway = false
        var discards = false
        var end: StreamingError?
    }

    let windows = SendWindows()
    let send: @Sendable (ByteBuffer) async throws -> Void
    private let state = Mutex(State())

    init(send: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.send = send
    }

    var streamCount: Int { state.withLock(\.streams.count) }

    func stream(_ id: UInt32) -> SPDYStream? {
        state.withLock { $0.streams[id] }
    }

    /// Checks the number of a new stream: odd, growing, not too many of them. False where the client may not know
    /// yet that no more are wanted.
    func admit(_ id: UInt32) throws(StreamingError) -> Bool {
        let problem: StreamingError? = state.withLock { state in
            guard id % 2 == 1, id > state.lastID else {
                return StreamingError(.protocolViolation, "SPDY: stream \(id) after stream \(state.lastID)")
            }
            guard state.streams.count < SessionLimits.streams else {
                return StreamingError(.limit, "SPDY: more than \(SessionLimits.streams) streams at a time")
            }
            state.lastID = id
            return nil
        }
        if let problem { throw problem }
        return state.withLock { !$0.isGoingAway && $0.end == nil }
    }

    /// Whether the client had such a stream once: what comes late for it is no offence.
    func knows(_ id: UInt32) -> Bool {
        state.withLock { id > 0 && id <= $0.lastID }
    }

    func add(_ stream: SPDYStream) {
        windows.add(stream.id)
        let (discards, end) = state.withLock { state in
            state.streams[stream.id] = stream
            return (state.discards, state.end)
        }
        if discards { stream.incoming.discard() }
        if let end { stream.fail(end) }
    }

    /// Forgets a stream: what still comes for it is dropped.
    func remove(_ stream: SPDYStream) {
        state.withLock { _ = $0.streams.removeValue(forKey: stream.id) }
        windows.remove(stream.id)
        stream.incoming.discard()
    }

    func reset(_ stream: SPDYStream) async throws {
        remove(stream)
        try await send(SPDY.reset(stream.id, .cancel))
    }

    /// Says that everything has been said.
    func sendGoAway() async throws {
        try await send(goAway(.ok))
    }

    func goAway(_ status: SPDY.GoAwayStatus) -> ByteBuffer {
        SPDY.goAway(
            lastStream: state.withLock { state in
                state.isGoingAway = true
                return state.lastID
            }, status)
    }

    /// Nobody reads the streams any more; the reader goes on until the client hangs up.
    func discardInput() {
        let streams = state.withLock { state in
            state.discards = true
            return state.streams.values
        }
        for stream in streams { stream.incoming.discard() }
    }

    /// The client is gone, or has to go.
    func end(_ error: StreamingError) {
        let streams = state.withLock { state in
            state.end = error
            return state.streams.values
        }
        for stream in streams { stream.fail(error) }
        windows.end()
    }
}
