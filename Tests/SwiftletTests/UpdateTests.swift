import Glibc
import LinuxKernel
import Testing

/// `update`: limits and restart policies of containers that are there.
struct UpdateTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    /// At once, and after the next start; of one that does not run, then.
    @Test func limitsAreUpdated() throws {
        func memory() throws -> String? {
            try host.cgroupFile("memory.max", of: "c") ?? host.cgroupFile("memory.limit_in_bytes", of: "c")
        }
        try host.check("run", "-d", "--name", "c", "-m", "32m", "busybox", "sleep", "1000")
        let updated = try host.check(
            "update", "--memory", "48m", "--pids-limit", "30", "--restart", "on-failure:3", "c")
        #expect(updated.line == "c")
        #expect(try memory() == "\(48 << 20)")
        #expect(try host.cgroupFile("pids.max", of: "c") == "30")
        #expect(try host.inspect("c", "HostConfig", "Memory") == "\(48 << 20)")
        #expect(try host.inspect("c", "HostConfig", "MemorySwap") == "\(96 << 20)")
        #expect(try host.inspect("c", "HostConfig", "RestartPolicy", "MaximumRetryCount") == "3")
        // Of what is refused nothing holds, whatever was set before that.
        try host.checkFails(1, "update", "-m", "40m", "--pids-limit", "31", "--cpuset-mems", "60000", "c")
        #expect(try memory() == "\(48 << 20)")
        #expect(try host.cgroupFile("pids.max", of: "c") == "30")
        try host.check("restart", "-t", "0", "c")
        #expect(try memory() == "\(48 << 20)")
        try host.check("stop", "-t", "0", "c")
        try host.check("update", "-m", "24m", "--restart", "no", "c")
        try host.check("start", "c")
        #expect(try memory() == "\(24 << 20)")
        #expect(try host.inspect("c", "HostConfig", "RestartPolicy", "Name") == "no")
        #expect(try host.checkFails(1, "update", "-m", "1m", "c").contains("at least 6m"))
        try host.checkFails(1, "update", "c")
        try host.checkFails(1, "update", "-m", "24m", "nobody")
        #expect(try memory() == "\(24 << 20)")
    }

    /// None of them is lost, whoever comes first.
    @Test func severalUpdatesAtOnce() throws {
        try host.check("create", "--name", "c", "-m", "32m", "busybox", "true")
        for round in 1...8 {
            let changes = [
                ["--memory", "\(40 + round)m"], ["--pids-limit", "\(round)"],
                ["--cpu-shares", "\(500 + round)"],
            ]
            for update in try changes.map({ try host.start(["update"] + $0 + ["c"]) }) {
                #expect(try update.finish().code == 0)
            }
            #expect(try host.inspect("c", "HostConfig", "Memory") == "\((40 + round) << 20)")
            #expect(try host.inspect("c", "HostConfig", "PidsLimit") == "\(round)")
            #expect(try host.inspect("c", "HostConfig", "CpuShares") == "\(500 + round)")
        }
    }

    /// Whoever starts it has its lock before anybody finds its shim: which of the two comes first, the limit holds.
    @Test func ofAContainerThatIsAboutToStart() throws {
        let id = try host.check(
            "create", "--name", "c", "--pids-limit", "20", "busybox", "sleep", "1000"
        ).line
        let lock = try FileDescriptor.open(
            host.root + "/default/containers/\(id)/lock", O_RDWR | O_CREAT, mode: 0o600)
        #expect(flock(lock.raw, LOCK_EX) == 0)
        let update = try host.start(["update", "--pids-limit", "30", "c"])
        usleep(300_000)
        #expect(try host.inspect("c", "HostConfig", "PidsLimit") == "20")
        let start = try host.start(["start", "c"])
        usleep(300_000)
        #expect(flock(lock.raw, LOCK_UN) == 0)
        for program in [update, start] {
            let result = try program.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        #expect(try host.cgroupFile("pids.max", of: "c") == "30")
        #expect(try host.inspect("c", "HostConfig", "PidsLimit") == "30")
    }

    /// Also at a shim that still has it from the run before.
    @Test func whileItStarts() throws {
        try host.check("create", "--name", "c", "busybox", "sleep", "1000")
        for round in 1...8 {
            let start = try host.start(["start", "c"])
            usleep(UInt32(round) * 3000)
            try host.check("update", "--pids-limit", "\(100 + round)", "c")
            #expect(try start.finish().code == 0)
            #expect(try host.cgroupFile("pids.max", of: "c") == "\(100 + round)", "round \(round)")
            try host.check("stop", "-t", "0", "c")
        }
    }

    @Test func swapWithoutALimitOfMemory() throws {
        try host.check("create", "--name", "c", "busybox", "true")
        let free = try host.check("update", "--memory-swap", "-1", "--pids-limit", "30", "c")
        #expect(free.line == "c" && free.error.contains("c has no limit of memory"), "\(free.error)")
        #expect(try host.inspect("c", "HostConfig", "PidsLimit") == "30")
        let limited = try host.check("update", "-m", "32m", "--memory-swap", "-1", "c")
        #expect(limited.line == "c" && limited.error.isEmpty, "\(limited.error)")
        #expect(try host.inspect("c", "HostConfig", "MemorySwap") == "-1")
    }
}
