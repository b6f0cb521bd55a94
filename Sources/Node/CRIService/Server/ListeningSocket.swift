import CLinux
import Glibc
import LinuxKernel

/// The socket that clients find the daemon at: for root alone, and one daemon's at a time.
///
/// A lock on a file beside it tells a daemon that lives from a socket that a dead one left.
public final class ListeningSocket: Sendable {
    public let path: String
    /// Listening, non-blocking.
    private let socket: FileDescriptor
    private let lock: InstanceLock

    private static let backlog: Int32 = 128
    /// Of an address, without the zero at its end.
    private static let mostOfPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
    /// A longer path goes by the folder's descriptor, a number of four digits at most.
    private static let mostOfName = mostOfPath - "/proc/self/fd/1234/".utf8.count

    /// - Parameter path: absolute.
    /// - Throws: `ServerError` when somebody listens there or something else than a socket is there, `KernelError`.
    public init(_ path: String) throws {
        let (folder, name) = path.splitAtLastComponent
        guard path.utf8.first == UInt8(ascii: "/"), !name.isEmpty else {
            throw ServerError("socket '\(path)': not an absolute path of a file")
        }
        if let problem = Self.problem(path) { throw ServerError("socket '\(path)': \(problem)") }
        self.path = path
        try makePrivateFolders(folder)
        let parent = try FileDescriptor.open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY)
        lock = try InstanceLock(in: parent, "\(name).lock") { holder in
            "another instance\(holder) listens on \(path): stop it,"
                + " or give this one its own --root, --state and --listen"
        }
        if Self.answers(path) {
            throw ServerError(
                "another program listens on \(path): end it, or choose another socket with --listen")
        }
        socket = try Self.listen(in: parent, name, path)
    }

    /// Why no socket can be there; nil where one can.
    static func problem(_ path: String) -> String? {
        let name = path.splitAtLastComponent.name
        if path.utf8.count <= mostOfPath || name.utf8.count <= mostOfName { return nil }
        return "the path of a socket has at most \(mostOfPath) bytes, or else its file's name \(mostOfName)"
    }

    /// Removes the socket's file, so that clients are refused at once.
    public func remove() throws {
        if unlink(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
    }

    /// A descriptor for whoever accepts, and owns it from then on.
    func descriptor() throws -> Int32 { try socket.duplicate().release() }

    /// Whether a program without our lock listens there.
    private static func answers(_ path: String) -> Bool {
        do throws(KernelError) {
            _ = try UnixSocket.connect(stream: path)
            return true
        } catch {
            return false
        }
    }

    private static func listen(
        in folder: borrowing FileDescriptor, _ name: String, _ path: String
    ) throws -> FileDescriptor {
        var status = stat()
        if fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFSOCK {
            throw ServerError("\(path) is there, and no socket: remove it, or choose another with --listen")
        }
        if unlinkat(folder.raw, name, 0) != 0, Errno.current != .noEntry {
            throw KernelError("remove old socket", path)
        }
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let socket = FileDescriptor(
            owning: try check("socket", path) { Glibc.socket(AF_UNIX, Int32(kind), 0) })
        // The file gets the mode of the socket's inode less the umask: there is no moment in which others may enter.
        _ = try check("chmod", path) { fchmod(socket.raw, 0o600) }
        var address = sockaddr_un()
        let place = path.utf8.count <= mostOfPath ? path : "/proc/self/fd/\(folder.raw)/\(name)"
        guard place.utf8.count <= mostOfPath else { throw KernelError("bind", path, .nameTooLong) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: place.utf8) }
        _ = try check("bind", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_bind(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        _ = try check("listen", path) { Glibc.listen(socket.raw, backlog) }
        return socket
    }
}

/// Why the daemon does not start or go on, one line.
public struct ServerError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
