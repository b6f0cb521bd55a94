import Testing

extension RuntimeTests {
    /// The runtime is killed at each of its system calls: whatever state that leaves, `delete --force` removes
    /// all of it.
    @Suite struct Crashes {
        /// Of each command, in the short form.
        private static let sampleSize = 24

        /// - Parameters:
        ///   - prepare: brings a container into the state in which the command finds it.
        ///   - command: its arguments.
        private func walk(
            prepare: (Host) throws -> Void, _ command: (Host) throws -> [String]
        ) throws {
            var steps: [SystemCallStep] = []
            try withHost { host in
                try prepare(host)
                steps = try SystemCallWalk.steps(host, try command(host))
                try host.delete()
            }
            #expect(steps.count > 50)
            try withHost { host in
                for (count, step) in SystemCallWalk.sample(steps, Self.sampleSize).enumerated() {
                    try prepare(host)
                    _ = try SystemCallWalk.run(
                        host, at: step, "signal=SIGKILL", try command(host), count: count + 1)
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
