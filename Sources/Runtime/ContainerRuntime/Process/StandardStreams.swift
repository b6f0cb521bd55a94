import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Where a container's standard input and outputs lead.
public enum StandardStreams: Sendable {
    /// The runtime's own.
    case inherit
    /// Open descriptors of the caller, which stay its own.
    case descriptors(input: Int32, output: Int32, error: Int32)
    /// A new terminal of the container, whose master goes over this connected unix socket (SCM_RIGHTS).
    case terminal(socket: Int32)
}

enum Streams {
    /// Makes descriptors 0, 1 and 2 of the new process.
    /// - Parameter root: the container's root.
    static func install(
        _ streams: StandardStreams, process: RuntimeSpec.Process, root: borrowing FileDescriptor,
        bindConsole: Bool
    ) throws {
        switch streams {
        case .inherit: break
        case .descriptors(let input, let output, let error):
            try place([input, output, error])
        case .terminal(let socket):
            try installTerminal(socket, process, root, bindConsole)
        }
    }

    /// dup2(2) of several at once, none overwritten before it was copied.
    private static func place(_ sources: [Int32]) throws {
        var copies: [Int32] = []
        for source in sources {
            copies.append(
                try check("dup", "descriptor \(source)") { clinux_fcntl(source, F_DUPFD_CLOEXEC, 3) })
        }
        for (number, copy) in copies.enumerated() {
            _ = try check("dup2", "descriptor \(number)") { dup2(copy, Int32(number)) }
            close(copy)
        }
    }

    private static func installTerminal(
        _ socket: Int32, _ process: RuntimeSpec.Process, _ root: borrowing FileDescriptor, _ bindConsole: Bool
    ) throws {
        let terminal = try context("open terminal") {
            let master = try root.openInRoot("/dev/pts/ptmx", O_RDWR | O_NOCTTY)
            guard try master.fileSystemType() == 0x1cd1 else {
                throw RuntimeError("/dev/pts/ptmx is not on a devpts")
            }
            return try PseudoTerminal(master: master)
        }
        if let size = process.consoleSize {
            try terminal.slave.setTerminalSize(TerminalSize(rows: size.height, columns: size.width))
        }
        // The user must be able to open its own terminal anew.
        _ = fchown(terminal.slave.raw, process.user.uid, gid_t.max)
        if bindConsole {
            let place = try consolePlace(root)
            let copy = try LinuxKernel.Mount.clone(of: terminal.slave, recursive: false, name: "terminal")
            try copy.attach(on: place, name: "/dev/console")
        }
        let name = "/dev/pts/\(try terminal.number())"
        let fds = [terminal.master.raw]
        let sent = name.utf8.withContiguousStorageIfAvailable {
            clinux_send_fds(socket, $0.baseAddress, $0.count, fds, 1)
        }
        guard let sent, sent > 0 else { throw KernelError("send terminal", "console socket") }
        let slave = terminal.slave.raw
        _ = try check("set controlling terminal", name) { clinux_ioctl_value(slave, UInt(TIOCSCTTY), 0) }
        for number: Int32 in 0...2 {
            _ = try check("dup2", "terminal") { dup2(slave, number) }
        }
    }

    /// A link in its place would put the terminal where the image wants (CVE-2025-52565).
    private static func consolePlace(_ root: borrowing FileDescriptor) throws -> FileDescriptor {
        let dev = try root.makeDirectoriesInRoot("/dev")
        if mknodat(dev.raw, "console", S_IFREG | 0o620, 0) != 0, Errno.current != .exists {
            throw KernelError("make", "/dev/console")
        }
        let place = try dev.openAt("console", O_PATH | O_NOFOLLOW)
        let type = try place.status().st_mode & S_IFMT
        guard type == S_IFREG || type == S_IFCHR else {
            throw RuntimeError("/dev/console is neither a file nor a device; the terminal cannot be there")
        }
        return place
    }

    /// Makes the streams the container's own, as far as they can be.
    ///
    /// The caller's /dev/null would let the container's root change the node that all of the host has: the container's
    /// takes its place. The container's user may open what else /dev/stdout and its brothers mean. Descriptors whose
    /// owner cannot be changed (EINVAL: not in the user namespace; EROFS; EPERM) stay as they are.
    static func settle(uid: UInt32, root: borrowing FileDescriptor) throws {
        var null: Int32 = -1
        defer { if null >= 0 { close(null) } }
        for number: Int32 in 0...2 {
            guard let status = try status(of: number) else { continue }
            if NullDevice.isOne(status) {
                if null < 0 {
                    do throws(KernelError) {
                        null = try nullDevice(of: root).release()
                    } catch {
                        // In a user namespace, to whose root the host's does not belong: he cannot change it.
                        if status.st_uid != 0, [.notPermitted, .accessDenied].contains(error.errno) {
                            continue
                        }
                        throw RuntimeError("a standard stream is /dev/null, which the container lacks", error)
                    }
                }
                _ = try check("dup2", "standard stream \(number)") { dup2(null, number) }
            } else if uid != 0, status.st_uid != uid, !isMemoryDevice(status) {
                _ = fchown(number, uid, gid_t.max)
            }
        }
    }

    /// - Returns: nil for one that is closed.
    static func status(of number: Int32) throws(KernelError) -> stat? {
        var status = stat()
        if fstat(number, &status) == 0 { return status }
        if Errno.current == .badDescriptor { return nil }
        throw KernelError("stat", "standard stream \(number)")
    }

    /// /dev/zero and its kind (mem(4)): everybody's, and not the container's.
    private static func isMemoryDevice(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && clinux_major(UInt64(status.st_rdev)) == 1
    }

    /// The one that the container has at /dev/null. Where it has something else there, in the image or by now, or
    /// nothing, one without a name.
    private static func nullDevice(of root: borrowing FileDescriptor) throws(KernelError) -> FileDescriptor {
        do throws(KernelError) {
            // A FIFO or a leased file in its place does not keep us waiting.
            let null = try root.openInRoot("/dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK)
            if NullDevice.isOne(try null.status()) {
                try null.setNonBlocking(false)
                return null
            }
        } catch {
            // Whatever is wrong with it, the other is as good.
        }
        return try NullDevice.makePrivate()
    }
}
