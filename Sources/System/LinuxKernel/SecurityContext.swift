import CLinux
import Glibc

extension FileDescriptor {
    /// Gives a file its SELinux context. File systems without contexts have one for all their files, and it stays.
    /// - Parameter name: the file's, for messages.
    public func setContext(_ context: String, name: String) throws(KernelError) {
        // By its path in /proc, as a descriptor of O_PATH takes no attributes.
        let result = context.withCString { setxattr(procPath, "security.selinux", $0, strlen($0) + 1, 0) }
        if result != 0, Errno.current != .notSupported { throw KernelError("label", name) }
    }
}
