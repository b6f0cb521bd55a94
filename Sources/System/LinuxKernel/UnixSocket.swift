import CLinux
import Glibc

/// Unix sockets, most of type SOCK_SEQPACKET: connected, reliable, and one send is one receive (unix(7)).
public enum UnixSocket {
    /// What connects.
    public enum Kind: Sendable {
        case packets, stream

        fileprivate var number: Int32 {
            Int32(self == .stream ? SOCK_STREAM.rawValue : SOCK_SEQPACKET.rawValue)
        }
    }

    /// Makes, binds and listens on `name` in `folder`, replacing a socket that a dead process left there.
    /// Mode 0600. Not limited by the 107 bytes of a socket address, as the folder goes by descriptor.
    public static func listen(
        in folder: borrowing FileDescriptor, name: String, type: Kind = .packets, backlog: Int32 = 128
    ) throws(KernelError) -> FileDescriptor {
        let socket = try make(type, Int32(SOCK_NONBLOCK.rawValue))
        if unlinkat(folder.raw, name, 0) != 0, Errno.current != .noEntry {
            throw KernelError("remove old socket", name)
        }
        // The mode of a socket's file is that of the socket's inode less the umask; fchmod before bind sets it.
        _ = try check("chmod", name) { fchmod(socket.raw, 0o600) }
        var address = try address("/proc/self/fd/\(folder.raw)/\(name)", name)
        _ = try check("bind", name) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_bind(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        _ = try check("listen", name) { Glibc.listen(socket.raw, backlog) }
        return socket
    }

    /// Connects to `name` in `folder`. The socket stays blocking.
    /// - Parameter milliseconds: longest wait for a place in the listener's queue; EAGAIN after it.
    public static func connect(
        in folder: borrowing FileDescriptor, name: String, milliseconds: Int
    ) throws(KernelError) -> FileDescriptor {
        let socket = try make(.packets, 0)
        var patience = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        _ = try check("setsockopt SO_SNDTIMEO", name) {
            setsockopt(socket.raw, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = try address("/proc/self/fd/\(folder.raw)/\(name)", name)
        _ = try check("connect to", name) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return socket
    }

    /// Connects to a socket of type SOCK_STREAM, whatever the length of its path.
    public static func connect(stream path: String) throws(KernelError) -> FileDescriptor {
        let socket = FileDescriptor(
            owning: try check("socket") {
                Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        let (parent, name) = path.splitAtLastComponent
        let isAtRoot = parent.isEmpty && path.utf8.first == UInt8(ascii: "/")
        let folder = try FileDescriptor.open(
            isAtRoot ? "/" : parent.isEmpty ? "." : parent, O_PATH | O_DIRECTORY)
        var address = try address("/proc/self/fd/\(folder.raw)/\(name)", path)
        _ = try check("connect to", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return socket
    }

    /// Binds a socket of type SOCK_DGRAM to `name` in `folder`, replacing one that is there.
    public static func bindDatagrams(
        in folder: borrowing FileDescriptor, name: String, mode: mode_t
    ) throws(KernelError) -> FileDescriptor {
        let socket = try makeDatagram()
        if unlinkat(folder.raw, name, 0) != 0, Errno.current != .noEntry {
            throw KernelError("remove old socket", name)
        }
        var address = try address("/proc/self/fd/\(folder.raw)/\(name)", name)
        _ = try check("bind", name) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_bind(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        // Whatever the umask says.
        _ = try check("chmod", name) { fchmodat(folder.raw, name, mode, 0) }
        return socket
    }

    /// Connects to a socket of type SOCK_DGRAM.
    /// - Parameter text: a path, or after `@` an abstract name (unix(7)).
    public static func connect(datagrams text: String) throws(KernelError) -> FileDescriptor {
        let socket = try makeDatagram()
        var address = try address(text, text)
        let isAbstract = text.utf8.first == UInt8(ascii: "@")
        if isAbstract { address.sun_path.0 = 0 }
        // An abstract name ends where the address does, a path with a zero.
        let length = MemoryLayout<sa_family_t>.size + text.utf8.count + (isAbstract ? 0 : 1)
        _ = try check("connect to", text) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(socket.raw, $0, socklen_t(length))
                }
            }
        }
        return socket
    }

    private static func makeDatagram() throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("socket") {
                socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    /// Takes the next client of a listening socket: non-blocking, or nil when none waits.
    public static func accept(_ listener: borrowing FileDescriptor) throws(KernelError) -> FileDescriptor? {
        let fd: Int32
        do throws(KernelError) {
            fd = try check("accept", "descriptor \(listener.raw)") {
                accept4(
                    listener.raw, __SOCKADDR_ARG(), nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
                )
            }
        } catch {
            // A client that has already left is no error of the listener.
            if error.errno == .again || error.errno.rawValue == ECONNABORTED { return nil }
            throw error
        }
        return FileDescriptor(owning: fd)
    }

    /// The user whose process is at the other end, as it was when it connected (SO_PEERCRED, unix(7)).
    public static func peerUser(of socket: borrowing FileDescriptor) throws(KernelError) -> UInt32 {
        var peer = ucred()
        var size = socklen_t(MemoryLayout<ucred>.size)
        _ = try check("getsockopt SO_PEERCRED", "descriptor \(socket.raw)") {
            getsockopt(socket.raw, SOL_SOCKET, SO_PEERCRED, &peer, &size)
        }
        return peer.uid
    }

    /// Two connected sockets of type SOCK_STREAM, close-on-exec: `read` and `write` are alike.
    public static func streamPair() throws(KernelError) -> Pipe {
        var ends: (Int32, Int32) = (-1, -1)
        _ = try check("socketpair") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, $0)
                }
            }
        }
        return Pipe(read: FileDescriptor(owning: ends.0), write: FileDescriptor(owning: ends.1))
    }

    private static func make(_ type: Kind, _ flags: Int32) throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("socket") {
                socket(AF_UNIX, type.number | Int32(SOCK_CLOEXEC.rawValue) | flags, 0)
            })
    }

    private static func address(_ path: String, _ name: String) throws(KernelError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        var path = path
        let fits = path.withUTF8 { bytes in
            // One byte is left for the terminating zero.
            guard bytes.count < capacity else { return false }
            withUnsafeMutableBytes(of: &address.sun_path) {
                $0.copyMemory(from: UnsafeRawBufferPointer(bytes))
            }
            return true
        }
        guard fits else { throw KernelError("socket address", name, .nameTooLong) }
        return address
    }
}

