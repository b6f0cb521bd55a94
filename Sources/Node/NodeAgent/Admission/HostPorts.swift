import KubernetesAPI

/// Ports of the node that pods ask for: `hostPort`, and every port of a pod on the node's network. The kernel gives each to
/// one pod only.
package enum HostPorts {
    private struct Port {
        var number: Int32
        var proto: String
        /// Empty: of all addresses.
        var address: String

        init(_ port: ContainerPort) {
            number = port.hostPort
            proto = port.protocol.rawValue.isEmpty ? "TCP" : port.protocol.rawValue
            // As for the scheduler: an address of version 6 of the protocol that means all is one like others.
            address = port.hostIP == "0.0.0.0" ? "" : port.hostIP
        }

        func conflicts(with other: Port) -> Bool {
            number == other.number && proto == other.proto
                && (address.isEmpty || other.address.isEmpty || address == other.address)
        }
    }

    /// - Parameter others: pods that hold theirs.
    /// - Returns: why the pod may not run; nil: no other one has its ports.
    package static func refusal(of pod: Pod, beside others: [Pod]) -> PodFailure? {
        let wanted = ports(of: pod)
        if wanted.isEmpty { return nil }
        let taken = others.flatMap(ports)
        guard wanted.contains(where: { port in taken.contains { $0.conflicts(with: port) } }) else {
            return nil
        }
        return NodePredicates.failure(
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
    }

    /// Of containers that run beside each other. On the node's network the defaults have made each port the host's.
    private static func ports(of pod: Pod) -> [Port] {
        (pod.initContainers.filter { $0.role == .sidecar } + pod.mainContainers)
            .flatMap(\.container.ports).filter { $0.hostPort > 0 }.map(Port.init)
    }
}
