import KubernetesAPI

/// Conditions of a pod that others set, and its source tells: what readiness gates stand for.
extension PodStatus {
    /// Those that the agent sets.
    private static let own: [PodConditionType] = [
        .podReadyToStartContainers, .initialized, .ready, .containersReady, .podScheduled, .disruptionTarget,
        .allContainersRestarting, .podResizePending, .podResizeInProgress,
    ]

    /// Of the others only what the source says now is left.
    package mutating func takeConditions(of source: PodStatus) {
        let before = conditions
        conditions = before.filter { Self.own.contains($0.type) }
        for var told in source.conditions where !Self.own.contains(told.type) {
            let old = before.first { $0.type == told.type && $0.status == told.status }
            told.lastTransitionTime = told.lastTransitionTime ?? old?.lastTransitionTime
            conditions.append(told)
        }
    }
}
