import Synchronization

/// Wakes one task that waits for work, at once or at a time. Calls while it works are one call.
final class Wakeup: Sendable {
    private struct State {
        var isDue = false
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    /// There is something to do.
    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isDue = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next signal, at `time`, or when the task is cancelled.
    func wait(until time: ContinuousClock.Instant?) async {
        let timer = time.map { time in
            Task {
                do {
                    try await Task.sleep(until: time, clock: .continuous)
                    signal()
                } catch {
                    // Cancelled: woken by something else.
                }
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state -> Bool in
                    if state.isDue || Task.isCancelled {
                        state.isDue = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
        timer?.cancel()
    }
}
