import CLinux
import Glibc
import LinuxKernel
import OCISpec

// Small files of ours: plain, whole or not there, never followed where a link leads.

/// A file of ours that is not what it should be.
public struct NetworkFileError: Error, CustomStringConvertible, Sendable {
    public let path: String
    public let reason: JSONError

    public var description: String { "read \(path): \(reason)" }
}

enum StateFiles {
    /// What the name of a file ends in that is just being written.
    static let unfinished = ".new"

    /// - Returns: nil where there is no such file.
    static func read<Value: JSONDecodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value?
    {
        // Nor can there be one whose name is too long: of a folder that somebody has made, say.
        guard let bytes = try FileDescriptor.readFileIfThere(path, limit: 4 << 20, absent: .nameTooLong)
        else {
            return nil
        }
        do throws(JSONError) {
            return try Value(json: bytes)
        } catch {
            throw NetworkFileError(path: path, reason: error)
        }
    }

    /// Writes a file beside the path and renames it over it.
    /// - Parameter isDurable: it is on the disk before this returns.
    static func write(_ path: String, _ bytes: [UInt8], isDurable: Bool = false) throws(KernelError) {
        let temporary = path + unfinished
        let file = try FileDescriptor.open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        do throws(KernelError) {
            try file.writeAll(bytes)
            if isDurable { try file.sync() }
        } catch {
            unlink(temporary)
            throw KernelError("write", temporary, error.errno)
        }
        if rename(temporary, path) != 0 { throw KernelError("rename \(temporary) to", path) }
        if isDurable {
            try FileDescriptor.open(path.splitAtLastComponent.parent, O_RDONLY | O_DIRECTORY).sync()
        }
    }

    /// mkdir(2) of every missing folder on the way, for root only.
    static func makeFolders(_ path: String) throws(KernelError) {
        if mkdir(path, 0o700) == 0 || Errno.current == .exists { return }
        guard Errno.current == .noEntry, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")),
            slash != path.startIndex
        else { throw KernelError("mkdir", path) }
        try makeFolders(String(path[..<slash]))
        if mkdir(path, 0o700) != 0, Errno.current != .exists { throw KernelError("mkdir", path) }
    }

    /// The names in a folder; none where there is no folder.
    static func names(in path: String) throws(KernelError) -> [String] {
        guard let stream = opendir(path) else {
            if Errno.current == .noEntry { return [] }
            throw KernelError("read folder", path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.utf8.first != UInt8(ascii: ".") { names.append(name) }
        }
        return names
    }

    /// Removes a file; none there is no error.
    static func remove(_ path: String) throws(KernelError) {
        if unlink(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
    }

    // MARK: Claims

    /// Claims a name by a symbolic link to its owner, in one system call.
    /// - Returns: whether nobody had it.
    static func claim(_ path: String, for owner: String) throws(KernelError) -> Bool {
        if symlink(owner, path) == 0 { return true }
        if Errno.current == .exists { return false }
        throw KernelError("claim", path)
    }

    /// Whose claim it is; nil when it is nobody's.
    static func claimant(_ path: String) throws(KernelError) -> String? {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = readlink(path, &buffer, buffer.count)
        if count < 0 {
            if Errno.current == .noEntry { return nil }
            throw KernelError("read link", path)
        }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The lock over addresses and ports: held for the moments in which they are chosen. The kernel gives it free when
/// its holder ends.
struct StateLock: ~Copyable {
    private let file: FileDescriptor

    /// Milliseconds. A holder that was stopped must not stop everybody.
    private static let patience = 10_000

    static func take(_ path: String) throws -> StateLock {
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let deadline = monotonicMilliseconds() + patience
        while true {
            do throws(KernelError) {
                _ = try check("lock", path) { flock(file.raw, LOCK_EX | LOCK_NB) }
                return StateLock(file: file)
            } catch {
                guard error.errno == .again else { throw error }
                if monotonicMilliseconds() > deadline {
                    throw NetworkError(
                        "\(path) has been locked by another program for \(patience / 1000) seconds (see /proc/locks)"
                    )
                }
                usleep(300)
            }
        }
    }
}
