import Glibc
import LinuxKernel
import OCISpec
import PodNetwork
import Synchronization

/// Connects pods: by the built-in network, or by the plugins of a CNI configuration. All calls block.
public final class PodNetworks: Sendable {
    public enum Choice: Sendable {
        case builtin
        case cni
    }

    public struct Readiness: Sendable {
        public let isReady: Bool
        public let reason: String
        public let message: String
    }

    let choice: Choice
    let builtin: BuiltinNetwork
    let plugins: CNIClient
    private let folder: Mutex<ConfigurationFolder>
    /// What the cluster gave this node, for plugins that take ranges of addresses.
    private let podRanges = Mutex<[IPPrefix]>([])

    /// - Parameters:
    ///   - configurationFolder: of CNI, `/etc/cni/net.d`.
    ///   - cache: a folder of this node agent's own.
    public init(
        _ choice: Choice, builtin: BuiltinNetwork, configurationFolder: String, pluginFolders: [String],
        cache: String, timeout: Int = 30_000
    ) {
        self.choice = choice
        self.builtin = builtin
        plugins = CNIClient(pluginFolders: pluginFolders, cacheFolder: cache, timeout: timeout)
        folder = Mutex(ConfigurationFolder(path: configurationFolder))
    }

    /// Whether pods can be connected now.
    public func readiness() -> Readiness {
        guard choice == .cni else { return Readiness(isReady: true, reason: "", message: "") }
        do {
            try plugins.status(of: try folder.withLock { try $0.network() })
            return Readiness(isReady: true, reason: "", message: "")
        } catch {
            return Readiness(
                isReady: false, reason: "NetworkPluginNotReady",
                message: "the pod network is not ready: \(error)")
        }
    }

    /// The ranges that the cluster gives to pods of this node.
    public func setPodRanges(_ ranges: [IPPrefix]) throws {
        podRanges.withLock { $0 = ranges }
        guard choice == .builtin, !ranges.isEmpty else { return }
        var settings = try builtin.settings()
        settings.range4 = ranges.first { !$0.address.isVersion6 }
        settings.range6 = ranges.first { $0.address.isVersion6 }
        try builtin.update(settings)
    }

    /// Makes a pod's network namespace where the network does not do that itself.
    func makeNamespace(_ path: String?, _ spec: SandboxSpec) throws {
        guard choice == .cni, let path else { return }
        try PinnedNamespace.make(at: path, sysctls: spec.networkSysctls)
    }

    /// - Returns: the pod's addresses.
    func connect(_ id: String, _ spec: SandboxSpec, namespace: String, hostsFile: String) throws
        -> [IPAddress]
    {
        let ports = try spec.ports.map { try Self.mapping($0) }
        switch choice {
        case .builtin:
            var attachment = PodAttachment(id: id, namespace: namespace)
            attachment.ports = ports
            attachment.sysctls = spec.networkSysctls
            attachment.hostsFile = hostsFile
            attachment.hostNames = [spec.hostname]
            return try builtin.attach(attachment).addresses
        case .cni:
            let network = try folder.withLock { try $0.network() }
            let result = try plugins.add(attachment(id, spec, namespace, ports), to: network)
            let addresses = result.addresses.filter { address in
                // Those of the pod; older versions of the protocol do not say whose they are.
                guard let index = address.interface, result.interfaces.indices.contains(index) else {
                    return true
                }
                return !result.interfaces[index].sandbox.isEmpty
            }.map(\.address)
            try HostsFile.set(hostsFile, addresses: addresses, names: [spec.hostname])
            return addresses
        }
    }

    private func attachment(
        _ id: String, _ spec: SandboxSpec, _ namespace: String, _ ports: [PortMapping]
    ) -> CNIAttachment {
        var attachment = CNIAttachment(containerID: id, namespace: namespace)
        attachment.arguments = [
            ("IgnoreUnknown", "1"), ("K8S_POD_NAMESPACE", spec.namespace), ("K8S_POD_NAME", spec.name),
            ("K8S_POD_INFRA_CONTAINER_ID", id), ("K8S_POD_UID", spec.uid),
        ]
        attachment.capabilities.ports = ports
        if spec.ingressBandwidth != nil || spec.egressBandwidth != nil {
            // As much at once as any queue holds, as the kubelet has it.
            let burst = UInt64(Int32.max)
            var bandwidth = CNICapabilities.Bandwidth()
            if let rate = spec.ingressBandwidth {
                (bandwidth.ingressRate, bandwidth.ingressBurst) = (rate, burst)
            }
            if let rate = spec.egressBandwidth {
                (bandwidth.egressRate, bandwidth.egressBurst) = (rate, burst)
            }
            attachment.capabilities.bandwidth = bandwidth
        }
        attachment.capabilities.ranges = podRanges.withLock { $0.map { [$0] } }
        return attachment
    }

    /// Disconnects a pod; one that is not connected is no error.
    func disconnect(_ id: String, _ network: NetworkOfPod) throws {
        switch network.maker {
        case .builtin: try builtin.detach(id)
        case .cni: try plugins.delete(container: id)
        }
    }

    /// Gives back what pods have that are gone.
    /// - Parameter isLive: nil for what is no pod of ours: the built-in network serves others, too.
    func collect(isLive: (String) -> Bool?) throws {
        try builtin.reconcile { isLive($0) ?? true }
        guard choice == .cni else { return }
        do {
            try plugins.collectGarbage(of: try folder.withLock { try $0.network() }) { isLive($0) ?? false }
        } catch CNIError.noConfiguration {
            // Without a network nobody is connected to it.
        }
    }

    var maker: NetworkOfPod.Maker { choice == .builtin ? .builtin : .cni }

    private static func mapping(_ port: SandboxSpec.Port) throws -> PortMapping {
        guard let proto = PortProtocol(rawValue: port.proto) else {
            throw EngineError(.invalid, "unknown protocol '\(port.proto)' of a port")
        }
        var address: IPAddress?
        if let text = port.hostIP {
            guard let parsed = IPAddress(text) else {
                throw EngineError(.invalid, "'\(text)' is no IP address of a host port")
            }
            address = parsed
        }
        return PortMapping(
            proto: proto, hostIP: address, hostPorts: port.hostPort...port.hostPort, podPort: port.podPort)
    }
}
