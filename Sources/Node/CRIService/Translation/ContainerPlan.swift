import CRIProtocol
import ContainerCLI
import ContainerShim
import LinuxKernel
import OCISpec
import PodEngine

/// A container as `CreateContainer` wants it, checked, with all that the engine needs to make it.
public struct ContainerPlan: Sendable {
    /// Where the new container will be.
    public struct Place: Sendable {
        public var id: String
        /// Its folder on the host: the image's volumes come into it, and the places of image mounts.
        public var folder: String
        /// Of its root, for config.json.
        public var root: String
        /// What the image is called in annotations.
        public var imageName: String

        public init(id: String, folder: String, root: String, imageName: String) {
            self.id = id
            self.folder = folder
            self.root = root
            self.imageName = imageName
        }
    }

    /// config.json
    public var spec: RuntimeSpec
    public var input: Supervision.Input
    public var terminal: Bool
    /// Absolute; nil: no log is kept.
    public var logPath: String?
    public var stopSignal: Int32
    /// To be mounted and attached before the container is made.
    public var imageMounts: [ImageMount]
    /// What could not be done as asked and does no harm; one line each.
    public var warnings: [String] = []

    // For ContainerStatus.
    public var mounts: [CRIMount]
    public var user: CRILinuxContainerUser
    public var resources: CRILinuxContainerResources

    /// Looks into the container's root, makes the image's volumes in the container's folder, and folders of the
    /// host's that mounts need.
    /// - Parameter root: the container's, mounted.
    /// - Throws: `TranslationError`; `KernelError` for what goes wrong on the node.
    public init(
        _ config: CRIContainerConfig, sandbox: SandboxFacts, image: ImageConfig.Defaults,
        root: borrowing FileDescriptor, place: Place, facts: NodeFacts
    ) throws {
        guard config.hasMetadata else { throw TranslationError.invalid("config.metadata", "missing") }
        if config.metadata.name.isEmpty {
            throw TranslationError.invalid("config.metadata.name", "must not be empty")
        }
        let context = config.linux.securityContext
        if context.privileged, !sandbox.config.linux.securityContext.privileged {
            throw TranslationError.invalid(
                "config.linux.security_context.privileged", "the sandbox is not privileged")
        }

        logPath = try LogPath.resolve(config.logPath, sandbox: sandbox.config)
        input = config.stdin ? (config.stdinOnce ? .once : .keep) : .none
        terminal = config.tty
        let signal = try StopSignal.resolve(config.stopSignal, image: image.stopSignal)
        stopSignal = signal.number

        let user = try ContainerUser(context, imageUser: image.user ?? "", root: root)
        let program = try ProcessTranslation(config, image: image, hostname: sandbox.hostname)
        let capabilities = try CapabilityTranslation(
            context,
            available: sandbox.namespaces[.user] == nil ? facts.capabilities : facts.kernelCapabilities)
        let resources = try Self.resources(config, facts: facts)
        let namespaces = try NamespaceTranslation(context, sandbox: sandbox)
        let appArmor = try AppArmorTranslation(context, facts: facts)
        let labels = try SELinuxLabels.of(config, pod: sandbox.config, facts: facts)
        let seccomp = try SeccompTranslation.filter(context, capabilities: capabilities.names, facts: facts)
        let devices = try DeviceTranslation.devices(config)
        let cdi = try CDIInjection(config)
        let mounts = try MountTranslation(
            config, sandbox: sandbox, imageVolumes: image.volumes, folder: place.folder)
        warnings =
            (signal.warning.map { [$0] } ?? []) + program.warnings + capabilities.warnings
            + (resources?.warnings ?? []) + namespaces.warnings + appArmor.warnings

        var process = RuntimeSpec.Process(args: program.arguments, cwd: program.workingDirectory)
        process.terminal = config.tty
        process.user = user.specification
        process.env = program.environment
        process.capabilities = capabilities.sets(uid: user.uid)
        process.noNewPrivileges = context.noNewPrivs
        process.apparmorProfile = appArmor.profile
        process.selinuxLabel = labels.flatMap { $0.process.isEmpty ? nil : $0.process }
        process.oomScoreAdj = resources?.oomScoreAdj

        var linux = RuntimeSpec.Linux()
        linux.namespaces = namespaces.namespaces
        linux.uidMappings = sandbox.mappings?.uids ?? []
        linux.gidMappings = sandbox.mappings?.gids ?? []
        linux.cgroupsPath = PodCgroup(parent: sandbox.cgroupParent).cgroupsPath(of: place.id)
        linux.resources = resources?.resources ?? RuntimeSpec.Resources()
        let bound = sandbox.mappings == nil ? [] : devices.filter { $0.bind != nil }
        linux.devices = devices.filter { !bound.contains($0) }.map(\.node)
        linux.resources?.devices = DeviceTranslation.rules(devices, privileged: context.privileged)
        linux.seccomp = seccomp
        linux.rootfsPropagation = mounts.propagation
        linux.mountLabel = labels?.files
        if !context.privileged {
            linux.maskedPaths = context.maskedPaths
            linux.readonlyPaths = context.readonlyPaths
        }

        var spec = RuntimeSpec()
        spec.process = process
        spec.root = RuntimeSpec.Root(path: place.root, readonly: context.readonlyRootfs)
        spec.mounts = mounts.mounts + bound.compactMap(\.bind)
        spec.annotations = AnnotationTranslation.annotations(
            config, sandbox: sandbox, imageName: place.imageName)
        spec.linux = linux
        try cdi.apply(to: &spec, folders: facts.cdiFolders)
        // Here plugins of the Node Resource Interface edit the specification: everything that the CRI says is in
        // it, nothing was checked as a whole, and nothing of the container's is on the disk.
        do throws(JSONError) {
            try spec.validate()
        } catch {
            throw TranslationError.invalid(error.path, error.reason)
        }

        try mounts.prepare(root: root, owner: sandbox.mappings?.root ?? (0, 0))
        if let labels { for path in mounts.relabelled { try SELinuxLabels.relabel(path, to: labels.files) } }
        self.spec = spec
        self.mounts = config.mounts
        self.user = user.status
        self.resources = resources?.status ?? CRILinuxContainerResources()
        imageMounts = mounts.imageMounts
    }

    private static func resources(
        _ config: CRIContainerConfig, facts: NodeFacts
    ) throws(TranslationError) -> ResourceTranslation? {
        guard config.linux.hasResources else { return nil }
        return try ResourceTranslation(config.linux.resources, facts: facts, field: "config.linux.resources")
    }
}
