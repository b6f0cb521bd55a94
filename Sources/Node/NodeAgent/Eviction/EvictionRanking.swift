import KubernetesAPI

/// Which pod goes first (Node-pressure eviction, "Pod selection for kubelet eviction"): those that use more than they
/// asked for, of these the least important ones, of these the one that is furthest beyond what it asked for.
package enum EvictionRanking {
    /// - Returns: the first one first. Critical pods are not in it.
    package static func order(
        _ pods: [Pod], _ usage: [String: PodUsage], for signal: EvictionSignal, disks: NodeReading.Disks
    ) -> [Pod] {
        let ranked = pods.filter { !$0.isCritical }.map { pod in
            Rank(pod, usage[pod.metadata.uid] ?? PodUsage(), signal, disks)
        }
        return ranked.sorted { $0.comes(before: $1) }.map(\.pod)
    }

    private struct Rank {
        let pod: Pod
        let isOver: Bool
        /// Beyond the request; less than nothing for a pod that stays below it.
        let excess: Int64

        init(_ pod: Pod, _ usage: PodUsage, _ signal: EvictionSignal, _ disks: NodeReading.Disks) {
            self.pod = pod
            let used: Int64
            var request: Int64 = 0
            switch signal {
            case .memory, .podMemory:
                used = usage.memory
                request = pod.requests[.memory]?.value ?? 0
            case .processes:
                // No pod asks for processes: only the priority and the number count.
                used = usage.processes
            case .nodeDisk, .imageDisk:
                used = EvictionRanking.files(usage, signal, disks).bytes
                request = pod.requests[.ephemeralStorage]?.value ?? 0
            case .nodeInodes, .imageInodes:
                used = EvictionRanking.files(usage, signal, disks).inodes
            }
            excess = used - request
            isOver = signal != .processes && excess > 0
        }

        func comes(before other: Rank) -> Bool {
            if isOver != other.isOver { return isOver }
            let (mine, its) = (pod.effectivePriority, other.pod.effectivePriority)
            if mine != its { return mine < its }
            if excess != other.excess { return excess > other.excess }
            return pod.fullName < other.pod.fullName
        }
    }

    /// What a pod has on the disk that is short.
    private static func files(
        _ usage: PodUsage, _ signal: EvictionSignal, _ disks: NodeReading.Disks
    ) -> PodUsage.Files {
        let isNode = signal == .nodeDisk || signal == .nodeInodes
        switch disks {
        case .one: return usage.storage
        case .runtime: return isNode ? usage.logs + usage.volumes : usage.layers
        // Pods have nothing on a disk for images; what they write is on the other.
        case .images: return isNode ? usage.storage : PodUsage.Files()
        }
    }
}
