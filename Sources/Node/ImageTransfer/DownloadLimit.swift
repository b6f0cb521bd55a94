import Synchronization

/// How many downloads go on at once. Who comes when there are enough waits for his turn, in the order of coming.
public final class DownloadLimit: Sendable {
    private struct State: Sendable {
        var free: Int
        var next: UInt64 = 0
        /// In the order of coming.
        var waiting: [(number: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        /// Those that were cancelled before they could wait.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    public init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Waits for a place, which `leave` gives back.
    /// - Throws: `CancellationError`.
    func enter() async throws {
        let number: UInt64? = state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let number else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
                    // A place may have become free since we looked.
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> CheckedContinuation<Void, any Error>? in
                guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.insert(number)
                    return nil
                }
                return state.waiting.remove(at: index).continuation
            }
            waiting?.resume(throwing: CancellationError())
        }
        // A cancellation that came when the place was ours already.
        _ = state.withLock { $0.cancelled.remove(number) }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }
}
