import CLinux
import Glibc
import LinuxKernel

/// The session keyring of a container's processes: none of them may have the caller's (keyrings(7)).
enum SessionKeyring {
    /// Leaves the caller's.
    static func leave(for id: String, log: Log) throws(KernelError) {
        let name = "_ses.\(id)"
        let joined = name.withCString { clinux_keyctl(1, Int(bitPattern: $0), 0) }
        if joined >= 0 { return }
        // Without keyrings in the kernel, or with too many of them, there is nothing to protect.
        let errno = Errno.current
        guard errno == .notImplemented || errno.rawValue == EDQUOT || errno == .notPermitted else {
            throw KernelError("join session keyring", name, errno)
        }
        log.warning("session keyring: \(errno)")
    }
}
