import Glibc

/// Room on a disk that nobody else can take, as a file: whoever frees a full disk has to write down what it does, and gives
/// this up for it.
public struct DiskReserve: Sendable {
    public let path: String
    /// Bytes.
    public let size: Int64

    /// How many times its size has to be there for it to be taken: who keeps the last room of a small disk fills it.
    private static let least: Int64 = 8

    public init(path: String, size: Int64) {
        self.path = path
        self.size = size
    }

    /// Takes the room, unless it is taken already or the disk has little more.
    public func take() throws(KernelError) {
        var status = stat()
        if stat(path, &status) == 0, Int64(status.st_blocks) * 512 >= size { return }
        guard try available() > Self.least * size else { return }
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let errno = posix_fallocate(file.raw, 0, off_t(size))
        if errno != 0 {
            unlink(path)
            throw KernelError("allocate", path, Errno(rawValue: errno))
        }
    }

    /// Whether the disk has less than the reserve beside it.
    public func isNeeded() throws(KernelError) -> Bool { try available() < size }

    /// - Returns: whether there was any.
    @discardableResult
    public func giveUp() throws(KernelError) -> Bool {
        if unlink(path) == 0 { return true }
        guard Errno.current == .noEntry else { throw KernelError("remove", path) }
        return false
    }

    /// Bytes that anybody may take.
    private func available() throws(KernelError) -> Int64 {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var disk = statvfs()
        _ = try check("statvfs", folder) { statvfs(folder.isEmpty ? "/" : folder, &disk) }
        return Int64(clamping: UInt64(disk.f_bavail) * UInt64(disk.f_frsize))
    }
}
