import KubernetesAPI

/// Whether a pod may begin on this node, apart from what it takes of it.
struct PodAdmission: Sendable {
    let shutdown: NodeShutdown
    let features: RuntimeFeatures
    let predicates: NodePredicates
    let sysctls: SysctlRules

    /// - Returns: why not; nil: it may.
    func refusal(of pod: Pod) -> PodFailure? {
        shutdown.refusal ?? sysctls.refusal(of: pod)
            ?? predicates.refusal(of: pod, hasStrictGroups: features.hasStrictGroups)
    }
}
