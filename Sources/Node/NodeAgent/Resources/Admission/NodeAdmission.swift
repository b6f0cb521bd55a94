import KubernetesAPI

/// Whether a pod fits on the node beside the others (the kubelet's node resources fit).
struct NodeAdmission: Sendable {
    let allocatable: ResourceList

    /// - Returns: why not; nil: it fits.
    func refusal(of pod: Pod, beside others: [Pod]) -> PodFailure? {
        let most = allocatable[.pods]?.value ?? .max
        if others.count >= most { return Self.failure(.pods, wanted: 1, used: Int64(others.count), most) }
        var used = ResourceList()
        for other in others { used.add(other.requests) }
        for (name, wanted) in pod.requests.sorted(by: { $0.key.order < $1.key.order }) where !wanted.isZero {
            guard name.isCounted else { continue }
            let whole = allocatable[name] ?? .zero
            let taken = used[name] ?? .zero
            guard taken + wanted > whole else { continue }
            return Self.failure(
                name, wanted: name.number(wanted), used: name.number(taken), name.number(whole))
        }
        return nil
    }

    private static func failure(_ name: ResourceName, wanted: Int64, used: Int64, _ capacity: Int64)
        -> PodFailure
    {
        PodFailure(
            reason: "OutOf\(name.rawValue)",
            message: "Pod was rejected: Node didn't have enough resource: \(name.rawValue), "
                + "requested: \(wanted), used: \(used), capacity: \(capacity)")
    }
}

extension ResourceName {
    fileprivate var isCounted: Bool {
        self == .cpu || self == .memory || self == .ephemeralStorage || isHugePages
    }

    /// In which messages name what is missing.
    fileprivate var order: String { self == .cpu ? "0" : self == .memory ? "1" : rawValue }

    /// Thousandths of processors, else units.
    fileprivate func number(_ quantity: Quantity) -> Int64 {
        self == .cpu ? quantity.milliValue : quantity.value
    }
}
