import OCISpec

extension ConfigBuilder {
    /// Where `--init` puts its program: in the container's own /dev, so that no file of the image is touched.
    public static let initPath = "/dev/init"

    /// What every container has mounted. A mount of the user's at the same place takes the place of ours.
    var standardMounts: [RuntimeSpec.Mount] {
        let sys = request.privileged ? ["nosuid", "noexec", "nodev"] : ["nosuid", "noexec", "nodev", "ro"]
        var standard = [
            RuntimeSpec.Mount(
                destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            RuntimeSpec.Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            RuntimeSpec.Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            ownNamespaces != nil && request.network == .host
                // Who does not own the network namespace may mount no sysfs that shows it.
                ? RuntimeSpec.Mount(
                    destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "rro"] + sys)
                : RuntimeSpec.Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: sys),
            RuntimeSpec.Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: sys),
            mqueue,
            sharedMemory,
        ]
        if let initProgram {
            standard.append(
                RuntimeSpec.Mount(
                    destination: Self.initPath, type: "bind", source: initProgram,
                    options: ["bind", "ro", "nosuid", "nodev"]))
        }
        let replaced = Set(mounts.map(\.destination))
        return standard.filter { !replaced.contains($0.destination) }
    }

    /// With the host's IPC namespace also its queues and its shared memory.
    private var mqueue: RuntimeSpec.Mount {
        request.hostIPC
            ? RuntimeSpec.Mount(
                destination: "/dev/mqueue", type: "bind", source: "/dev/mqueue",
                options: ["rbind", "nosuid", "noexec", "nodev"])
            : RuntimeSpec.Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue",
                options: ["nosuid", "noexec", "nodev"])
    }

    private var sharedMemory: RuntimeSpec.Mount {
        request.hostIPC
            ? RuntimeSpec.Mount(
                destination: "/dev/shm", type: "bind", source: "/dev/shm",
                options: ["rbind", "nosuid", "noexec", "nodev"])
            : RuntimeSpec.Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=\(request.sharedMemory)"])
    }
}
