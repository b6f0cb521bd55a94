import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel

/// The unix socket over which a terminal's master changes hands (runc's console socket).
enum ConsoleSocket {
    static func connect(_ path: String) throws -> FileDescriptor {
        try UnixSocket.connect(stream: path)
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
