import ContainerRuntime
import Glibc
import LinuxKernel

/// The unix socket that gets a pidfd of the new process (`--pidfd-socket`): runc's message, with runc's name
/// of how the process came to be.
final class PidfdSocket {
    private let socket: FileDescriptor
    private let kind: String

    /// - Parameter kind: `standard` for a container's first process, `setns` for one that joins it.
    init?(_ arguments: Arguments, kind: String) throws {
        guard let path = arguments["pidfd-socket"] else { return nil }
        socket = try UnixSocket.connect(stream: path)
        self.kind = kind
    }

    /// - Parameter undo: ends the process where nobody takes its pidfd.
    func send(_ process: StartedProcess, undo: () throws -> Void) throws {
        do {
            // As long as it is our child, or waits for its start, the number is its own.
            let handle = try ProcessHandle.open(process.pid)
            let name = Array(kind.utf8)
            try name.withUnsafeBytes { try socket.sendPacket($0, descriptors: [handle.descriptor.raw]) }
        } catch {
            try? undo()
            throw RuntimeError("--pidfd-socket", error)
        }
    }
}
