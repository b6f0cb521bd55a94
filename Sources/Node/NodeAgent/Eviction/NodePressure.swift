import KubernetesAPI
import Synchronization

/// What this node is short of: written by eviction, read by whoever decides about new pods or tells of the node.
package final class NodePressure: Sendable {
    private let state = Mutex<Set<NodeConditionType>?>(nil)

    package init() {}

    /// Of `MemoryPressure`, `DiskPressure` and `PIDPressure` those that are true.
    package var conditions: Set<NodeConditionType> { known ?? [] }

    /// The same; nil before the first look.
    package var known: Set<NodeConditionType>? { state.withLock { $0 } }

    /// - Returns: what has begun and what has ended.
    package func set(
        _ conditions: Set<NodeConditionType>
    ) -> (begun: Set<NodeConditionType>, ended: Set<NodeConditionType>) {
        state.withLock { state in
            let now = state ?? []
            state = conditions
            return (conditions.subtracting(now), now.subtracting(conditions))
        }
    }

    // MARK: New pods

    private static let memoryTaint = "node.kubernetes.io/memory-pressure"

    /// Why a pod may not begin now (Node-pressure eviction, "Node conditions"). A lack of memory keeps out pods that ask
    /// for none, unless they tolerate it; any other lack keeps out all but critical ones.
    package func refusal(of pod: Pod, qosClass: PodQOSClass) -> PodFailure? {
        let conditions = conditions
        if conditions.isEmpty || pod.isCritical { return nil }
        if conditions == [.memoryPressure] {
            if qosClass != .bestEffort { return nil }
            if pod.spec.tolerations.contains(where: { $0.toleratesStart(with: Self.memoryTaint) }) {
                return nil
            }
        }
        let names = conditions.map(\.rawValue).sorted().joined(separator: " ")
        return PodFailure(reason: PodFailure.evicted, message: "The node had condition: [\(names)]. ")
    }
}

extension Pod {
    /// The priority; that of Kubernetes' two own classes also where only their name is given, since no API server has
    /// looked it up for a manifest.
    package var effectivePriority: Int32 {
        if let priority = spec.priority { return priority }
        switch spec.priorityClassName {
        case "system-node-critical": return 2_000_001_000
        case "system-cluster-critical": return 2_000_000_000
        default: return 0
        }
    }

    /// Of `system-cluster-critical` and above: the node needs it more than what it would free.
    package var isCritical: Bool { effectivePriority >= 2_000_000_000 }
}

extension PodFailure {
    package static let evicted = "Evicted"
}

extension Toleration {
    /// Of a taint without a value that keeps pods from starting.
    fileprivate func toleratesStart(with taint: String) -> Bool {
        let isEffect = effect.rawValue.isEmpty || effect == .noSchedule
        if key.isEmpty { return isEffect && self.operator == .exists }
        return isEffect && key == taint && (self.operator == .exists || value.isEmpty)
    }
}
