import KubernetesAPI

/// What Kubernetes' API lets a pod ask for and this node does not have. A pod that asks for it is refused: without it,
/// it would be another pod than the one that is wanted.
package enum MissingFeatures {
    /// - Returns: the first such field of the pod; nil: it has none.
    package static func refusal(of pod: Pod) -> PodFailure? {
        guard let (field, feature) = find(in: pod.spec) else { return nil }
        return PodFailure(
            reason: "UnexpectedAdmissionError",
            message: "Pod was rejected: \(field): \(feature) not supported on this node")
    }

    private static func find(in spec: PodSpec) -> (field: String, feature: String)? {
        if !spec.resourceClaims.isEmpty {
            return ("spec.resourceClaims", "dynamic resource allocation is")
        }
        for (list, containers) in [
            ("initContainers", spec.initContainers), ("containers", spec.containers),
        ] {
            for (index, container) in containers.enumerated() {
                let place = "spec.\(list)[\(index)]"
                if !container.resources.claims.isEmpty {
                    return ("\(place).resources.claims", "dynamic resource allocation is")
                }
            }
        }
        return nil
    }
}
