import Glibc
import LinuxKernel

extension ContainerCgroup {
    /// Hands the version 2 group to a user, so that a container of this user can divide it: the folder and the files
    /// that the kernel names as safe to hand over (cgroups(7), Delegation).
    public func delegate(toUser user: UInt32) throws(CgroupError) {
        let group = try requireUnified()
        // fchown(2) does not take an O_PATH descriptor.
        if fchownat(group.descriptor, ".", user, gid_t.max, 0) != 0 {
            throw .system("chown", group.path)
        }
        for file in try Self.delegatedFiles() {
            // Files of controllers that are not enabled here are not there.
            if fchownat(group.descriptor, file, user, gid_t.max, 0) != 0, Errno.current != .noEntry {
                throw .system("chown", "\(group.path)/\(file)")
            }
        }
    }

    private static func delegatedFiles() throws(CgroupError) -> [String] {
        do throws(KernelError) {
            let listed = try FileDescriptor.readFile("/sys/kernel/cgroup/delegate")
            return CgroupText.words(listed).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            // Before Linux 4.15, and where /sys is not shown.
            guard error.errno == .noEntry else { throw .kernel(error) }
            return ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]
        }
    }
}
