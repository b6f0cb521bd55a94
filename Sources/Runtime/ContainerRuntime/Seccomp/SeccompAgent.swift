import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The agent outside of the container that answers system calls which a filter hands to user space
/// (config-linux.md, "The Container Process State").
enum SeccompAgent {
    private static let descriptorName = "seccompFd"

    /// Takes the descriptor that loading the filter made in `process`, which waits, and sends it to the agent
    /// with a description of the process.
    static func handOver(
        _ listener: SeccompFilter.Listener, of process: borrowing ProcessHandle, state: ContainerState
    ) throws {
        let descriptor = try take(from: process)
        let agent = try context("seccomp agent") { try UnixSocket.connect(stream: listener.path) }
        let description = ContainerProcessState(
            fds: [descriptorName], pid: process.pid,
            metadata: listener.metadata.isEmpty ? nil : listener.metadata, state: state)
        try context("seccomp agent \(listener.path)") {
            try agent.sendPacket(description.json(), descriptors: [descriptor.raw])
        }
    }

    /// A copy of the one descriptor in the process that is a filter's.
    private static func take(from process: borrowing ProcessHandle) throws -> FileDescriptor {
        let folder = "/proc/\(process.pid)/fd"
        for name in try FileDescriptor.listing(of: folder).map(\.name) {
            guard let number = Int32(name), try isFilter("\(folder)/\(name)") else { continue }
            return FileDescriptor(
                owning: Int32(
                    try check("pidfd_getfd", "\(folder)/\(name)") {
                        clinux_syscall(
                            Int(SYS_pidfd_getfd), Int(process.descriptor.raw), Int(number), 0, 0, 0, 0)
                    }))
        }
        throw RuntimeError("the filter's descriptor is not in process \(process.pid)")
    }

    private static func isFilter(_ link: String) throws(KernelError) -> Bool {
        var target = [UInt8](repeating: 0, count: 64)
        let count = try check("readlink", link) { readlink(link, &target, target.count) }
        return target[..<count].elementsEqual("anon_inode:seccomp notify".utf8)
    }
}
