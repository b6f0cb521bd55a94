import CLinux
import Glibc
import LinuxKernel

/// A process that does nothing, made so that a scope can be started before the container's process is there:
/// systemd starts no scope without a process, and the container's own is to be made in a group that is complete.
/// Moving the container's process itself would turn the order of everything else around.
///
/// It shares this program's memory and never runs any of its code. It ends when this value's life ends, and with
/// this program, whose end of the socket it waits at.
final class ScopeHolder {
    private let process: ProcessHandle
    private let gate: Pipe
    private var hasEnded = false

    var pid: Int32 { process.pid }

    init() throws(KernelError) {
        let gate = try socketPair()
        var options = CloneOptions()
        options.sharesMemory = true
        process = try spawnChild(options, gate: gate.write.raw, peer: gate.read.raw) { 1 }
        self.gate = gate
    }

    deinit {
        end()
    }

    /// Ends and reaps the process. By a signal that cannot be blocked: it has the mask of whoever calls us, and
    /// new processes may have copies of our end of the socket.
    func end() {
        if hasEnded { return }
        hasEnded = true
        do throws(KernelError) {
            try process.send(signal: SIGKILL)
            _ = try process.wait()
        } catch {
            // It has ended already, and was reaped by a caller that ignores SIGCHLD.
            return
        }
    }
}
