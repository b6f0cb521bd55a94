import KubernetesAPI

/// Which pods make room for a critical one on a node that is full (Guaranteed scheduling for critical add-on pods): those
/// that cost least, by class of service and then by priority, and no more of them than it takes.
package enum Preemption {
    /// - Parameter fits: whether the pod can run beside these.
    /// - Returns: nil when it cannot run beside the critical ones either.
    package static func victims(
        for pod: Pod, among others: [Pod], qosClass: (Pod) -> PodQOSClass, fits: ([Pod]) -> Bool
    ) -> [Pod]? {
        let candidates = others.filter { !$0.isCritical && $0.effectivePriority < pod.effectivePriority }
            .sorted {
                (qosClass($0).rank, $0.effectivePriority, $0.fullName)
                    < (qosClass($1).rank, $1.effectivePriority, $1.fullName)
            }
        func without(_ victims: [Pod]) -> [Pod] {
            let gone = Set(victims.map(\.metadata.uid))
            return others.filter { !gone.contains($0.metadata.uid) }
        }
        var victims: [Pod] = []
        for candidate in candidates where !fits(without(victims)) { victims.append(candidate) }
        guard fits(without(victims)) else { return nil }
        // One that came early may not be needed any more, now that a larger one goes.
        for victim in victims {
            let fewer = victims.filter { $0.metadata.uid != victim.metadata.uid }
            if fits(without(fewer)) { victims = fewer }
        }
        return victims
    }

    static let failure = PodFailure(
        reason: "Preempting", message: "Preempted in order to admit critical pod", isDisruption: true)
}

extension PodQOSClass {
    /// Whose pods go first.
    fileprivate var rank: Int {
        switch self {
        case .bestEffort: 0
        case .burstable: 1
        default: 2
        }
    }
}
