import CRIProtocol
import OCISpec

/// What a container gets of its sandbox, once that is there.
public struct SandboxFacts: Sendable {
    /// The files that the pod's containers share, on the host. They belong to the pod's root (`UserMappings.root`).
    public struct Files: Equatable, Sendable {
        public var resolver: String
        public var hosts: String
        public var hostname: String

        public init(resolver: String, hosts: String, hostname: String) {
            self.resolver = resolver
            self.hosts = hosts
            self.hostname = hostname
        }
    }

    public var id: String
    /// As `RunPodSandbox` got it.
    public var config: CRIPodSandboxConfig
    public var hostname: String
    /// Where the pod's own namespaces are pinned: `network`, `ipc`, `uts`, `user`, and `pid` when its containers
    /// share one. Kinds that are absent are the node's.
    public var namespaces: [RuntimeSpec.Namespace.Kind: String]
    public var mappings: UserMappings?
    public var files: Files
    /// The pod's /dev/shm on the host; the host's own where the IPC namespace is.
    public var sharedMemory: String
    /// As in the plan.
    public var cgroupParent: String
    /// Those that its runtime gets to see.
    public var passedAnnotations = PassedAnnotations()
    /// The first process of a container of the same pod, by the container's id, for pid namespace TARGET.
    public var process: @Sendable (_ container: String) throws(TranslationError) -> Int32

    public init(
        id: String, config: CRIPodSandboxConfig, plan: SandboxPlan,
        namespaces: [RuntimeSpec.Namespace.Kind: String], files: Files, sharedMemory: String,
        process: @escaping @Sendable (_ container: String) throws(TranslationError) -> Int32
    ) {
        self.id = id
        self.config = config
        hostname = plan.hostname
        mappings = plan.mappings
        cgroupParent = plan.cgroupParent
        self.namespaces = namespaces
        self.files = files
        self.sharedMemory = sharedMemory
        self.process = process
    }

    /// Whether the network is the node's.
    var hasHostNetwork: Bool { namespaces[.network] == nil }
    var hasHostIPC: Bool { namespaces[.ipc] == nil }
}
