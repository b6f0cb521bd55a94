import CRIProtocol
import KubernetesAPI
import Synchronization

/// What the runtime said last of what it and its handlers can. One that says nothing (containerd 1.6) can none of it:
/// what a pod asks for its safety is refused then, and not left out silently.
package final class RuntimeFeatures: Sendable {
    private struct State {
        var handlers: [String: CRIRuntimeHandlerFeatures] = [:]
        var hasStrictGroups = false
    }
    private let state = Mutex(State())

    package init() {}

    package func set(_ status: CRIStatusResponse) {
        let handlers = status.runtimeHandlers.map { ($0.name, $0.features) }
        state.withLock {
            $0.handlers = Dictionary(handlers, uniquingKeysWith: { first, _ in first })
            $0.hasStrictGroups = status.features.supplementalGroupsPolicy
        }
    }

    /// Whether the groups of a pod can be just those that it names (`supplementalGroupsPolicy: Strict`).
    package var hasStrictGroups: Bool { state.withLock(\.hasStrictGroups) }

    /// Whether a pod's mounts can be read-only with all that is mounted below them.
    package func mountsRecursivelyReadOnly(for pod: Pod) -> Bool {
        state.withLock { $0.handlers[pod.handler]?.recursiveReadOnlyMounts ?? false }
    }

    /// A pod that asks for users of its own gets them, or is not started.
    /// - Throws: `NoUserNamespaces`
    package func checkUsers(of pod: Pod) throws(NoUserNamespaces) {
        guard pod.spec.hostUsers == false else { return }
        let handler = pod.handler
        guard let features = state.withLock({ $0.handlers[handler] }) else {
            throw NoUserNamespaces(handler: handler, isKnown: false)
        }
        if !features.userNamespaces { throw NoUserNamespaces(handler: handler, isKnown: true) }
    }

    /// In the kubelet's words.
    package struct NoUserNamespaces: Error, CustomStringConvertible {
        let handler: String
        let isKnown: Bool

        package var description: String {
            let who = handler.isEmpty ? "runtime" : "RuntimeClass handler \"\(handler)\""
            return "can't set `spec.hostUsers: false`, \(who) does not support user namespaces"
                + (isKnown ? "" : ": the handler \"\(handler)\" is not known")
        }
    }
}

extension Pod {
    /// Of the runtime; empty: its default one.
    fileprivate var handler: String { spec.runtimeClassName ?? "" }
}
