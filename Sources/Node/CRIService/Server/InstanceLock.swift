import Glibc
import LinuxKernel

/// Says that one process has something for itself, as long as it lives: the kernel drops the lock with the process, so
/// nothing has to be cleaned up after a kill.
final class InstanceLock: Sendable {
    private let file: FileDescriptor

    /// - Parameters:
    ///   - name: the lock's file in the folder, made when it is missing.
    ///   - busy: what to say when another process has it; given that process, as `(process 7)` with a space before it, or nothing.
    /// - Throws: `ServerError`, `KernelError`.
    init(in folder: borrowing FileDescriptor, _ name: String, busy: (String) -> String) throws {
        let file = try folder.openAt(name, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        if flock(file.raw, LOCK_EX | LOCK_NB) != 0 {
            guard Errno.current == .again else { throw KernelError("lock", name) }
            let holder = Int32(String(decoding: try file.readToEnd(limit: 64), as: UTF8.self))
            throw ServerError(busy(holder.map { " (process \($0))" } ?? ""))
        }
        _ = try check("truncate", name) { ftruncate(file.raw, 0) }
        try file.writeAll("\(getpid())")
        self.file = file
    }
}

/// Makes the folders on the way that are missing, for root alone.
func makePrivateFolders(_ path: String) throws(KernelError) {
    var made = ""
    for component in path.split(separator: "/") {
        made += "/" + component
        if mkdir(made, made == "/run" ? 0o755 : 0o700) != 0, Errno.current != .exists {
            throw KernelError("make folder", made)
        }
    }
}
