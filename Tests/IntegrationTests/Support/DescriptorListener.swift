import CLinux
import Glibc
import LinuxKernel

/// Listens where the runtime sends a descriptor: a terminal's master, a pidfd.
struct DescriptorListener: ~Copyable {
    let path: String
    private let listener: FileDescriptor

    init(_ path: String) throws {
        self.path = path
        listener = FileDescriptor(
            owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_bind(listener.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener.raw, 4) == 0 else { throw KernelError("listen", path) }
    }

    /// - Parameter name: what the message must say; nil: anything.
    func receive(named name: String? = nil) throws -> FileDescriptor {
        try wait(for: listener, "nobody connects")
        guard let socket = try UnixSocket.accept(listener) else { throw TestFailure("nobody connects") }
        try wait(for: socket, "no descriptor came")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { buffer.deallocate() }
        let (count, descriptors) = try socket.receivePacket(into: buffer)
        guard count > 0, descriptors.count == 1 else { throw TestFailure("no descriptor came") }
        let descriptor = FileDescriptor(owning: descriptors[0])
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        if let name, text != name { throw TestFailure("\(text) came in place of \(name)") }
        return descriptor
    }

    private func wait(for socket: borrowing FileDescriptor, _ failure: String) throws {
        var waiting = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 5000) > 0 else { throw TestFailure(failure) }
    }
}
