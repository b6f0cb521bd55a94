import CRIProtocol
import KubernetesAPI

/// Which namespaces a pod's containers share with each other, with the node, or have for themselves.
enum NamespaceTranslation {
    /// - Parameter target: the container id whose processes an ephemeral container sees.
    static func options(_ pod: Pod, users: UserRange?, target: String? = nil) -> CRINamespaceOption {
        var result = CRINamespaceOption()
        result.network = pod.spec.hostNetwork ? .node : .pod
        result.ipc = pod.spec.hostIPC ? .node : .pod
        if pod.spec.hostPID {
            result.pid = .node
        } else {
            result.pid = pod.spec.shareProcessNamespace == true ? .pod : .container
        }
        if let target {
            result.pid = .target
            result.targetID = target
        }
        if let users {
            let mapping = CRIIDMapping.with {
                $0.hostID = users.first
                $0.containerID = 0
                $0.length = users.count
            }
            result.usernsOptions.mode = .pod
            result.usernsOptions.uids = [mapping]
            result.usernsOptions.gids = [mapping]
        } else if pod.spec.hostUsers != nil {
            result.usernsOptions.mode = .node
        }
        return result
    }
}

/// Users of the host that a pod's user namespace has for itself.
package struct UserRange: Equatable, Sendable {
    package var first: UInt32
    package var count: UInt32

    package init(first: UInt32, count: UInt32 = 65536) {
        self.first = first
        self.count = count
    }
}
