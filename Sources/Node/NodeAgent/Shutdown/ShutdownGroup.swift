import KubernetesAPI

/// Pods that end together when the node shuts down, and how long they get (`shutdownGracePeriodByPodPriority`, or what
/// `shutdownGracePeriod` and `shutdownGracePeriodCriticalPods` say in its place).
package struct ShutdownGroup: Equatable, Sendable {
    /// `SystemCriticalPriority` of Kubernetes: of critical pods the least.
    private static let critical: Int32 = 2_000_000_000

    /// Of its pods the least.
    package var priority: Int32
    package var seconds: Int64
    package var pods: [Pod] = []

    package init(priority: Int32, seconds: Int64) {
        self.priority = priority
        self.seconds = seconds
    }

    /// The groups of a configuration, in the order in which they end; none where no time is given for it.
    package static func groups(of kubelet: KubeletConfiguration) -> [ShutdownGroup] {
        if !kubelet.shutdownGracePeriodByPodPriority.isEmpty {
            return kubelet.shutdownGracePeriodByPodPriority.map {
                ShutdownGroup(priority: $0.priority, seconds: $0.shutdownGracePeriodSeconds)
            }.sorted { $0.priority < $1.priority }
        }
        let total = kubelet.shutdownGracePeriod.components.seconds
        let last = kubelet.shutdownGracePeriodCriticalPods.components.seconds
        if total == 0 { return [] }
        return [
            ShutdownGroup(priority: 0, seconds: total - last),
            ShutdownGroup(priority: critical, seconds: last),
        ]
    }

    /// Each pod in the last group whose priority it reaches; those below all of them in the first.
    package static func groups(of kubelet: KubeletConfiguration, with pods: [Pod]) -> [ShutdownGroup] {
        var groups = groups(of: kubelet)
        if groups.isEmpty { return [] }
        for pod in pods {
            let index = groups.lastIndex { $0.priority <= pod.effectivePriority } ?? 0
            groups[index].pods.append(pod)
        }
        return groups
    }

    /// Of all groups, seconds.
    package static func total(of kubelet: KubeletConfiguration) -> Int64 {
        groups(of: kubelet).reduce(0) { $0 + $1.seconds }
    }
}
