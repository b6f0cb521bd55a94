import CRIProtocol
import OCISpec

/// The namespaces of a container: those of its pod, and its own.
struct NamespaceTranslation: Equatable {
    var namespaces: [RuntimeSpec.Namespace]
    var warnings: [String] = []

    init(
        _ context: CRILinuxContainerSecurityContext, sandbox: SandboxFacts
    ) throws(TranslationError) {
        let options = context.namespaceOptions
        let field = "config.linux.security_context.namespace_options"
        namespaces = [RuntimeSpec.Namespace(.mount)]
        for kind in [RuntimeSpec.Namespace.Kind.network, .ipc, .uts] {
            if let path = sandbox.namespaces[kind] {
                namespaces.append(RuntimeSpec.Namespace(kind, path: path))
            }
        }
        // The pod decided about these two when it was made.
        try Self.check(options.network, pods: !sandbox.hasHostNetwork, field + ".network")
        try Self.check(options.ipc, pods: !sandbox.hasHostIPC, field + ".ipc")
        let hasHostPID = sandbox.config.linux.securityContext.namespaceOptions.pid == .node
        switch options.pid {
        case .node:
            // containerd takes it for POD, and CRI-O gives the container the node's.
            try Self.check(options.pid, pods: !hasHostPID, field + ".pid")
        case .container: namespaces.append(RuntimeSpec.Namespace(.pid))
        case .pod:
            if let path = sandbox.namespaces[.pid] {
                namespaces.append(RuntimeSpec.Namespace(.pid, path: path))
            } else if !hasHostPID {
                namespaces.append(RuntimeSpec.Namespace(.pid))
                warnings.append(
                    "\(field).pid: POD, but the sandbox was made with CONTAINER: the container gets one of its own"
                )
            }
        case .target:
            if options.targetID.isEmpty {
                throw .invalid(field + ".target_id", "missing: pid TARGET needs it")
            }
            let pid = try sandbox.process(options.targetID)
            namespaces.append(RuntimeSpec.Namespace(.pid, path: "/proc/\(pid)/ns/pid"))
        case .UNRECOGNIZED(let number): throw .invalid(field + ".pid", "\(number) is unknown")
        }
        if let user = sandbox.namespaces[.user] {
            namespaces.append(RuntimeSpec.Namespace(.user, path: user))
        }
        let own = try UserMappings.of(options, field: field)
        if options.hasUsernsOptions, own != sandbox.mappings {
            throw .invalid(field + ".userns_options", "differs from the sandbox's")
        }
        // What a privileged one does with groups is the node's business.
        if !context.privileged { namespaces.append(RuntimeSpec.Namespace(.cgroup)) }
    }

    private static func check(
        _ mode: CRINamespaceMode, pods: Bool, _ field: String
    ) throws(TranslationError) {
        switch mode {
        // A container's configuration that says nothing says POD: the namespace of the pod, whose ever it is.
        case .pod: return
        case .node:
            if pods { throw .invalid(field, "is NODE, but the sandbox has a namespace of its own") }
        default: throw .invalid(field, "must be POD or NODE, found \(mode.name)")
        }
    }
}
