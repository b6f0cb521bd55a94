import Glibc
import LinuxKernel
import OCISpec

// What the new process tells until it waits for its start, and what its end before that means.
extension Creation {
    /// The conversation until the trampoline waits at the start gate.
    func converse(_ socket: Int32, _ filter: SeccompFilter?) throws {
        var answer = try Channel.proceed(socket)
        while true {
            switch answer {
            case .ready: return
            case .failure(let error): throw error
            case .closed:
                if try isOutOfMemory {
                    throw RuntimeError("container init was OOM-killed (memory limit too low?)")
                }
                let why = filter == nil ? "" : "; linux.seccomp may refuse what it takes to start a program"
                throw RuntimeError(
                    "the container's process ended before it was ready\(try endOfProcess())\(why)")
            case .hooks:
                var state = record.state(.creating)
                state.pid = record.pid
                try Hooks.run(spec.hooks.prestart, kind: "prestart", state: state, log: runtime.log)
                try Hooks.run(
                    spec.hooks.createRuntime, kind: "createRuntime", state: state, log: runtime.log)
                answer = try Channel.proceed(socket)
            case .filter:
                if let listener = filter?.listener { try handle.handOver(listener, record.state(.creating)) }
                answer = try Channel.proceed(socket)
            }
        }
    }

    /// Whether the kernel has killed something in the container's group, since that is its own.
    private var isOutOfMemory: Bool {
        get throws {
            guard let place = record.cgroup else { return false }
            return try ContainerCgroup(record: place).oomKillCount() > place.killsBefore
        }
    }

    private func endOfProcess() throws -> String {
        guard !options.becomesSibling, let status = try handle.reapEnding() else { return "" }
        switch status {
        case .exited(let code): return " (exit status \(code))"
        case .signaled(let signal): return " (killed by \(Signal(rawValue: signal).name))"
        }
    }
}