extension FileDescriptor {
    /// Sends one packet, with up to 8 descriptors. Never raises SIGPIPE.
    public func sendPacket(
        _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = []
    ) throws(KernelError) {
        _ = try check("send", "descriptor \(raw)") {
            clinux_send_fds(raw, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count))
        }
    }

    /// Sends one packet, with up to 8 descriptors. Never raises SIGPIPE.
    public func sendPacket(_ bytes: [UInt8], descriptors: [Int32] = []) throws(KernelError) {
        let failure: KernelError? = bytes.withUnsafeBytes { buffer in
            do throws(KernelError) {
                try sendPacket(buffer, descriptors: descriptors)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Receives one packet: 0 when the peer has closed. What does not fit into `buffer` is lost, so a full
    /// buffer means a packet that was too long. The caller owns the descriptors, which are close-on-exec.
    public func receivePacket(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(KernelError) -> (count: Int, descriptors: [Int32]) {
        let capacity = 8
        var passed = [Int32]()
        var failure: KernelError?
        let count = withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity) { fds -> Int in
            var number: Int32 = 0
            let count = clinux_receive_fds(
                raw, buffer.baseAddress, buffer.count, fds.baseAddress, Int32(capacity), &number)
            if count < 0 {
                failure = KernelError("receive", "descriptor \(raw)")
                return 0
            }
            if number > 0 { passed = Array(fds[0..<Int(number)]) }
            return count
        }
        if let failure { throw failure }
        return (count, passed)
    }
}
