import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Carries a service's word that it is ready from the container to the service manager (sd_notify(3)).
///
/// A socket of ours is shown to the container in a folder of its own. The manager hears from us, since it takes
/// such messages from its own service's processes only, and with the process id that it knows.
public final class NotifySocket {
    /// Connected to the service manager's.
    private let manager: FileDescriptor
    private var socket = FileDescriptor(owning: -1)

    /// Where the container finds it.
    static let folder = "/run/notify"
    static let name = "notify.sock"
    static var environment: String { "NOTIFY_SOCKET=\(folder)/\(name)" }

    static func mount(of container: String) -> RuntimeSpec.Mount {
        .init(
            destination: folder, type: "bind", source: "\(container)/\(ContainerFolder.notifyName)",
            options: ["bind", "nosuid", "noexec", "nodev", "ro"])
    }

    /// - Parameter address: the value of `NOTIFY_SOCKET`: a path, or after `@` an abstract name.
    /// - Throws: when nobody listens there.
    public init(address: String) throws {
        manager = try context("NOTIFY_SOCKET") { try UnixSocket.connect(datagrams: address) }
    }

    /// Listens in a container's folder, in the place of one that another command listened on.
    func open(in container: borrowing FileDescriptor) throws {
        if mkdirat(container.raw, ContainerFolder.notifyName, 0o755) != 0, Errno.current != .exists {
            throw KernelError("mkdir", ContainerFolder.notifyName)
        }
        let folder = try container.openAt(ContainerFolder.notifyName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        socket = try UnixSocket.bindDatagrams(in: folder, name: Self.name, mode: 0o777)
    }

    /// For poll(2): readable when there is something to `pass`; -1 when all was passed on.
    public var descriptor: Int32 { socket.raw }

    /// Takes one message, and tells the manager when it says that the service is ready.
    public func pass(mainProcess pid: Int32) throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            recv(socket.raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        guard count > 0 else { return }
        let lines = buffer[..<count].split(separator: UInt8(ascii: "\n"))
        guard let ready = lines.first(where: { $0.starts(with: "READY=".utf8) }) else { return }
        socket = FileDescriptor(owning: -1)
        try tell(Array(ready))
        try tell(Array("MAINPID=\(pid)".utf8))
    }

    /// Waits until the service is ready, or has ended.
    public func waitUntilReady(_ process: StartedProcess) throws {
        let handle: ProcessHandle
        do throws(KernelError) {
            handle = try ProcessHandle.open(process.pid)
        } catch {
            if error.errno == .noProcess { return }
            throw error
        }
        while descriptor >= 0 {
            var polls = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: handle.descriptor.raw, events: Int16(POLLIN), revents: 0),
            ]
            _ = try check("poll") { poll(&polls, 2, -1) }
            if polls[0].revents != 0 {
                try pass(mainProcess: process.pid)
            } else if polls[1].revents != 0 {
                return
            }
        }
    }

    private func tell(_ message: [UInt8]) throws {
        _ = try check("send to", "NOTIFY_SOCKET") {
            message.withUnsafeBytes {
                send(manager.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
