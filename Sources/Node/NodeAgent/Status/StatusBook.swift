import KubernetesAPI
import Synchronization

/// The newest status of every pod, for whoever asks, and for whoever wants to be told.
package final class StatusBook: Sendable {
    private struct State {
        var pods: [String: Pod] = [:]
        var listeners: [Int: @Sendable (Pod) -> Void] = [:]
        var number = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// - Returns: whether the status is another one than before.
    @discardableResult
    package func publish(_ pod: Pod) -> Bool {
        let listeners = state.withLock { state -> [@Sendable (Pod) -> Void]? in
            let isNew = state.pods[pod.metadata.uid] != pod
            state.pods[pod.metadata.uid] = pod
            return isNew ? Array(state.listeners.values) : nil
        }
        for listener in listeners ?? [] { listener(pod) }
        return listeners != nil
    }

    package func remove(_ uid: String) { state.withLock { $0.pods[uid] = nil } }

    package func pod(_ uid: String) -> Pod? { state.withLock { $0.pods[uid] } }

    /// By namespace and name.
    package var pods: [Pod] {
        state.withLock { Array($0.pods.values) }.sorted {
            ($0.metadata.namespace, $0.metadata.name) < ($1.metadata.namespace, $1.metadata.name)
        }
    }

    /// Tells of every status that changes from now on; the listener must not wait.
    package func listen(_ body: @escaping @Sendable (Pod) -> Void) -> Int {
        state.withLock { state in
            state.number += 1
            state.listeners[state.number] = body
            return state.number
        }
    }

    package func stopListening(_ number: Int) { state.withLock { $0.listeners[number] = nil } }
}
