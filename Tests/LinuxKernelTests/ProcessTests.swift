import Glibc
import LinuxKernel
import Testing

@Suite struct SignalTests {
    @Test(
        arguments: [
            ("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigkill", 9), ("term", 15), ("1", 1), ("64", 64),
            ("HUP", 1),
            ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMAX", 64), ("rtmax-1", 63), ("CLD", 17), ("IOT", 6),
            ("POLL", 29),
            ("WINCH", 28), ("STKFLT", 16),
        ] as [(String, Int32)])
    func parses(_ text: String, _ number: Int32) {
        #expect(Signal(parsing: text)?.rawValue == number)
    }

    @Test(arguments: [
        "", "0", "65", "-1", "SIG", "SIGSIGKILL", "KILLL", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMIN3", "9 ",
        "SIG9",
    ])
    func refuses(_ text: String) {
        #expect(Signal(parsing: text) == nil)
    }

    @Test func namesAreReadBack() {
        for number: Int32 in (1...31).map({ $0 }) + [34, 40, 64] {
            #expect(Signal(parsing: Signal(rawValue: number).name)?.rawValue == number)
        }
    }
}

@Suite struct ProcessRecordTests {
    @Test func thisProcess() throws {
        let record = try #require(try ProcessRecord.read(getpid()))
        #expect(record.pid == getpid())
        #expect(record.parent == getppid())
        #expect(record.startTime > 0)
        #expect(!record.isZombie)
    }

    @Test func noProcess() throws {
        #expect(try ProcessRecord.read(4_194_305) == nil)
        #expect(try ProcessIdentity.of(4_194_305) == nil)
    }

    /// The name may hold what else separates the fields.
    @Test(arguments: ["a) R 1 (b", "x y z", ")))", "((", "a\nb"]) func strangeNames(_ name: String) throws {
        let folder = try Folder()
        // The first fifteen bytes are the process's name.
        let path = "\(folder.path)/\(name)"
        try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o755).writeAll("#!/bin/sh\nread x\n")
        let (reader, writer) = try FileDescriptor.pipe().ends()
        let write = FileDescriptor(owning: writer)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, reader, 0)
        var pid: pid_t = 0
        let error = withCStrings([path]) { posix_spawn(&pid, path, &actions, nil, $0, environ) }
        posix_spawn_file_actions_destroy(&actions)
        close(reader)
        try #require(error == 0)
        let process = try ProcessHandle.open(pid)
        let record = try #require(try ProcessRecord.read(pid))
        #expect(record.parent == getpid())
        #expect([UInt8(ascii: "R"), UInt8(ascii: "S"), UInt8(ascii: "D")].contains(record.state))
        #expect(record.startTime >= (try #require(try ProcessRecord.read(getpid()))).startTime)
        _ = consume write
        _ = try process.wait()
    }

    @Test func anIdentityEndsWithItsProcess() throws {
        let command = try SpawnedSleep()
        let identity = try #require(try ProcessIdentity.of(command.pid))
        #expect(try identity.isAlive)
        #expect(try !ProcessIdentity(pid: identity.pid, start: identity.start + 1).isAlive)
        try command.end()
        #expect(try !identity.isAlive)
    }

    @Test func aZombieIsNoLivingProcess() throws {
        var pid: pid_t = 0
        let error = withCStrings(["true"]) { posix_spawn(&pid, "/bin/true", nil, nil, $0, environ) }
        try #require(error == 0)
        let process = try ProcessHandle.open(pid)
        #expect(try process.waitForEnd(milliseconds: 5000))
        #expect(try #require(try ProcessRecord.read(pid)).isZombie)
        #expect(try ProcessIdentity.of(pid) == nil)
        #expect(try process.wait() == .exited(0))
    }

    @Test func theBootHasAName() throws {
        #expect(try BootID.current().utf8.count == 36)
        #expect(try BootID.current() == BootID.current())
    }

    @Test func exitStatuses() {
        #expect(LinuxKernel.ExitStatus(waitStatus: 0x0700) == .exited(7))
        #expect(LinuxKernel.ExitStatus(waitStatus: 9) == .signaled(9))
        #expect(LinuxKernel.ExitStatus(waitStatus: 0x8b) == .signaled(11))
        #expect(LinuxKernel.ExitStatus.exited(7).code == 7)
        #expect(LinuxKernel.ExitStatus.signaled(15).code == 143)
    }
}

