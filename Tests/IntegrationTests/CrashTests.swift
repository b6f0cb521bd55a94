import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// The runtime is killed at each of its system calls: whatever state that leaves, `delete --force` removes
    /// all of it. A sample of the calls; `SWIFTLET_SOAK=1` (`make soak`) walks through every one.
    @Suite struct Crashes {
        /// One call of one kind.
        struct Step: CustomStringConvertible {
            let call: String
            let number: Int
            var description: String { "\(call) #\(number)" }
        }

        private static let isSoak = getenv("SWIFTLET_SOAK") != nil
        /// In the short form, of each command.
        private static let sampleSize = 24

        private func trace(
            _ host: Host, _ options: [String], _ arguments: [String], count: Int
        ) throws -> Output {
            try RunningProgram(
                ["/usr/bin/strace", "-qq"] + options + [Host.runtime, "--root", host.state] + arguments,
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SWIFTLET_TEST_MARK=\(host.prefix)"],
                output: "\(host.folder)/trace-\(count)"
            ).wait()
        }

        /// Every call that a command makes, in no order.
        private func steps(_ host: Host, _ arguments: [String]) throws -> [Step] {
            let table = "\(host.folder)/calls"
            let output = try trace(host, ["-c", "-o", table], arguments, count: 0)
            try #require(output.code == 0, "\(output)")
            var steps: [Step] = []
            for line in try Files.read(table).split(separator: "\n") {
                // % time, seconds, usecs/call, calls, perhaps errors, name
                let fields = line.split(separator: " ")
                guard fields.count >= 5, let calls = Int(fields[3]), let name = fields.last, name != "total"
                else { continue }
                for number in 1...calls { steps.append(Step(call: String(name), number: number)) }
            }
            // What comes before the program's own code: there is nothing to leave behind.
            return steps.filter { !["execve", "arch_prctl", "set_tid_address"].contains($0.call) }
        }

        private func sample(_ steps: [Step]) -> [Step] {
            if Self.isSoak { return steps }
            let width = max(1, steps.count / Self.sampleSize)
            return stride(from: width / 2, to: steps.count, by: width).map { steps[$0] }
        }

        /// - Parameters:
        ///   - prepare: brings a container into the state in which the command finds it.
        ///   - command: its arguments.
        private func walk(
            prepare: (Host) throws -> Void, _ command: (Host) throws -> [String]
        ) throws {
            var steps: [Step] = []
            try withHost { host in
                try prepare(host)
                steps = try self.steps(host, try command(host))
                try host.delete()
            }
            #expect(steps.count > 50)
            try withHost { host in
                for (count, step) in sample(steps).enumerated() {
                    try prepare(host)
                    _ = try trace(
                        host,
                        [
                            "-o", "/dev/null", "-e", "trace=\(step.call)", "-e",
                            "inject=\(step.call):signal=SIGKILL:when=\(step.number)",
                        ], try command(host), count: count + 1)
                    let deleted = try host.oci("delete", "--force", host.id())
                    #expect(deleted.code == 0, "killed at \(step): \(deleted.err)")
                    let left = host.leftoversAfterAMoment()
                    #expect(left == [], "killed at \(step)")
                    if deleted.code != 0 || left != [] { return }
                }
            }
        }

        @Test func inCreate() throws {
            try walk(prepare: { _ in }) { host in
                ["create", "--bundle", try host.bundle("sleep 60"), host.id()]
            }
        }

        @Test func inRun() throws {
            try walk(prepare: { _ in }) { host in
                ["run", "--detach", "--bundle", try host.bundle("sleep 60"), host.id()]
            }
        }

        @Test func inStart() throws {
            try walk(prepare: { try $0.ok("create", "--bundle", try $0.bundle("sleep 60"), $0.id()) }) {
                host in
                ["start", host.id()]
            }
        }

        @Test func inExec() throws {
            try walk(prepare: { try $0.background() }) { host in ["exec", host.id(), "true"] }
        }

        @Test func inDelete() throws {
            try walk(prepare: { try $0.background() }) { host in ["delete", "--force", host.id()] }
        }
    }
}
