import CLinux
import Glibc
import LinuxKernel

/// Sockets that belong to a pod's network, for programs that stay outside of it.
public enum PodSockets {
    /// A TCP socket of the pinned namespace.
    public static func stream(in namespace: String, isVersion6: Bool) throws(KernelError) -> FileDescriptor {
        try PinnedNamespace.enter(namespace) { () throws(KernelError) in try stream(isVersion6: isVersion6) }
    }

    public static func stream(isVersion6: Bool) throws(KernelError) -> FileDescriptor {
        let family = isVersion6 ? AF_INET6 : AF_INET
        return FileDescriptor(
            owning: try check("socket", "TCP") {
                socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    /// Blocks until the connection is there or refused: who listens on a loopback interface answers at once, or his
    /// queue is full.
    public static func connectToLoopback(
        _ socket: borrowing FileDescriptor, port: UInt16, isVersion6: Bool
    ) throws(KernelError) {
        let raw = socket.raw
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        _ = setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let what = "\(isVersion6 ? "[::1]" : "127.0.0.1"):\(port)"
        if isVersion6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            try connect(raw, &address, what)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            try connect(raw, &address, what)
        }
    }

    private static func connect<Address>(
        _ socket: Int32, _ address: inout Address, _ what: String
    ) throws(KernelError) {
        let size = socklen_t(MemoryLayout<Address>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { clinux_connect(socket, $0, size) }
        }
        if result != 0 { throw KernelError("connect to", what) }
    }
}