/// `sleep 60`, until `end`.
struct SpawnedSleep: ~Copyable {
    private let process: ProcessHandle
    var pid: Int32 { process.pid }

    init() throws {
        var pid: pid_t = 0
        let error = withCStrings(["sleep", "60"]) { posix_spawn(&pid, "/bin/sleep", nil, nil, $0, environ) }
        guard error == 0 else { throw KernelError("start", "sleep", Errno(rawValue: error)) }
        process = try ProcessHandle.open(pid)
    }

    consuming func end() throws {
        try process.send(signal: SIGKILL)
        _ = try process.wait()
    }
}

@Suite struct CommandTests {
    private func shell(_ script: String, input: [UInt8] = [], timeout: Int? = nil) throws -> (
        outcome: Command.Outcome, output: [UInt8]
    ) {
        try Command(
            path: "/bin/sh", arguments: ["sh", "-c", script],
            environment: ["PATH=/usr/bin:/bin", "KEY=value"], input: input,
            timeout: timeout
        ).run()
    }

    @Test func bothOutputsAndTheCode() throws {
        let (outcome, output) = try shell("echo out; echo err >&2; echo $KEY; exit 3")
        #expect(outcome == .ended(.exited(3)))
        #expect(output == Array("out\nerr\nvalue\n".utf8))
    }

    @Test func asignalIsReported() throws {
        #expect(try shell("kill -TERM $$").outcome == .ended(.signaled(SIGTERM)))
    }

    @Test func theInputArrivesWhole() throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
        #expect(try shell("wc -c", input: input).output == Array("300000\n".utf8))
    }

    @Test func anInputThatNobodyReadsIsNoError() throws {
        let input = [UInt8](repeating: 0, count: 1 << 20)
        #expect(try shell("exec <&-; exit 5", input: input).outcome == .ended(.exited(5)))
    }

    @Test func onlyTheEndOfALongOutputIsKept() throws {
        let (outcome, output) = try shell("head -c 100000 /dev/zero | tr '\\0' a; echo the end")
        #expect(outcome == .ended(.exited(0)))
        #expect(output.count == 4096)
        #expect(output.suffix(8) == Array("the end\n".utf8)[...])
    }

    @Test func whoTakesTooLongIsKilled() throws {
        let begin = monotonicMilliseconds()
        let (outcome, output) = try shell("echo begun; exec sleep 30", timeout: 200)
        #expect(outcome == .timedOut)
        #expect(output == Array("begun\n".utf8))
        #expect(monotonicMilliseconds() - begin < 3000)
    }

    @Test func aGrandchildThatHoldsTheOutputKeepsNobody() throws {
        let begin = monotonicMilliseconds()
        #expect(try shell("sleep 4 & echo done").output == Array("done\n".utf8))
        #expect(monotonicMilliseconds() - begin < 3000)
    }

    @Test func descriptorsAreNotHandedOn() throws {
        let open = dup(0)
        defer { close(open) }
        // 3 is the folder that ls reads.
        let output = try shell("exec ls /proc/self/fd").output
        #expect(output == Array("0\n1\n2\n3\n".utf8))
    }

    @Test func theWorkingDirectory() throws {
        var command = Command(
            path: "/bin/pwd", arguments: ["pwd", "-P"], environment: [], directory: "/proc")
        #expect(try command.run().output == Array("/proc\n".utf8))
        command.directory = "/no/such/folder"
        #expect(throws: KernelError.self) { _ = try command.run() }
    }

    @Test func aProgramThatIsNotThere() throws {
        do {
            _ = try Command(path: "/no/such/program", arguments: ["x"], environment: []).run()
            Issue.record("ran")
        } catch {
            #expect("\(error)" == "start /no/such/program: no such file or directory")
        }
    }
}
