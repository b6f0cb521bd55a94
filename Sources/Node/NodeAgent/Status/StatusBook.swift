import KubernetesAPI
import Synchronization

/// The newest status of every pod, for whoever asks, and for whoever wants to be told.
package final class StatusBook: Sendable {
    package enum Change: Sendable, Equatable {
        case told(Pod)
        /// Nothing is left of it; this was said last.
        case gone(Pod)
    }

    private struct State {
        var pods: [String: Pod] = [:]
        var listeners: [Int: @Sendable (Change) -> Void] = [:]
        var number = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// - Returns: whether the status is another one than before.
    @discardableResult
    package func publish(_ pod: Pod) -> Bool {
        let listeners = state.withLock { state -> [@Sendable (Change) -> Void]? in
            let isNew = state.pods[pod.metadata.uid] != pod
            state.pods[pod.metadata.uid] = pod
            return isNew ? Array(state.listeners.values) : nil
        }
        for listener in listeners ?? [] { listener(.told(pod)) }
        return listeners != nil
    }

    package func remove(_ uid: String) {
        let (pod, listeners) = state.withLock { state in
            (state.pods.removeValue(forKey: uid), Array(state.listeners.values))
        }
        guard let pod else { return }
        for listener in listeners { listener(.gone(pod)) }
    }

    package func pod(_ uid: String) -> Pod? { state.withLock { $0.pods[uid] } }

    /// By namespace and name.
    package var pods: [Pod] {
        state.withLock { Array($0.pods.values) }.sorted {
            ($0.metadata.namespace, $0.metadata.name) < ($1.metadata.namespace, $1.metadata.name)
        }
    }

    /// Tells of every status that changes from now on, and of every pod that goes; the listener must not wait.
    package func listen(_ body: @escaping @Sendable (Change) -> Void) -> Int {
        state.withLock { state in
            state.number += 1
            state.listeners[state.number] = body
            return state.number
        }
    }

    package func stopListening(_ number: Int) { state.withLock { $0.listeners[number] = nil } }
}
