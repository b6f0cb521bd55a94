import ContainerCLI
import Glibc
import LinuxKernel

/// The lowest layer of every container's root: files and folders that an image need not have and that every pod has
/// mounts at. Where it has none of its own nothing has to be made at its start, in the writable layer: four files and
/// the copy of a folder each time.
enum MountPoints {
    private static let folders = ["dev", "etc", "proc", "sys"]
    private static let files = ["etc/hostname", "etc/hosts", "etc/resolv.conf"]

    /// Everybody in a container may look at them.
    static func make(in root: String) throws {
        try makeFolders(root)
        for path in [root] + folders.map({ root + "/" + $0 }) {
            if mkdir(path, 0o755) != 0, Errno.current != .exists { throw KernelError("mkdir", path) }
            // Whatever the umask was.
            if chmod(path, 0o755) != 0 { throw KernelError("chmod", path) }
        }
        for name in files {
            let path = root + "/" + name
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
            if fchmod(file.raw, 0o644) != 0 { throw KernelError("chmod", path) }
        }
    }
}
