import CRIProtocol
import ContainerCLI
import LinuxKernel
import OCISpec
import PodNetwork

/// A pod as `RunPodSandbox` wants it, checked, with all that the engine needs to make it.
public struct SandboxPlan: Sendable {
    public var name: String
    public var namespace: String
    public var uid: String
    public var attempt: UInt32
    public var labels: [String: String]
    public var annotations: [String: String]

    public var hostname: String
    /// The namespaces that are the pod's own: `network`, `uts`, `ipc`, `user`. The others are the node's.
    public var namespaces: Set<RuntimeSpec.Namespace.Kind>
    /// The pod's containers share one pid namespace, which needs an init.
    public var sharesPID: Bool
    /// The ids of the pod's user namespace.
    public var mappings: UserMappings?
    /// To be set in the pod's namespaces, by names with dots.
    public var sysctls: SortedMap<String>
    public var files: PodFiles
    /// Ports, bandwidth and name servers; without ports where the network is the node's.
    public var network: CNICapabilities
    /// Size of the pod's /dev/shm in bytes.
    public var sharedMemory: Int64 = 64 << 20
    /// The SELinux context of these files and this memory; nil where SELinux is not enabled.
    public var fileLabel: String?
    /// A path with the cgroupfs driver, a slice's name with systemd's.
    public var cgroupParent: String
    /// The sum over the containers, and what the pod takes beside them. The groups of pods are the kubelet's:
    /// runtimes with a machine per pod size it by this.
    public var resources: RuntimeSpec.Resources?
    public var overhead: RuntimeSpec.Resources?
    /// Absolute; nil: logs are not kept.
    public var logDirectory: String?
    /// Whether its containers may be privileged.
    public var isPrivileged: Bool

    /// - Throws: `TranslationError`; `KernelError` when a file of the node's cannot be read.
    public init(_ config: CRIPodSandboxConfig, facts: NodeFacts) throws {
        guard config.hasMetadata else { throw TranslationError.invalid("config.metadata", "missing") }
        let metadata = config.metadata
        for (field, text) in [("name", metadata.name), ("namespace", metadata.namespace)] where text.isEmpty {
            throw TranslationError.invalid("config.metadata.\(field)", "must not be empty")
        }
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        attempt = metadata.attempt
        labels = config.labels
        annotations = config.annotations

        let context = config.linux.securityContext
        let options = context.namespaceOptions
        let field = "config.linux.security_context"
        try Self.checkIDs(context, field)
        mappings = try UserMappings.of(options, field: field + ".namespace_options")
        namespaces = try Self.namespaces(options, mapped: mappings != nil, field + ".namespace_options")
        sharesPID = options.pid == .pod
        isPrivileged = context.privileged

        let ownNetwork = namespaces.contains(.network)
        hostname = try Self.hostname(config)
        files = try PodFiles.of(config, hostname: hostname, ownNetwork: ownNetwork)
        fileLabel = try SELinuxLabels.ofFiles(config, facts: facts)
        network = try PodNetworking.capabilities(config)
        if !ownNetwork { network.ports = [] }
        var sysctls =
            ownNetwork && facts.allowsUnprivilegedPorts ? Sysctls.defaults(mapped: mappings != nil) : [:]
        for (key, value) in try Sysctls.check(config.linux.sysctls, namespaces: namespaces) {
            sysctls[key] = value
        }
        self.sysctls = sysctls

        cgroupParent = try CgroupPlacement.parent(config.linux.cgroupParent, driver: facts.cgroupDriver)
        if config.linux.hasResources {
            resources = try ResourceTranslation(
                config.linux.resources, facts: facts, field: "config.linux.resources"
            ).resources
        }
        if config.linux.hasOverhead {
            overhead = try ResourceTranslation(
                config.linux.overhead, facts: facts, field: "config.linux.overhead"
            ).resources
        }
        logDirectory = try LogPath.directory(config)
    }

    /// Which namespaces are the pod's own.
    private static func namespaces(
        _ options: CRINamespaceOption, mapped: Bool, _ field: String
    ) throws(TranslationError) -> Set<RuntimeSpec.Namespace.Kind> {
        var own: Set<RuntimeSpec.Namespace.Kind> = mapped ? [.user] : []
        switch options.network {
        // The name of the node belongs to its network.
        case .pod: own.formUnion([.network, .uts])
        case .node: break
        default: throw .invalid(field + ".network", "must be POD or NODE, found \(options.network.name)")
        }
        switch options.ipc {
        case .pod: own.insert(.ipc)
        case .node: break
        default: throw .invalid(field + ".ipc", "must be POD or NODE, found \(options.ipc.name)")
        }
        switch options.pid {
        case .pod, .container, .node: break
        default:
            throw .invalid(field + ".pid", "must be POD, CONTAINER or NODE, found \(options.pid.name)")
        }
        // The root of the pod's user namespace has no rights over the node's: not even /proc can be mounted.
        if mapped, options.ipc == .node {
            throw .invalid(field + ".ipc", "NODE is impossible in a user namespace")
        }
        if mapped, options.pid == .node {
            throw .invalid(field + ".pid", "NODE is impossible in a user namespace")
        }
        return own
    }

    /// No process of the sandbox's own runs as that user, but what is wrong is said at once.
    private static func checkIDs(
        _ context: CRILinuxSandboxSecurityContext, _ field: String
    ) throws(TranslationError) {
        if context.hasRunAsUser { _ = try ContainerUser.id(context.runAsUser.value, field + ".run_as_user") }
        if context.hasRunAsGroup {
            _ = try ContainerUser.id(context.runAsGroup.value, field + ".run_as_group")
            guard context.hasRunAsUser else {
                throw .invalid(field + ".run_as_group", "is given without run_as_user")
            }
        }
        for (index, group) in context.supplementalGroups.enumerated() {
            _ = try ContainerUser.id(group, "\(field).supplemental_groups[\(index)]")
        }
    }

    /// The node's name where none is given.
    private static func hostname(_ config: CRIPodSandboxConfig) throws(TranslationError) -> String {
        let name = config.hostname
        if name.isEmpty { return ConfigBuilder.hostName }
        guard isHostName(name) else {
            throw .invalid(
                "config.hostname", "\(JSONError.quoted(name)) is not a host name of at most 64 bytes")
        }
        return name
    }
}
