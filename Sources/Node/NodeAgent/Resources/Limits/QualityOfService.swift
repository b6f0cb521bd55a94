import KubernetesAPI

/// The class of a pod, by which it is treated when the node runs short (Pod quality of service classes).
enum QualityOfService {
    private static let counted: [ResourceName] = [.cpu, .memory]

    static func of(_ pod: Pod) -> PodQOSClass {
        var all = (pod.initContainers + pod.mainContainers).map(\.container.resources)
        // What the pod asks for as a whole stands before what its containers ask for (KEP-2837).
        if let own = pod.spec.resources, counts(own.requests) || counts(own.limits) {
            all = [ResourceRequirements(limits: own.limits, requests: own.requests)]
        }
        if !all.contains(where: { counts($0.limits) || counts($0.requests) }) { return .bestEffort }
        let isGuaranteed = all.allSatisfy { resources in
            counted.allSatisfy { name in
                guard let limit = resources.limits[name], !limit.isZero else { return false }
                return (resources.requests[name] ?? limit) == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    private static func counts(_ list: ResourceList) -> Bool {
        counted.contains { !(list[$0] ?? .zero).isZero }
    }
}
