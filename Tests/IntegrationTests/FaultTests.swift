import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// What the host refuses: the error says so, and nothing is left behind.
    @Suite struct Faults {
        /// Each of the runtime's system calls fails once.
        @Suite struct Walk {
            /// What a call that may fail answers. Others only read, or concern the program's own memory.
            private static let errors = [
                "openat": "ENFILE", "openat2": "ENFILE", "mkdir": "ENOSPC", "mkdirat": "ENOSPC",
                "write": "ENOSPC", "renameat": "ENOSPC", "rename": "ENOSPC", "mknodat": "ENOSPC",
                "clone3": "ENOMEM", "clone": "ENOMEM", "socketpair": "EMFILE", "pipe2": "EMFILE",
                "dup": "EMFILE", "open_tree": "ENOMEM", "mount_setattr": "ENOMEM", "setns": "ENOMEM",
                "bpf": "ENOMEM", "memfd_create": "ENOMEM", "read": "EIO", "fcntl": "EMFILE",
                "pidfd_open": "EMFILE", "flock": "ENOLCK", "recvfrom": "ENOMEM", "sendto": "ENOMEM",
                "fstat": "ENOMEM", "newfstatat": "ENOMEM", "capget": "EPERM", "kill": "EPERM",
            ]
            private static let sampleSize = 40

            /// - Parameters:
            ///   - prepare: brings a container into the state in which the command finds it.
            ///   - removes: the command's failure has to leave nothing.
            private func walk(
                removes: Bool, prepare: (Host) throws -> Void, _ command: (Host) throws -> [String]
            ) throws {
                var steps: [SystemCallStep] = []
                try withHost { host in
                    try prepare(host)
                    steps = try SystemCallWalk.steps(host, try command(host)).filter {
                        Self.errors[$0.call] != nil
                    }
                    try host.delete()
                }
                #expect(steps.count > 20)
                try withHost { host in
                    for (count, step) in SystemCallWalk.sample(steps, Self.sampleSize).enumerated() {
                        try prepare(host)
                        let output = try SystemCallWalk.run(
                            host, at: step, "error=\(Self.errors[step.call] ?? "EIO")", try command(host),
                            count: count + 1)
                        // A step may be one that can be done without. Who fails says why in one line.
                        if output.code != 0 {
                            #expect(output.code < 128 || output.code == 255, "\(step): \(output)")
                            let lines = output.err.split(separator: "\n").filter {
                                !$0.contains("level=warning")
                            }
                            #expect(lines.count == 1, "\(step): \(output)")
                            if removes {
                                let left = host.leftoversAfterAMoment()
                                #expect(left == [], "failed at \(step): \(output.err)")
                            }
                        }
                        let deleted = try host.oci("delete", "--force", host.id())
                        #expect(deleted.code == 0, "after \(step): \(deleted.err)")
                        let left = host.leftoversAfterAMoment()
                        #expect(left == [], "after \(step)")
                        if deleted.code != 0 || left != [] { return }
                    }
                }
            }

            @Test func inCreate() throws {
                try walk(removes: true, prepare: { _ in }) { host in
                    ["create", "--bundle", try host.bundle("sleep 60"), host.id()]
                }
            }

            @Test func inRun() throws {
                try walk(removes: true, prepare: { _ in }) { host in
                    ["run", "--detach", "--bundle", try host.bundle("sleep 60"), host.id()]
                }
            }

            @Test func inStart() throws {
                try walk(
                    removes: false,
                    prepare: { try $0.ok("create", "--bundle", try $0.bundle("sleep 60"), $0.id()) }
                ) { host in ["start", host.id()] }
            }

            @Test func inExec() throws {
                try walk(removes: false, prepare: { try $0.background() }) { host in
                    ["exec", host.id(), "true"]
                }
            }

            @Test func inDelete() throws {
                try walk(removes: false, prepare: { try $0.background() }) { host in
                    ["delete", "--force", host.id()]
                }
            }
        }

        // MARK: The state folder

        /// Mounts a file system at the state folder while `body` runs.
        private func withState(_ host: Host, _ options: String, _ body: () throws -> Void) throws {
            try Files.makeFolder(host.state)
            try host.shell("mount -t tmpfs -o \(options) swiftlet-state \(host.state)")
            defer { umount2(host.state, Int32(MNT_DETACH)) }
            try body()
        }

        @Test func aReadOnlyStateFolder() throws {
            try withHost { host in
                try withState(host, "ro") {
                    let output = try host.run("true")
                    #expect(output.code == 1)
                    #expect(output.err.contains("read-only file system"), "\(output)")
                    #expect(output.err.split(separator: "\n").count == 1)
                }
            }
        }

        /// From a disk on which not even a folder has a place to one that is just large enough.
        @Test func aFullDisk() throws {
            try withHost { host in
                let bundle = try host.bundle()
                var codes: Set<Int32> = []
                for inodes in 1...12 {
                    try withState(host, "size=1m,nr_inodes=\(inodes)") {
                        let output = try host.oci("create", "--bundle", bundle, host.id())
                        codes.insert(output.code)
                        if output.code != 0 {
                            #expect(output.err.contains("no space left on device"), "\(inodes): \(output)")
                            #expect(Files.names(in: host.state).allSatisfy { $0.hasPrefix(".") })
                        }
                        try host.delete()
                    }
                }
                #expect(codes == [0, 1])
                try withState(host, "size=4k") {
                    try Files.write("\(host.state)/fill", String(repeating: "x", count: 4096))
                    let output = try host.oci("create", "--bundle", bundle, host.id())
                    #expect(output.code == 1)
                    #expect(
                        output.err.contains(
                            "\(host.state)/\(host.id())/config.json: no space left on device"),
                        "\(output)")
                    #expect(Files.names(in: host.state) == ["fill"])
                }
            }
        }

        /// A full disk, and a folder in the file's place: the error names the file, and nothing is left beside it.
        @Test(arguments: ["run", "exec"]) func aPidFileThatCannotBeWritten(_ command: String) throws {
            try withHost { host in
                if command == "exec" { try host.background() }
                let disk = "\(host.folder)/disk"
                try Files.makeFolder(disk)
                try host.shell("mount -t tmpfs -o size=4k swiftlet-disk \(disk)")
                defer { umount2(disk, Int32(MNT_DETACH)) }
                try Files.makeFolder("\(disk)/folder")
                for (name, why) in [("folder", "is a directory"), ("pid", "no space left on device")] {
                    let path = "\(disk)/\(name)"
                    if name == "pid" { try Files.write("\(disk)/fill", String(repeating: "x", count: 4096)) }
                    let output =
                        command == "exec"
                        ? try host.oci("exec", "--detach", "--pid-file", path, host.id(), "sleep", "60")
                        : try host.oci(
                            "run", "--detach", "--pid-file", path, "--bundle", try host.bundle(), host.id())
                    #expect(output.code == (command == "exec" ? 255 : 1))
                    #expect(output.err.contains("\(path): \(why)"), "\(output)")
                    #expect(Files.names(in: disk) == (name == "pid" ? ["fill", "folder"] : ["folder"]))
                }
                if command == "exec" { try host.delete() }
            }
        }

        // MARK: Limits

        /// A container that may have no further process: on a host whose limit holds for those who come in, the
        /// exec is refused.
        @Test func theLimitOfProcessesAtAnExec() throws {
            try withHost { host in
                try host.background("exec sleep 60") {
                    $0.linux?.resources?.pids = .init(limit: 1)
                }
                let output = try host.oci("exec", host.id(), "true")
                if Files.exists("/sys/fs/cgroup/cgroup.controllers") {
                    #expect(output.code == 255)
                    #expect(output.err.contains("resource temporarily unavailable"), "\(output)")
                    #expect(output.err.split(separator: "\n").count == 1)
                } else {
                    #expect(output.code == 0, "\(output)")
                }
                #expect(try host.stateOf(host.id()).status == .running)
                try host.delete()
            }
        }

        /// What ends the container's first process would end the runtime, which shares its memory.
        @Test func tooLittleMemoryIsRefused() throws {
            try withHost { host in
                for bytes: Int64 in [4096, 64 << 10, 128 << 10] {
                    let output = try host.run("true") {
                        $0.linux?.resources?.memory = .init()
                        $0.linux?.resources?.memory?.limit = bytes
                    }
                    #expect(output.code == 1, "\(bytes): \(output)")
                    #expect(output.err.contains("\(bytes) bytes are too little"), "\(output.err)")
                    #expect(output.err.split(separator: "\n").count == 1)
                    host.expectNothingLeft()
                }
            }
        }

        /// Enough for a start, but not for what this one has to be given: whoever is killed, nothing is left.
        @Test func aStartThatRunsOutOfMemoryLeavesNothing() throws {
            try withHost { host in
                let bundle = try host.bundle("true") {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 256 << 10
                    for index in 0..<300 {
                        $0.mounts.append(
                            .init(
                                destination: "/dev/m\(index)", type: "tmpfs", source: "tmpfs",
                                options: ["size=64k"]))
                    }
                }
                for command in ["create", "run"] {
                    let output = try host.oci(command, "--bundle", bundle, host.id())
                    // A kernel that does not count its own memory starts it.
                    if output.code == 0 { try host.delete() }
                    #expect(eventually { host.leftoversAfterAMoment().isEmpty }, "\(output)")
                }
            }
        }

        /// Another process than the runtime adds the new one: what comes of it is the same.
        @Test func anExecIntoHardlyAnyMemory() throws {
            try withHost { host in
                try host.background("exec sleep 60") {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 3 << 20
                }
                let output = try host.oci("exec", host.id(), "sh", "-c", "echo out; exit 7")
                #expect(output.code == 7 && output.out == "out\n", "\(output)")
                let missing = try host.oci("exec", host.id(), "nosuch")
                #expect(
                    missing.code == 255 && missing.err.contains("executable file not found"), "\(missing)")
                let pidFile = "\(host.folder)/pid"
                try host.ok("exec", "--detach", "--pid-file", pidFile, host.id(), "sleep", "60")
                #expect(try Files.read("/proc/\(try Files.read(pidFile))/cmdline") == "sleep\u{0}60\u{0}")
                try host.delete()
            }
        }

        @Test func aSmallContainerStartsWithHalfAMebibyte() throws {
            try withHost { host in
                let output = try host.run("exec true") {
                    $0.process?.args = ["true"]
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 512 << 10
                }
                #expect(output.code == 0, "\(output)")
            }
        }
    }

    /// Several commands at one container at the same time.
    @Suite struct Concurrency {
        /// Starts all commands before it waits for the first.
        private func race(_ host: Host, _ commands: [[String]]) throws -> [Output] {
            var outputs: [Output] = []
            // Noncopyable programs: two at a time is what there is to decide.
            let first = try host.start(commands[0])
            let second = try host.start(commands[1])
            outputs.append(try first.wait())
            outputs.append(try second.wait())
            return outputs
        }

        private static let rounds = 12

        @Test func oneStartWins() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                for _ in 0..<Self.rounds {
                    try host.ok("create", "--bundle", bundle, host.id())
                    let outputs = try race(host, [["start", host.id()], ["start", host.id()]])
                    #expect(outputs.map(\.code).sorted() == [0, 1])
                    let loser = outputs.first { $0.code != 0 }
                    #expect(
                        loser?.err.contains("cannot start an already running container") == true, "\(outputs)"
                    )
                    #expect(try host.stateOf(host.id()).status == .running)
                    try host.delete()
                }
            }
        }

        @Test func oneCreateWins() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                for _ in 0..<Self.rounds {
                    let create = ["create", "--bundle", bundle, host.id()]
                    let outputs = try race(host, [create, create])
                    #expect(outputs.map(\.code).sorted() == [0, 1])
                    #expect(outputs.contains { $0.err.contains("already exists") }, "\(outputs)")
                    #expect(try host.stateOf(host.id()).status == .created)
                    try host.delete()
                }
            }
        }

        @Test func oneDeleteWins() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                for _ in 0..<Self.rounds {
                    try host.ok("create", "--bundle", bundle, host.id())
                    let outputs = try race(host, [["delete", host.id()], ["delete", host.id()]])
                    #expect(outputs.map(\.code).sorted() == [0, 1])
                    #expect(outputs.contains { $0.err.contains("does not exist") }, "\(outputs)")
                    // Who forces does not mind that another was faster.
                    try host.ok("create", "--bundle", bundle, host.id())
                    let forced = try race(
                        host, [["delete", "--force", host.id()], ["delete", "--force", host.id()]])
                    #expect(forced.map(\.code) == [0, 0], "\(forced)")
                }
            }
        }

        @Test func killAndDeleteAtOnce() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                for _ in 0..<Self.rounds {
                    try host.ok("run", "--detach", "--bundle", bundle, host.id())
                    let kills = try race(host, [["kill", host.id(), "KILL"], ["kill", host.id(), "KILL"]])
                    // The second may find it ended.
                    #expect(kills.contains { $0.code == 0 }, "\(kills)")
                    for output in kills where output.code != 0 {
                        #expect(output.err.contains("container not running"), "\(output)")
                    }
                    let outputs = try race(
                        host, [["delete", "--force", host.id()], ["kill", host.id(), "TERM"]])
                    #expect(outputs[0].code == 0, "\(outputs)")
                    // The signal may come while the killed process still ends.
                    #expect(
                        outputs[1].code == 0 || outputs[1].err.contains("not running")
                            || outputs[1].err.contains("does not exist"),
                        "\(outputs)")
                }
            }
        }

        @Test func startAndDeleteAtOnce() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                for _ in 0..<Self.rounds {
                    try host.ok("create", "--bundle", bundle, host.id())
                    let outputs = try race(host, [["start", host.id()], ["delete", "--force", host.id()]])
                    #expect(outputs[1].code == 0, "\(outputs)")
                    if outputs[0].code != 0 {
                        #expect(outputs[0].err.split(separator: "\n").count == 1, "\(outputs)")
                    }
                    #expect(try host.oci("state", host.id()).code == 1)
                }
            }
        }
    }
}
