import CRIProtocol
import OCISpec

/// What every container of a pod has mounted, unless the CRI mounts something at the place.
struct StandardMountTable {
    let context: CRILinuxContainerSecurityContext
    let sandbox: SandboxFacts

    /// File systems of the kernel, first.
    var kernelMounts: [RuntimeSpec.Mount] {
        let access = context.privileged ? "rw" : "ro"
        let plain = ["nosuid", "noexec", "nodev"]
        return [
            RuntimeSpec.Mount(destination: "/proc", type: "proc", source: "proc", options: plain),
            RuntimeSpec.Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            RuntimeSpec.Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            // An instance for the IPC namespace in which the container runs, whose ever it is.
            RuntimeSpec.Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: plain),
            sys(plain, access),
            RuntimeSpec.Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: plain + ["relatime", access]),
        ]
    }

    /// A sysfs shows a network namespace, and only who owns that may mount one: not the root of a pod's user
    /// namespace in the node's network.
    private func sys(_ plain: [String], _ access: String) -> RuntimeSpec.Mount {
        if sandbox.namespaces[.user] != nil, sandbox.hasHostNetwork {
            return RuntimeSpec.Mount(
                destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "rro"] + plain)
        }
        return RuntimeSpec.Mount(
            destination: "/sys", type: "sysfs", source: "sysfs", options: plain + [access])
    }

    /// What the pod's containers share.
    var podMounts: [RuntimeSpec.Mount] {
        let files = sandbox.files
        let access = context.readonlyRootfs ? "ro" : "rw"
        let shared = [
            ("/etc/hostname", files.hostname), ("/etc/hosts", files.hosts),
            ("/etc/resolv.conf", files.resolver),
        ].map { destination, source in
            RuntimeSpec.Mount(
                destination: destination, type: "bind", source: source,
                options: ["rbind", "rprivate", access])
        }
        let memory = RuntimeSpec.Mount(
            destination: "/dev/shm", type: "bind", source: sandbox.sharedMemory,
            options: ["rbind", "rprivate", "nosuid", "noexec", "nodev", "rw"])
        return shared + [memory]
    }
}
