import CLinux
import Glibc

/// Signals as a readable descriptor (signalfd(2)) instead of handlers.
public struct SignalDescriptor: ~Copyable {
    public let descriptor: FileDescriptor

    /// Blocks `signals` for this process and makes them readable here. Blocked signals stay blocked across
    /// fork and exec: a child process calls `unblockAll` before it becomes another program.
    public init(_ signals: [Int32]) throws(KernelError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        _ = try check("sigprocmask") { sigprocmask(SIG_BLOCK, &set, nil) }
        descriptor = FileDescriptor(
            owning: try check("signalfd") {
                signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
            })
    }

    /// The next signal that arrived, or nil.
    public func next() throws(KernelError) -> Int32? {
        var info = signalfd_siginfo()
        do throws(KernelError) {
            _ = try check("read", "signal descriptor") {
                Glibc.read(descriptor.raw, &info, MemoryLayout<signalfd_siginfo>.size)
            }
        } catch {
            if error.errno == .again { return nil }
            throw error
        }
        return Int32(info.ssi_signo)
    }

    /// Lets all signals through again.
    public static func unblockAll() throws(KernelError) {
        var none = sigset_t()
        sigemptyset(&none)
        _ = try check("sigprocmask") { sigprocmask(SIG_SETMASK, &none, nil) }
    }
}
