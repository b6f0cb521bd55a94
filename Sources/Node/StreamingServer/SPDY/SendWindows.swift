import Synchronization

/// How much the client lets us send (SPDY/3.1, section 2.6.8).
///
/// The clients that there are, spdystream's, neither announce nor open windows, and would never get more than the
/// first 64 KiB. So windows count from the beginning, but bind only from the moment the client shows that it knows
/// of them.
final class SendWindows: Sendable {
    private struct State {
        var isBinding = false
        var isOver = false
        var initial = SPDY.initialWindow
        var session = SPDY.initialWindow
        var streams: [UInt32: Int] = [:]

        func available(for id: UInt32) -> Int {
            min(session, streams[id] ?? 0)
        }

        /// Nobody waits for a stream that is gone: what is sent for it fails for that reason.
        func blocks(_ id: UInt32) -> Bool {
            isBinding && !isOver && streams[id] != nil && available(for: id) <= 0
        }
    }

    private let state = Mutex(State())
    private let opened = Waiter()

    var isBinding: Bool { state.withLock(\.isBinding) }

    func add(_ id: UInt32) {
        state.withLock { $0.streams[id] = $0.initial }
    }

    func remove(_ id: UInt32) {
        state.withLock { _ = $0.streams.removeValue(forKey: id) }
        opened.signal()
    }

    /// The connection is over: nobody waits any more.
    func end() {
        state.withLock { $0.isOver = true }
        opened.signal()
    }

    /// Takes up to `count` bytes of the windows, and waits until there are some.
    func take(_ count: Int, for id: UInt32) async throws -> Int {
        while true {
            let taken: Int? = state.withLock { state in
                guard !state.blocks(id) else { return nil }
                let taken = state.isBinding ? min(count, max(1, state.available(for: id))) : count
                state.session -= taken
                state.streams[id]? -= taken
                return taken
            }
            if let taken { return taken }
            try Task.checkCancellation()
            await opened.wait { [self] in !state.withLock { $0.blocks(id) } }
        }
    }

    /// The client's setting for streams; those that are open change by the difference.
    func setInitial(_ size: UInt32) throws(StreamingError) {
        guard size <= Int32.max else {
            throw StreamingError(.protocolViolation, "SPDY: initial window of \(size) bytes")
        }
        state.withLock { state in
            state.isBinding = true
            let difference = Int(size) - state.initial
            state.initial = Int(size)
            for id in state.streams.keys { state.streams[id]? += difference }
        }
        opened.signal()
    }

    /// Opens a stream's window, or with 0 the session's.
    func open(_ id: UInt32, by delta: UInt32) {
        state.withLock { state in
            state.isBinding = true
            if id == 0 {
                state.session += Int(delta)
            } else {
                state.streams[id]? += Int(delta)
            }
        }
        opened.signal()
    }
}
