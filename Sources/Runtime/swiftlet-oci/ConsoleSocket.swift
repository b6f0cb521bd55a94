import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel

/// The unix socket over which a terminal's master changes hands (runc's console socket).
enum ConsoleSocket {
    static func connect(_ path: String) throws -> FileDescriptor {
        let connection = FileDescriptor(
            owning: try check("socket") {
                socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw RuntimeError("--console-socket: the path is longer than a socket's may be: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let number = connection.raw
        _ = try check("connect to console socket", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return connection
    }

    /// Takes the master that the runtime has sent.
    static func receive(_ socket: Int32) throws -> Int32 {
        var name = [UInt8](repeating: 0, count: 256)
        var master: Int32 = -1
        var count: Int32 = 0
        let received = clinux_receive_fds(socket, &name, name.count, &master, 1, &count)
        guard received > 0, count == 1 else { throw RuntimeError("the terminal did not arrive") }
        return master
    }
}
