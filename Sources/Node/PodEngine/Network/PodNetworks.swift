import Glibc
import LinuxKernel
import Logging
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
    private let logger: Logger
    /// What the cluster gave this node, for plugins that take ranges of addresses.
    private let podRanges = Mutex<[IPPrefix]>([])
    private let rangesFile: PodRangesFile
    /// The built-in network's ranges are somebody's choice, and not the cluster's.
    private let hasChosenRanges = Mutex(false)

    /// - Parameters:
    ///   - configurationFolder: of CNI, `/etc/cni/net.d`.
    ///   - cache: a folder of this node agent's own.
    ///   - rangesFile: where what the cluster gave this node is kept for plugins.
    public init(
        _ choice: Choice, builtin: BuiltinNetwork, configurationFolder: String, pluginFolders: [String],
        cache: String, rangesFile: String, timeout: Int = 30_000, logger: Logger
    ) {
        self.choice = choice
        self.builtin = builtin
        self.rangesFile = PodRangesFile(path: rangesFile)
        plugins = CNIClient(pluginFolders: pluginFolders, cacheFolder: cache, timeout: timeout)
        folder = Mutex(ConfigurationFolder(path: configurationFolder))
        self.logger = logger
    }

    /// Whether pods can be connected now.
    public func readiness() -> Readiness {
        guard choice == .cni else { return Readiness(isReady: true, reason: "", message: "") }
        do {
            try plugins.status(of: try network())
            return Readiness(isReady: true, reason: "", message: "")
        } catch {
            return Readiness(
                isReady: false, reason: "NetworkPluginNotReady",
                message: "the pod network is not ready: \(error)")
        }
    }

    /// What is wrong with CNI's configurations, also with those that are passed over, or "OK".
    /// - Returns: nil where none is needed.
    public func configurationStatus() -> String? {
        guard choice == .cni else { return nil }
        return folder.withLock { folder in
            do { _ = try folder.network() } catch { return "\(error)" }
            return folder.problems.isEmpty ? "OK" : folder.problems.joined(separator: "; ")
        }
    }

    /// The network to connect pods by now.
    private func network() throws -> NetworkList { try reading { try $0.network() } }

    /// Looks into the folder of configurations. Which one is used would otherwise be a riddle to who has made a mistake in
    /// another one.
    private func reading<Result>(_ body: (inout ConfigurationFolder) throws -> Result) throws -> Result {
        try folder.withLock { folder in
            defer {
                for problem in folder.takeNews() {
                    logger.warning(
                        "a network configuration cannot be used", metadata: ["error": "\(problem)"])
                }
            }
            return try body(&folder)
        }
    }

    // MARK: Ranges of addresses

    /// Chooses the built-in network's ranges: what the cluster says of them does not count then.
    /// - Throws: `EngineError` (`invalid`) for ranges that pods cannot have.
    public func choosePodRanges(_ ranges: [IPPrefix]) throws {
        try Self.check(ranges)
        try updateBuiltin(ranges)
        hasChosenRanges.withLock { $0 = true }
    }

    /// The ranges that the cluster gives to pods of this node: one of each family at most. They stay for this engine's
    /// successors: a kubelet tells them when they change, and not when somebody may have forgotten them.
    /// - Returns: false where others were chosen, which stay.
    /// - Throws: `EngineError` (`invalid`) for ranges that pods cannot have; then all stays as it was.
    func setPodRanges(_ ranges: [IPPrefix]) throws -> Bool {
        if hasChosenRanges.withLock(\.self) { return false }
        try Self.check(ranges)
        switch choice {
        case .builtin: try updateBuiltin(ranges)
        case .cni:
            try rangesFile.write(ranges)
            podRanges.withLock { $0 = ranges }
        }
        return true
    }

    private func updateBuiltin(_ ranges: [IPPrefix]) throws {
        let settings = NetworkSettings(ranges)
        do throws(NetworkError) { try settings.check() } catch {
            throw EngineError(.invalid, error.description)
        }
        try builtin.update(settings)
    }

    /// Takes over what the cluster has told an earlier engine.
    func readPodRanges() throws {
        let ranges = try rangesFile.read()
        podRanges.withLock { $0 = ranges }
    }

    /// The built-in network's ranges, as far as it has any.
    func builtinRanges() throws -> [IPPrefix] {
        guard choice == .builtin else { return [] }
        return try builtin.existingSettings()?.ranges ?? []
    }

    /// Routes of the host's that lead into the built-in network's ranges.
    func routesIntoPodRanges() throws -> [IPPrefix] {
        try builtin.foreignRoutes(into: try builtinRanges()).map(\.range)
    }

    package static func check(_ ranges: [IPPrefix]) throws(EngineError) {
        for range in ranges {
            if let reason = range.reasonAgainstPods { throw EngineError(.invalid, reason) }
        }
        for isVersion6 in [false, true] {
            let family = ranges.filter { $0.address.isVersion6 == isVersion6 }
            if family.count > 1 {
                throw EngineError(
                    .invalid, "\(family[0]) and \(family[1]): pods get one address of each family")
            }
        }
    }

    // MARK: One pod

    /// Makes a pod's network namespace where the network does not do that itself.
    func makeNamespace(_ path: String?, _ spec: SandboxSpec, from spare: SpareNamespace?) throws {
        guard choice == .cni, let path else { return }
        try Self.sayingWhoseSysctls {
            try PinnedNamespace.make(at: path, sysctls: spec.networkSysctls, from: spare)
        }
    }

    /// A value that the kernel does not take is the caller's mistake.
    private static func sayingWhoseSysctls<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as KernelError where error.operation == PinnedNamespace.settingSysctl {
            throw EngineError(.invalid, "\(error)")
        }
    }

    /// - Parameter hostsFile: in which the built-in network names the pod's addresses.
    /// - Returns: the pod's addresses.
    func connect(
        _ id: String, _ spec: SandboxSpec, namespace: String, from spare: SpareNamespace?, hostsFile: String
    ) throws -> [IPAddress] {
        let addresses = try addresses(id, spec, namespace: namespace, from: spare, hostsFile: hostsFile)
        // Other runtimes set all parameters now, from the pod's first container.
        let ofDevices = spec.deviceSysctls
        if !ofDevices.isEmpty {
            try Self.sayingWhoseSysctls { try PinnedNamespace.set(ofDevices, in: namespace) }
        }
        return addresses
    }

    private func addresses(
        _ id: String, _ spec: SandboxSpec, namespace: String, from spare: SpareNamespace?, hostsFile: String
    ) throws -> [IPAddress] {
        let ports = try spec.ports.map { try Self.mapping($0) }
        switch choice {
        case .builtin:
            var attachment = PodAttachment(id: id, namespace: namespace)
            attachment.ports = ports
            attachment.sysctls = spec.networkSysctls
            attachment.hostsFile = hostsFile
            attachment.hostNames = [spec.hostname]
            return try Self.sayingWhoseSysctls { try builtin.attach(attachment, spare: spare).addresses }
        case .cni:
            let network = try network()
            let attachment = attachment(id, spec, namespace, ports)
            let result = try plugins.add(attachment, to: network)
            let missing = attachment.capabilities.missing(in: network)
            if !missing.isEmpty {
                // Those who look it up in the cluster do it all the same.
                logger.warning(
                    "no plugin is told what a pod asks of its network: none has the capability",
                    metadata: [
                        "pod": "\(id)", "name": "\(spec.namespace)/\(spec.name)",
                        "network": "\(network.name)",
                        "capabilities": "\(missing.joined(separator: ", "))",
                    ])
            }
            return result.containerAddresses
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
        if let resolver = spec.resolver {
            var dns = CNICapabilities.DNS()
            (dns.servers, dns.searches) = (resolver.servers, resolver.searches)
            dns.options = resolver.options
            attachment.capabilities.dns = dns
        }
        attachment.capabilities.ranges = podRanges.withLock { $0.map { [$0] } }
        attachment.capabilities.cgroupPath = spec.cgroupParent
        attachment.capabilities.podAnnotations = spec.annotations
        return attachment
    }

    /// Who has connected a pod, or has begun to, by what he has written down.
    /// - Returns: nil for a pod that nobody has connected.
    /// - Throws: where that cannot be read.
    func found(of id: String) throws -> NetworkOfPod? {
        if let result = try builtin.result(of: id) {
            return NetworkOfPod(maker: .builtin, addresses: result.addresses.map(\.description))
        }
        guard try plugins.knows(id) else { return nil }
        // Half done, or damaged: its addresses are not known, and plugins have to undo it all the same.
        let result = try? plugins.result(of: id)
        return NetworkOfPod(maker: .cni, addresses: result?.containerAddresses.map(\.description) ?? [])
    }

    /// Disconnects a pod; one that is not connected is no error.
    /// - Parameters:
    ///   - pod: its specification and its namespace, for when what plugins were told at first is damaged: then they are
    ///     told that, in the network that there is now.
    ///   - tell: of what was not undone as it was made.
    func disconnect(
        _ id: String, _ network: NetworkOfPod, pod: (SandboxSpec, namespace: String)?,
        tell: @escaping (Remark) -> Void
    ) throws {
        switch network.maker {
        case .builtin: try builtin.detach(id)
        case .cni:
            try plugins.delete(
                container: id,
                damaged: { damage in
                    guard let (spec, namespace) = pod else { throw damage }
                    let ports = try spec.ports.map { try Self.mapping($0) }
                    return (attachment(id, spec, namespace, ports), try self.network())
                }, missing: { try passOver($0, $1, tell) },
                substitute: CNIClient.Substitute(
                    find: { self.substitute(for: $0, isConnected: $1) },
                    tell: { tell(.otherConfiguration($0)) }))
        }
    }

    /// What is to be said of a disconnection that counts as done.
    enum Remark {
        /// The plugin is gone for good: its part cannot be undone any more.
        case pluginIsGone(CNIError)
        /// The configuration that connected the pod could not undo it, and the one that there is now did.
        case otherConfiguration(any Error)
    }

    /// - Parameter isConnected: then another network can have nothing of the pod's, and would say so of whatever is left.
    private func substitute(for name: String, isConnected: Bool) -> NetworkList? {
        do {
            if let network = try reading({ try $0.network(named: name) }) { return network }
        } catch {
            logger.warning(
                "no other configuration of a network can be looked for",
                metadata: ["network": "\(name)", "error": "\(error)"])
            return nil
        }
        return isConnected ? nil : try? network()
    }

    /// A plugin that is just being replaced comes back, and one that the node's network does not name any more does not:
    /// no pod can wait for it. Without any network, nobody knows; but a node that has the built-in one waits for none.
    private func passOver(_ type: String, _ error: CNIError, _ tell: (Remark) -> Void) throws {
        if choice == .builtin { return tell(.pluginIsGone(error)) }
        guard let now = try? network(), !now.has(plugin: type) else { throw error }
        tell(.pluginIsGone(error))
    }

    /// Of which pods it cannot be read how plugins have connected them, and why.
    func damage() throws -> [(sandbox: String, error: any Error)] {
        try plugins.damage().map { ($0.container, $0.error) }
    }

    /// Gives back what pods have of the built-in network that are gone.
    /// - Parameter isLive: nil for what is no pod of ours: it serves others, too.
    func collectBuiltin(isLive: (String) -> Bool?) throws {
        try builtin.reconcile { isLive($0) ?? true }
    }

    /// Lets plugins give back what pods have that are gone. They may hang.
    /// - Parameter tell: as of `disconnect`.
    func collectOfPlugins(tell: @escaping (Remark) -> Void, isLive: (String) -> Bool?) throws {
        try plugins.removeOldDamage()
        guard choice == .cni else { return }
        do {
            try plugins.collectGarbage(
                of: try network(), missing: { try passOver($0, $1, tell) },
                replaced: { tell(.otherConfiguration($0)) }, isLive: { isLive($0) ?? false })
        } catch CNIError.noConfiguration {
            // Without a network nobody is connected to it.
        }
    }

    var maker: NetworkOfPod.Maker { choice == .builtin ? .builtin : .cni }

    static func mapping(_ port: SandboxSpec.Port) throws -> PortMapping {
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
