import KubernetesAPI

/// Whether a pod that runs may have what its source asks for now (KEP-1287, "Kubelet and API server interaction").
package enum ResizeDecision: Equatable, Sendable {
    /// It has it.
    case none
    case granted
    /// Not while the others are there.
    case deferred(String)
    /// Never on this node.
    case infeasible(String)

    package static func make(
        desired: Pod, allocated: AllocatedResources, beside others: [Pod], _ resources: any PodResources
    ) -> ResizeDecision {
        let before = allocated.applied(to: desired)
        if AllocatedResources(desired) == AllocatedResources(before) { return .none }
        if resources.qosClass(of: desired) != resources.qosClass(of: before) {
            return .infeasible("Pod QOS Class may not change as a result of resizing")
        }
        if let reason = resources.resizeObstacle(from: before, to: desired) { return .infeasible(reason) }
        let (wanted, had) = (desired.requests, before.requests)
        for (name, quantity) in wanted.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard let whole = resources.allocatable[name], quantity > whole else { continue }
            let number: (Quantity) -> Int64 = { name == .cpu ? $0.milliValue : $0.value }
            return .infeasible(
                "Node didn't have enough capacity: \(name.rawValue), requested: \(number(quantity)), "
                    + "capacity: \(number(whole))")
        }
        let grows = wanted.contains { $0.value > had[$0.key] ?? .zero }
        if grows, let failure = resources.admit(desired, beside: others) {
            return .deferred(failure.message.dropping("Pod was rejected: "))
        }
        return .granted
    }

    /// As the pod's status shows it.
    var condition: PodCondition? {
        switch self {
        case .none, .granted: nil
        case .deferred(let message):
            PodCondition(type: .podResizePending, status: .true, reason: "Deferred", message: message)
        case .infeasible(let message):
            PodCondition(type: .podResizePending, status: .true, reason: "Infeasible", message: message)
        }
    }
}

extension String {
    fileprivate func dropping(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
