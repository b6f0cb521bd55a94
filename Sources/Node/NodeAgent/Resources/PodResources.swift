import CRIProtocol
import KubernetesAPI

/// What a pod may use of its node, as groups of the kernel and as numbers for the runtime.
package protocol PodResources: Sendable {
    /// Makes or changes the pod's own groups.
    /// - Returns: the parent for its containers' groups; nil where the runtime is to choose one.
    func prepare(_ pod: Pod) async throws -> String?
    /// Kills what may be left in the pod's groups and removes them; none there is no error.
    func remove(_ uid: String) async throws
    /// Removes groups of pods that nobody knows.
    /// - Parameter known: uids of pods that are wanted or there.
    func sweep(known: Set<String>) async throws
    func resources(of container: Container, in pod: Pod) -> CRILinuxContainerResources
    /// Of all containers together, and of what holds them.
    func resources(ofPod pod: Pod) -> (
        resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?
    )
    /// Gives the pod's group what it needs with both of two sets of resources.
    func cover(_ pod: Pod, and other: Pod) async throws
    /// - Returns: why a pod that runs can never be changed so; nil: it can, where there is room.
    func resizeObstacle(from old: Pod, to new: Pod) -> String?
    func qosClass(of pod: Pod) -> PodQOSClass
    /// - Returns: why the pod cannot run on this node beside the others; nil: it can.
    func admit(_ pod: Pod, beside others: [Pod]) -> PodFailure?
    /// Sets aside for a pod that was admitted what it has for itself.
    /// - Returns: why that is not possible.
    func assign(_ pod: Pod) -> PodFailure?
    /// What all pods together may have of the memory, and what is left of it; nil where nothing limits them.
    func memoryOfPods() throws -> NodeReading.Amount?
    var allocatable: ResourceList { get }
    var capacity: ResourceList { get }
}

extension PodResources {
    package func memoryOfPods() throws -> NodeReading.Amount? { nil }
}
