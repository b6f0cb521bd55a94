import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The first process of a pod whose containers share a pid namespace: `swiftlet-init`, which reaps and waits. It is
/// alone in a root of its own, as nobody, without capabilities, in the pod's namespaces and group.
public enum PodInit {
    /// Nobody's: no process of an image has it by chance.
    private static let user: UInt32 = 65_535
    private static let program = "/swiftlet-init"

    /// Writes the bundle for `PodSupervision.sharedPID`.
    /// - Parameters:
    ///   - folder: made if missing.
    ///   - pod: whose pinned namespaces the init joins.
    ///   - program: path of `swiftlet-init` on the host; bound read-only into the init's root.
    ///   - cgroupsPath: of a group for the init alone, below the pod's.
    ///   - seccomp: the init needs very little.
    public static func writeBundle(
        in folder: String, pod: PodSupervision, program: String, cgroupsPath: String,
        seccomp: RuntimeSpec.Seccomp? = nil
    ) throws(KernelError) {
        for path in [folder, folder + "/rootfs", folder + "/rootfs/dev"] {
            if mkdir(path, 0o755) != 0, Errno.current != .exists { throw KernelError("mkdir", path) }
        }
        // What stands for the program must be there: a root of the pod's user namespace could not make it.
        _ = try FileDescriptor.open(
            folder + "/rootfs" + Self.program, O_RDONLY | O_CREAT | O_NOFOLLOW, mode: 0o444)
        let spec = configuration(pod, program: program, cgroupsPath: cgroupsPath, seccomp)
        try replaceFile(folder + "/config.json", with: spec.json())
    }

    private static func configuration(
        _ pod: PodSupervision, program: String, cgroupsPath: String, _ seccomp: RuntimeSpec.Seccomp?
    ) -> RuntimeSpec {
        var process = RuntimeSpec.Process(args: [Self.program, "--pause"])
        process.user = RuntimeSpec.User(
            uid: mapped(pod.uidMappings), gid: mapped(pod.gidMappings), umask: nil, additionalGids: [])
        process.capabilities = RuntimeSpec.Capabilities()
        process.noNewPrivileges = true
        // With it all containers of the pod end.
        process.oomScoreAdj = -998

        var linux = RuntimeSpec.Linux()
        linux.namespaces = [.init(.pid), .init(.mount)]
        for namespace in pod.namespaces {
            linux.namespaces.append(.init(.init(namespace.kind), path: namespace.path))
        }
        linux.cgroupsPath = cgroupsPath
        linux.seccomp = seccomp
        var resources = RuntimeSpec.Resources()
        resources.devices = [RuntimeSpec.DeviceRule(allow: false)]
        linux.resources = resources

        var spec = RuntimeSpec()
        spec.process = process
        spec.root = RuntimeSpec.Root(path: "rootfs", readonly: true)
        spec.mounts = [
            .init(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "noexec", "mode=755", "size=64k", "ro"]),
            .init(
                destination: Self.program, type: "bind", source: program,
                options: ["bind", "ro", "nosuid", "nodev"]),
        ]
        spec.linux = linux
        return spec
    }

    /// Nobody's id, or the highest that the pod's user namespace has.
    private static func mapped(_ mappings: [RuntimeSpec.IDMapping]) -> UInt32 {
        func has(_ id: UInt32) -> Bool {
            mappings.contains { $0.containerID <= id && id - $0.containerID < $0.size }
        }
        if mappings.isEmpty || has(user) { return user }
        return mappings.map { $0.containerID &+ ($0.size &- 1) }.max() ?? user
    }

    /// By which the runtime knows it.
    static func container(of pod: ContainerID) throws(RuntimeError) -> ContainerID {
        try ContainerID(pod.text + "-init")
    }
}

extension RuntimeSpec.Namespace.Kind {
    init(_ kind: PodNamespace.Kind) {
        switch kind {
        case .network: self = .network
        case .ipc: self = .ipc
        case .uts: self = .uts
        case .user: self = .user
        }
    }
}
