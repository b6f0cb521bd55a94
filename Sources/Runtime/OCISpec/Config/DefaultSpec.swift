/// The configuration that the command `spec` writes, to start from. Its content is that of
/// `runc spec`, but for the version and the host name.
extension RuntimeSpec {
    /// - Parameter cgroupNamespace: whether the container gets a cgroup namespace, as `runc spec` does
    ///   on hosts with nothing but cgroup v2.
    public static func example(cgroupNamespace: Bool = false) -> RuntimeSpec {
        var spec = RuntimeSpec()
        spec.process = exampleProcess
        spec.root = Root(path: "rootfs", readonly: true)
        spec.hostname = "swiftlet"
        spec.mounts = exampleMounts

        var linux = Linux()
        var resources = Resources()
        resources.devices = [DeviceRule(allow: false)]
        linux.resources = resources
        linux.namespaces = [
            Namespace(.pid), Namespace(.network), Namespace(.ipc), Namespace(.uts), Namespace(.mount),
        ]
        if cgroupNamespace { linux.namespaces.append(Namespace(.cgroup)) }
        linux.maskedPaths = defaultMaskedPaths
        linux.readonlyPaths = defaultReadonlyPaths
        spec.linux = linux
        return spec
    }

    /// The variant for an ordinary user, who becomes root of a user namespace: the host's network, no
    /// limits, the host's sysfs (a new one needs an own network namespace), and no mount option that
    /// names an unmapped group.
    public static func rootlessExample(uid: UInt32, gid: UInt32, cgroupNamespace: Bool = false) -> RuntimeSpec
    {
        var spec = example(cgroupNamespace: cgroupNamespace)
        for index in spec.mounts.indices {
            if spec.mounts[index].destination == "/sys" {
                spec.mounts[index].type = "none"
                spec.mounts[index].source = "/sys"
                spec.mounts[index].options.insert("rbind", at: 0)
            }
            spec.mounts[index].options.removeAll { $0.utf8.starts(with: "gid=".utf8) }
        }
        var linux = spec.linux ?? Linux()
        linux.resources = nil
        linux.namespaces.removeAll { $0.type == .network }
        linux.namespaces.append(Namespace(.user))
        linux.uidMappings = [IDMapping(containerID: 0, hostID: uid, size: 1)]
        linux.gidMappings = [IDMapping(containerID: 0, hostID: gid, size: 1)]
        spec.linux = linux
        return spec
    }

    /// Paths that tell about the host or change it, hidden by default.
    public static var defaultMaskedPaths: [String] {
        [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]
    }

    /// Paths that change the host when written, read-only by default.
    public static var defaultReadonlyPaths: [String] {
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    }

    private static var exampleProcess: Process {
        var process = Process(args: ["sh"])
        process.terminal = true
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
        let names = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        var capabilities = Capabilities()
        capabilities.bounding = names
        capabilities.effective = names
        capabilities.permitted = names
        process.capabilities = capabilities
        process.rlimits = [Rlimit(type: .openFiles, hard: 1024, soft: 1024)]
        process.noNewPrivileges = true
        return process
    }

    private static var exampleMounts: [Mount] {
        [
            Mount(destination: "/proc", type: "proc", source: "proc"),
            Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue",
                options: ["nosuid", "noexec", "nodev"]),
            Mount(
                destination: "/sys", type: "sysfs", source: "sysfs",
                options: ["nosuid", "noexec", "nodev", "ro"]),
            Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "noexec", "nodev", "relatime", "ro"]),
        ]
    }
}
