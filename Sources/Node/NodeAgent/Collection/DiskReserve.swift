import Glibc
import LinuxKernel
import Logging

/// Some space on the agent's disk that nobody else can take: whoever frees a full disk, has to write down what it does.
/// The runtime cannot even record that a container has ended, and without that removes nothing.
struct DiskReserve: Sendable {
    /// Bytes: a database's log of some hundred changes.
    private static let size: Int64 = 1 << 20

    private let path: String
    private let log: Logger

    /// - Parameter root: the agent's folder.
    init(root: String, log: Logger) {
        path = root + "/reserve"
        self.log = log
    }

    /// Takes the space, if there is much more than that.
    func take() {
        do {
            var status = stat()
            if stat(path, &status) == 0, Int64(status.st_blocks) * 512 >= Self.size { return }
            guard try FilesystemReading(path.splitAtLastComponent.parent).available > 8 * Self.size else {
                return
            }
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
            let errno = posix_fallocate(file.raw, 0, off_t(Self.size))
            if errno != 0 { throw KernelError("allocate", path, Errno(rawValue: errno)) }
        } catch {
            log.warning("hold a reserve on the disk: \(error)")
        }
    }

    /// Gives the space away, if there is little else.
    func release() {
        do {
            guard try FilesystemReading(path.splitAtLastComponent.parent).available < Self.size else {
                return
            }
            try AgentFiles.remove(path)
        } catch {
            log.warning("give up the reserve on the disk: \(error)")
        }
    }
}
