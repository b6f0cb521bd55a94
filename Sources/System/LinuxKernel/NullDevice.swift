import CLinux
import Glibc

/// The null device (null(4)), which many have open: whoever owns a node of it can take everybody's rights to that.
public enum NullDevice {
    public static func isOne(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == dev_t(clinux_makedev(1, 3))
    }

    /// Opens one that is nobody else's, in a file system of its own without a name.
    /// - Throws: EPERM or EACCES where nodes cannot be made, as in a user namespace.
    public static func makePrivate() throws(KernelError) -> FileDescriptor {
        let folder = try Mount.new(type: "tmpfs", source: "null")
        _ = try check("mknod", "null") {
            mknodat(folder.descriptor.raw, "null", S_IFCHR | 0o666, dev_t(clinux_makedev(1, 3)))
        }
        let file = try folder.descriptor.openAt("null", O_RDWR)
        // Whatever the umask.
        _ = try check("chmod", "null") { fchmod(file.raw, 0o666) }
        return file
    }
}
