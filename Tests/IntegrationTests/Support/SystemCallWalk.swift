import Glibc
import LinuxKernel
import Testing

/// One system call that a command makes.
struct SystemCallStep: CustomStringConvertible {
    let call: String
    /// Among the calls of its kind, from 1.
    let number: Int
    var description: String { "\(call) #\(number)" }
}

/// Walks through the system calls of the runtime's commands with strace(1), which does something at each. Tests
/// take a sample of the calls; with `SWIFTLET_SOAK=1` (`make soak`) every one.
enum SystemCallWalk {
    private static let isSoak = getenv("SWIFTLET_SOAK") != nil

    /// Runs a command below strace.
    static func run(
        _ host: Host, _ options: [String], _ arguments: [String], count: Int
    ) throws -> Output {
        try RunningProgram(
            ["/usr/bin/strace", "-qq"] + options + [Host.runtime, "--root", host.state] + arguments,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SWIFTLET_TEST_MARK=\(host.prefix)"],
            output: "\(host.folder)/trace-\(count)"
        ).wait()
    }

    /// Runs a command, in which `what` happens at one of its calls.
    /// - Parameter what: what strace's `inject` does: `signal=SIGKILL`, `error=ENOSPC`.
    static func run(
        _ host: Host, at step: SystemCallStep, _ what: String, _ arguments: [String], count: Int
    ) throws -> Output {
        try run(
            host,
            [
                "-o", "/dev/null", "-e", "trace=\(step.call)", "-e",
                "inject=\(step.call):\(what):when=\(step.number)",
            ], arguments, count: count)
    }

    /// Every call that a command makes, in no order.
    static func steps(_ host: Host, _ arguments: [String]) throws -> [SystemCallStep] {
        let table = "\(host.folder)/calls"
        let output = try run(host, ["-c", "-o", table], arguments, count: 0)
        try #require(output.code == 0, "\(output)")
        var steps: [SystemCallStep] = []
        for line in try Files.read(table).split(separator: "\n") {
            // % time, seconds, usecs/call, calls, perhaps errors, name
            let fields = line.split(separator: " ")
            guard fields.count >= 5, let calls = Int(fields[3]), let name = fields.last, name != "total"
            else { continue }
            for number in 1...calls { steps.append(SystemCallStep(call: String(name), number: number)) }
        }
        // What comes before the program's own code: there is nothing to leave behind.
        return steps.filter { !["execve", "arch_prctl", "set_tid_address"].contains($0.call) }
    }

    /// - Parameter size: how many steps the short form takes, evenly spread.
    static func sample(_ steps: [SystemCallStep], _ size: Int) -> [SystemCallStep] {
        if isSoak || steps.count <= size { return steps }
        let width = max(1, steps.count / size)
        return stride(from: width / 2, to: steps.count, by: width).map { steps[$0] }
    }
}
