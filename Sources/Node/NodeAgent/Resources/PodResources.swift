import CRIProtocol
import KubernetesAPI

/// What a pod may use of its node, as groups of the kernel and as numbers for the runtime.
package protocol PodResources: Sendable {
    /// Makes or changes the pod's own groups.
    /// - Returns: the parent for its containers' groups; nil where the runtime is to choose one.
    func prepare(_ pod: Pod) async throws -> String?
    /// Removes the pod's groups, which must be empty; none there is no error.
    func remove(_ uid: String) async throws
    func resources(of container: Container, in pod: Pod) -> CRILinuxContainerResources
    /// Of all containers together, and of what holds them.
    func resources(ofPod pod: Pod) -> (
        resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?
    )
    func qosClass(of pod: Pod) -> PodQOSClass
    /// - Returns: why the pod cannot run on this node beside the others; nil: it can.
    func admit(_ pod: Pod, beside others: [Pod]) -> PodFailure?
    var allocatable: ResourceList { get }
    var capacity: ResourceList { get }
}
