import CRIProtocol
import KubernetesAPI

/// QoS classes and container resources; no groups of the pod's own.
package struct BasicResources: PodResources {
    package var capacity: ResourceList
    package var allocatable: ResourceList { capacity }

    package init(capacity: ResourceList) { self.capacity = capacity }

    package func prepare(_ pod: Pod) async throws -> String? { nil }
    package func remove(_ uid: String) async throws {}

    package func resources(of container: Container, in pod: Pod) -> CRILinuxContainerResources {
        var result = CRILinuxContainerResources()
        let request = container.resources.requests[.cpu] ?? container.resources.limits[.cpu]
        result.cpuShares = max(2, (request?.milliValue ?? 0) * 1024 / 1000)
        if let limit = container.resources.limits[.cpu] {
            result.cpuPeriod = 100_000
            result.cpuQuota = max(1000, limit.milliValue * 100)
        }
        if let limit = container.resources.limits[.memory] { result.memoryLimitInBytes = limit.value }
        result.oomScoreAdj = qosClass(of: pod) == .guaranteed ? -997 : 1000
        return result
    }

    package func resources(
        ofPod pod: Pod
    ) -> (resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?) {
        (CRILinuxContainerResources(), nil)
    }

    package func qosClass(of pod: Pod) -> PodQOSClass {
        let all = (pod.initContainers + pod.mainContainers).map(\.container.resources)
        if all.allSatisfy({ $0.limits.isEmpty && $0.requests.isEmpty }) { return .bestEffort }
        let isGuaranteed = all.allSatisfy { resources in
            [ResourceName.cpu, .memory].allSatisfy { name in
                guard let limit = resources.limits[name] else { return false }
                return (resources.requests[name] ?? limit) == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    package func admit(_ pod: Pod, beside others: [Pod]) -> PodFailure? { nil }
}
