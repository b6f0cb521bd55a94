import Synchronization

/// Tasks that sleep until something they wait for has become true, or until they are cancelled.
///
/// Whoever changes what a condition looks at calls `signal` afterwards, without a lock that the condition takes.
package final class Waiter: Sendable {
    private struct State {
        var next: UInt64 = 0
        var sleeping: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Returns when the condition was true at a signal, or when the task is cancelled; callers look again.
    package func wait(until condition: @Sendable () -> Bool) async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Under the lock that a signal takes, so none between looking and sleeping is missed.
                let sleeps = state.withLock { state in
                    guard !Task.isCancelled, !condition() else { return false }
                    state.sleeping[number] = continuation
                    return true
                }
                if !sleeps { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleeping.removeValue(forKey: number) }?.resume()
        }
    }

    package func signal() {
        let woken = state.withLock { state in
            defer { state.sleeping = [:] }
            return state.sleeping
        }
        for continuation in woken.values { continuation.resume() }
    }
}
