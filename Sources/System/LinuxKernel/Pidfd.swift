import CLinux
import Glibc

/// How a process ended (wait(2)).
public enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    public init(waitStatus status: Int32) {
        if clinux_wait_signaled(status) != 0 {
            self = .signaled(clinux_wait_term_signal(status))
        } else {
            self = .exited(clinux_wait_exit_status(status))
        }
    }

    /// The shell's convention: the exit code, or 128 plus the signal's number.
    public var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A process, held so that its number cannot come to mean another one (pidfd_open(2)).
@frozen public struct ProcessHandle: ~Copyable {
    public let descriptor: FileDescriptor
    /// The process id in this program's pid namespace.
    public let pid: Int32

    /// Takes ownership of the pidfd of `pid`.
    public init(owning descriptor: consuming FileDescriptor, pid: Int32) {
        self.descriptor = descriptor
        self.pid = pid
    }

    /// - Throws: ESRCH when no such process is there.
    public static func open(_ pid: Int32) throws(KernelError) -> ProcessHandle {
        let fd = try check("pidfd_open", "process \(pid)") { clinux_pidfd_open(pid, 0) }
        return ProcessHandle(owning: FileDescriptor(owning: fd), pid: pid)
    }

    /// pidfd_send_signal(2).
    public func send(signal: Int32) throws(KernelError) {
        _ = try check("send signal to", "process \(pid)") {
            clinux_pidfd_send_signal(descriptor.raw, signal)
        }
    }

    /// Reaps this child: waits for its end.
    public func wait() throws(KernelError) -> ExitStatus {
        var status: Int32 = 0
        _ = try check("wait for", "process \(pid)") { clinux_wait_pidfd(descriptor.raw, 0, &status) }
        return ExitStatus(waitStatus: status)
    }

    /// Reaps this child if it has ended.
    public func waitIfEnded() throws(KernelError) -> ExitStatus? {
        var status: Int32 = 0
        let result = try check("wait for", "process \(pid)") {
            clinux_wait_pidfd(descriptor.raw, WNOHANG, &status)
        }
        return result == 0 ? ExitStatus(waitStatus: status) : nil
    }

    /// Waits until the process, child or not, has ended.
    /// - Parameter milliseconds: -1 for no limit.
    /// - Returns: false when the time was over first.
    public func waitForEnd(milliseconds: Int32) throws(KernelError) -> Bool {
        var poll = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        return try check("poll", "process \(pid)") { Glibc.poll(&poll, 1, milliseconds) } > 0
    }
}
