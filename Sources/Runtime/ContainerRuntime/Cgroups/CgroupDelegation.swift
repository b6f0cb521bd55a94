import Glibc
import LinuxKernel

extension ContainerCgroup {
    /// Hands the version 2 group to a user, so that an init in a user namespace can divide it: the folder and
    /// the files that the kernel names as safe to hand over (cgroups(7), Delegation).
    public func delegate(toUser user: UInt32) throws(CgroupError) {
        let group = try requireUnified()
        let listed: [UInt8]
        do throws(KernelError) {
            listed = try FileDescriptor.readFile("/sys/kernel/cgroup/delegate")
        } catch {
            throw .kernel(error)
        }
        // fchown(2) does not take an O_PATH descriptor.
        if fchownat(group.descriptor, ".", user, gid_t.max, 0) != 0 {
            throw .system("chown", group.path)
        }
        for word in CgroupText.words(listed) {
            let file = String(decoding: word, as: UTF8.self)
            // Files of controllers that are not enabled here are not there.
            if fchownat(group.descriptor, file, user, gid_t.max, 0) != 0, Errno.current != .noEntry {
                throw .system("chown", "\(group.path)/\(file)")
            }
        }
    }
}
