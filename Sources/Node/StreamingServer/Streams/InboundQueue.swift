import NIOCore
import Synchronization

/// The bytes of one stream on their way from the connection's reader to the engine: bounded, so that a client that
/// sends faster than its process reads waits in its own `write`.
package final class InboundQueue: Sendable {
    private enum End {
        case closed
        case failed(StreamingError)
    }

    private struct State {
        var buffers = CircularBuffer<ByteBuffer>()
        var bytes = 0
        var end: End?
        var discards = false

        var isReadable: Bool { !buffers.isEmpty || end != nil }
        func isFull(at limit: Int) -> Bool { bytes > limit && end == nil && !discards }
    }

    /// Smaller pieces than this are put together: a queue of single bytes would cost far more than its bytes.
    private static let worthItsOwnBuffer = 8 << 10

    private let limit: Int
    private let state = Mutex(State())
    private let arrived = Waiter()
    private let drained = Waiter()

    package init(limit: Int = SessionLimits.inboundBytes(streams: 1)) {
        self.limit = limit
    }

    /// Appends a piece and waits while there is too much. The connection's reader calls it, nobody else.
    package func send(_ piece: ByteBuffer) async {
        guard piece.readableBytes > 0 else { return }
        let isFull = state.withLock { state in
            guard state.end == nil, !state.discards else { return false }
            state.bytes += piece.readableBytes
            if let last = state.buffers.last,
                last.readableBytes + piece.readableBytes <= Self.worthItsOwnBuffer
            {
                state.buffers[state.buffers.index(before: state.buffers.endIndex)].writeImmutableBuffer(piece)
            } else {
                state.buffers.append(piece)
            }
            return state.isFull(at: limit)
        }
        arrived.signal()
        if isFull {
            await drained.wait { [self] in !state.withLock { $0.isFull(at: limit) } }
        }
    }

    /// Ends the stream after what is in it.
    package func close() {
        end(.closed)
    }

    /// Ends the stream with an error after what is in it, unless it has ended.
    package func fail(_ error: StreamingError) {
        end(.failed(error))
    }

    private func end(_ end: End) {
        state.withLock { state in
            if state.end == nil { state.end = end }
        }
        arrived.signal()
        drained.signal()
    }

    /// Drops what is in the stream and what still comes: nobody reads it any more.
    func discard() {
        state.withLock { state in
            state.discards = true
            state.buffers.removeAll()
            state.bytes = 0
        }
        drained.signal()
    }

    /// The next bytes, nil at the end. What arrived is delivered to a cancelled task, too, before it is told.
    package func next() async throws -> ByteBuffer? {
        while true {
            let step: Result<ByteBuffer?, StreamingError>? = state.withLock { state in
                if let buffer = state.buffers.popFirst() {
                    state.bytes -= buffer.readableBytes
                    return .success(buffer)
                }
                switch state.end {
                case .closed: return .success(nil)
                case .failed(let error): return .failure(error)
                case nil: return nil
                }
            }
            if let step {
                drained.signal()
                return try step.get()
            }
            try Task.checkCancellation()
            await arrived.wait { [self] in state.withLock(\.isReadable) }
        }
    }
}
