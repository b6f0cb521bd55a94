import CRIProtocol
import CRIService
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// A sandbox, a node and a container's root, as the translation needs them; everything else is the tests' own.
final class TranslationBench {
    let folder: String
    var node = NodeFacts()
    var sandboxConfig = TranslationBench.sandboxConfig
    var image = ImageConfig.Defaults()
    var container = CRIContainerConfig()
    /// Of the pod's namespaces.
    var namespaces: [RuntimeSpec.Namespace.Kind: String] = [
        .network: "/run/pod/net", .ipc: "/run/pod/ipc", .uts: "/run/pod/uts",
    ]
    var files = SandboxFacts.Files(
        resolver: "/run/pod/resolv.conf", hosts: "/run/pod/hosts", hostname: "/run/pod/hostname")
    var sharedMemory = "/run/pod/shm"
    var passedAnnotations = PassedAnnotations()

    static var sandboxConfig: CRIPodSandboxConfig {
        var config = CRIPodSandboxConfig()
        config.metadata.name = "web"
        config.metadata.namespace = "shop"
        config.metadata.uid = "u-1"
        config.hostname = "web-0"
        config.logDirectory = "/var/log/pods/web"
        config.linux.cgroupParent = "/kubepods/podu-1"
        config.linux.securityContext.namespaceOptions.pid = .container
        return config
    }

    init() throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        for name in ["root", "root/etc", "container"] { try #require(mkdir("\(folder)/\(name)", 0o755) == 0) }
        try writeUsers()
        node.capabilities = NodeFacts.everyCapability
        node.kernelCapabilities = NodeFacts.everyCapability
        node.cdiFolders = ["\(folder)/cdi", "\(folder)/cdi-run"]
        image.entrypoint = ["/bin/server"]
        container.metadata.name = "main"
        container.linux.securityContext.namespaceOptions.pid = .container
    }

    /// The users that the tests know.
    func writeUsers() throws {
        try write(
            "root/etc/passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            alice:x:1000:1001:Alice:/home/alice:/bin/sh
            4242:x:0:0:a root with digits for a name:/root:/bin/sh
            """)
        try write(
            "root/etc/group",
            """
            root:x:0:
            staff:x:50:alice
            audio:x:29:bob,alice
            """)
    }

    deinit {
        do { try removeTree(folder) } catch { Issue.record("\(error)") }
    }

    func write(_ path: String, _ text: String) throws {
        let file = try FileDescriptor.open("\(folder)/\(path)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll(text)
    }

    func read(_ path: String) throws -> String {
        String(decoding: try FileDescriptor.readFile("\(folder)/\(path)"), as: UTF8.self)
    }

    func make(_ path: String) throws { try #require(mkdir("\(folder)/\(path)", 0o755) == 0) }

    var sandbox: SandboxFacts {
        get throws {
            var facts = SandboxFacts(
                id: "pod1", config: sandboxConfig, plan: try SandboxPlan(sandboxConfig, facts: node),
                namespaces: namespaces, files: files, sharedMemory: sharedMemory,
                process: { (id) throws(TranslationError) in
                    guard id == "other" else { throw TranslationError(.notFound, "target_id", "no \(id)") }
                    return 77
                })
            facts.passedAnnotations = passedAnnotations
            return facts
        }
    }

    func plan() throws -> ContainerPlan {
        try ContainerPlan(
            container, sandbox: sandbox, image: image,
            root: FileDescriptor.open("\(folder)/root", O_PATH | O_DIRECTORY),
            place: ContainerPlan.Place(
                id: "c1", folder: "\(folder)/container", root: "rootfs", imageName: "docker.io/library/web:1"),
            facts: node)
    }

    /// The translation has to be refused.
    func refusal(_ location: SourceLocation = #_sourceLocation) throws -> TranslationError {
        try #require(throws: TranslationError.self, sourceLocation: location) { try self.plan() }
    }
}

extension NodeFacts {
    static let everyCapability = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
        "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP",
        "CAP_SYSLOG",
    ]
}

extension RuntimeSpec {
    func mount(_ destination: String) -> Mount? { mounts.last { $0.destination == destination } }
    func namespace(_ kind: Namespace.Kind) -> Namespace? { linux?.namespace(kind) }
}

extension CRIKeyValue {
    init(_ key: String, _ value: String) {
        self.init()
        self.key = key
        self.value.append(contentsOf: value.utf8)
    }
}

extension CRIIDMapping {
    init(_ container: UInt32, _ host: UInt32, _ length: UInt32) {
        self.init()
        containerID = container
        hostID = host
        self.length = length
    }
}
