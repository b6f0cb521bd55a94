import KubernetesAPI
package protocol ObjectSource: Sendable {
    func configMap(namespace: String, name: String) async throws -> ConfigMap?
    func secret(namespace: String, name: String) async throws -> Secret?
}
package struct ContainerMount: Sendable {
    package enum Propagation: Sendable { case none, hostToContainer, bidirectional }
    package var containerPath = "", hostPath = "", image: String? = nil, imageSubPath = "", readOnly = false, recursiveReadOnly = false
    package var propagation = Propagation.none
}
package struct PodMounts: Sendable {
    package func mounts(for container: Container, environment: [String: String]) throws -> [ContainerMount] { [] }
}
package actor VolumeManager {
    package init(root: String, objects: any ObjectSource) {}
    package func mount(_ pod: Pod) async throws -> PodMounts { PodMounts() }
    @discardableResult package func update(_ pod: Pod) async throws -> Bool { false }
    package func unmount(uid: String) async throws {}
}
package final class FolderObjects: ObjectSource {
    package init() {}
    package func replace(_ objects: [any KubernetesResource]) {}
    package func configMap(namespace: String, name: String) async throws -> ConfigMap? { nil }
    package func secret(namespace: String, name: String) async throws -> Secret? { nil }
}
