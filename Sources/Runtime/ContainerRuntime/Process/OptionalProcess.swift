import Glibc
import LinuxKernel
import OCISpec

/// A process handle that may not be there yet: a class may not hold an optional noncopyable value directly.
struct OptionalProcess: ~Copyable {
    var value: ProcessHandle?

    var pid: Int32 {
        switch value {
        case .none: 0
        case .some(let process): process.pid
        }
    }

    func kill() throws {
        switch value {
        case .none: return
        case .some(let process): try process.sendUnlessEnded(signal: SIGKILL)
        }
    }

    func wait() throws {
        switch value {
        case .none: return
        case .some(let process): _ = try process.wait()
        }
    }

    func handOver(_ listener: SeccompFilter.Listener, _ state: ContainerState) throws {
        switch value {
        case .none: return
        case .some(let process): try SeccompAgent.handOver(listener, of: process, state: state)
        }
    }

    /// Reaps a process that is about to end; nil when it does not within a tenth of a second.
    mutating func reapEnding() throws -> ExitStatus? {
        let status = try waitIfEnding()
        if status != nil { value = nil }
        return status
    }

    private func waitIfEnding() throws -> ExitStatus? {
        switch value {
        case .none: nil
        case .some(let process): try process.waitForEnd(milliseconds: 100) ? process.wait() : nil
        }
    }
}

extension ProcessHandle {
    /// Sends a signal; that the process has ended is no error.
    func sendUnlessEnded(signal: Int32) throws(KernelError) {
        do throws(KernelError) {
            try send(signal: signal)
        } catch {
            if error.errno != .noProcess { throw error }
        }
    }
}
