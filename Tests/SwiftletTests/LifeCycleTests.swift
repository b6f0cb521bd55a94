import Glibc
import LinuxKernel
import OCISpec
import Testing

/// From `create` to `rm`, and everything between.
struct LifeCycleTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    // MARK: States

    @Test func createStartStopStart() throws {
        let id = try host.check("create", "--name", "c", "busybox", "sleep", "1000").line
        #expect(id.utf8.count == 64)
        #expect(try host.inspect("c", "State", "Status") == "created")
        #expect(try host.check("start", "c").line == "c")
        #expect(try host.inspect("c", "State", "Running") == "true")
        let first = try host.pid(of: "c")
        #expect(kill(first, 0) == 0)
        try host.check("start", "c")
        #expect(try host.pid(of: "c") == first)
        try host.check("stop", "-t", "0", "c")
        #expect(try host.inspect("c", "State", "Status") == "exited")
        #expect(try ProcessRecord.read(first)?.isZombie != false)
        try host.check("start", String(id.prefix(8)))
        #expect(try host.pid(of: "c") != first)
        try host.check("restart", "-t", "0", "c")
        #expect(try host.inspect("c", "State", "Status") == "running")
        #expect(try host.checkFails(1, "rm", "c").contains("running"))
        try host.check("rm", "-f", "c")
        #expect(try host.checkFails(1, "inspect", "c").contains("no such"))
    }

    /// It was made with AppArmor, and this host has none.
    @Test func theStandardProfileThatIsNoMore() throws {
        let switched = try? FileDescriptor.readFile("/sys/module/apparmor/parameters/enabled")
        if switched?.first == UInt8(ascii: "Y") { return }
        let id = try host.check("create", "--name", "c", "busybox", "sleep", "1000").line
        let folder = "\(host.root)/default/containers/\(id)"
        func edit(_ file: String, _ edit: (String) -> String) throws {
            let path = "\(folder)/\(file)"
            let text = edit(String(decoding: try FileDescriptor.readFile(path), as: UTF8.self))
            try FileDescriptor.open(path, O_WRONLY | O_TRUNC).writeAll(text)
        }
        try edit("container.json") { #"{"hasStandardProfile": true,"# + $0.dropFirst() }
        try edit("config.json") { text in
            let pieces = text.split(separator: #""process":{"#, maxSplits: 1)
            return pieces.joined(separator: #""process":{"apparmorProfile":"swiftlet-default","#)
        }
        #expect(try host.inspect("c", "AppArmorProfile") == "swiftlet-default")
        let started = try host.run(["start", "c"])
        #expect(started.code == 0 && started.line == "c", "\(started)")
        #expect(
            started.error
                == "swiftlet: container c runs without the AppArmor profile swiftlet-default: this host has no AppArmor\n"
        )
        #expect(try host.inspect("c", "AppArmorProfile") == "")
        #expect(try host.check("exec", "c", "echo", "here").line == "here")
    }

    @Test func aNewName() throws {
        try host.check("run", "-d", "--name", "c", "busybox", "sleep", "1000")
        let first = try host.pid(of: "c")
        try host.check("rename", "c", "d")
        #expect(try host.pid(of: "d") == first)
        #expect(try host.checkFails(1, "inspect", "c").contains("no such"))
        #expect(try host.check("exec", "d", "echo", "here").line == "here")
        try host.check("create", "--name", "c", "busybox", "true")
        #expect(try host.checkFails(1, "rename", "d", "c").contains("in use by container"))
        try host.check("restart", "-t", "0", "d")
        #expect(try host.check("ps", "--filter", "name=d", "-q").lines.count == 1)
        try host.check("rm", "-f", "d", "c")
    }

    /// One of them gets it, and no name is left that leads to it and is not its own.
    @Test func severalNewNamesAtOnce() throws {
        try host.check("create", "--name", "c0", "busybox", "true")
        for round in 1...8 {
            let names = (1...4).map { "c\(round)-\($0)" }
            let current = try #require(try folderNames(host.root + "/default/names").first)
            for rename in try names.map({ try host.start(["rename", current, $0]) }) {
                _ = try rename.finish()
            }
            let left = try folderNames(host.root + "/default/names")
            #expect(left.count == 1 && names.contains(left[0]), "\(left)")
        }
    }

    @Test func whatAStoppedContainerWroteIsStillThere() throws {
        try host.check(
            "run", "--name", "c", "busybox", "sh", "-c", "cat /file 2>/dev/null; echo kept > /file")
        let again = try host.check("start", "-a", "c")
        #expect(again.output == "kept\n")
    }

    @Test func stopSignalsAndTimeouts() throws {
        let trap = "trap 'echo got it; exit 5' USR1; while true; do sleep 0.1; done"
        try host.check("run", "-d", "--name", "c", "--stop-signal", "USR1", "busybox", "sh", "-c", trap)
        usleep(300_000)
        try host.check("stop", "c")
        #expect(try host.inspect("c", "State", "ExitCode") == "5")
        #expect(try host.check("logs", "c").output == "got it\n")
        try host.check(
            "run", "-d", "--name", "deaf", "busybox", "sh", "-c",
            "trap '' TERM; while true; do sleep 0.1; done")
        usleep(300_000)
        let before = monotonicMilliseconds()
        try host.check("stop", "-t", "1", "deaf")
        #expect((900...8000).contains(monotonicMilliseconds() - before))
        #expect(try host.inspect("deaf", "State", "ExitCode") == "137")
    }

    @Test func killAndWait() throws {
        try host.check("run", "-d", "--name", "c", "--init", "busybox", "sleep", "1000")
        let waiter = try host.start(["wait", "c"])
        usleep(200_000)
        #expect(try host.check("kill", "-s", "TERM", "c").line == "c")
        #expect(try waiter.finish().line == "143")
        #expect(try host.check("wait", "c").line == "143")
        #expect(try host.checkFails(1, "kill", "c").contains("not running"))
        #expect(try host.checkFails(1, "kill", "-s", "SIGWHAT", "c").contains("SIGWHAT"))
    }

    /// Also of one that is frozen: nothing waits between the two but what `kill` itself waits for.
    @Test func whatIsKilledCanBeRemoved() throws {
        for number in 0..<5 {
            try host.check("run", "-d", "--name", "c\(number)", "busybox", "sleep", "1000")
            if number == 4 { try host.check("pause", "c4") }
            try host.check("kill", "c\(number)")
            try host.check("rm", "c\(number)")
        }
    }

    @Test func signalsGoThrough() throws {
        let program = try host.start([
            "run", "--name", "c", "busybox", "sh", "-c",
            "trap 'echo hup' HUP; trap 'echo term; exit 9' TERM; echo ready; while true; do sleep 0.1; done",
        ])
        try program.expect("ready")
        kill(program.pid, SIGHUP)
        try program.expect("hup\n")
        kill(program.pid, SIGTERM)
        let result = try program.finish()
        #expect(result.code == 9 && result.output == "term\n")
    }

    @Test(arguments: ["0", "false"])
    func signalsStayOutside(_ word: String) throws {
        let program = try host.start([
            "run", "--name", "c", "--sig-proxy=\(word)", "busybox", "sh", "-c", "echo ready; sleep 1000",
        ])
        try program.expect("ready")
        kill(program.pid, SIGTERM)
        #expect(try program.finish().code == 128 + SIGTERM)
        #expect(try host.inspect("c", "State", "Status") == "running")
    }

    @Test func pause() throws {
        try host.check(
            "run", "-d", "--name", "c", "busybox", "sh", "-c", "while true; do echo x; sleep 0.05; done")
        try host.check("pause", "c")
        #expect(try host.inspect("c", "State", "Status") == "paused")
        #expect(try host.check("ps").output.contains("(Paused)"))
        let before = try host.check("logs", "c").lines.count
        usleep(300_000)
        #expect(try host.check("logs", "c").lines.count == before)
        try host.check("unpause", "c")
        usleep(300_000)
        #expect(try host.check("logs", "c").lines.count > before)
    }

    // MARK: Lists

    @Test func listing() throws {
        let sleeping = try host.check(
            "run", "-d", "--name", "sleeping", "-l", "team=blue", "busybox", "sleep", "1000"
        ).line
        #expect(try host("run", "--name", "failed", "busybox", "false").code == 1)
        let table = try host.check("ps").lines
        #expect(
            table[0].split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
                == "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES")
        #expect(table.count == 2 && table[1].hasPrefix(sleeping.prefix(12)) && table[1].hasSuffix("sleeping"))
        #expect(table[1].contains("\"sleep 1000\"") && table[1].contains("Up "))
        let all = try host.check("ps", "-a").lines
        #expect(all.count == 3 && all[1].contains("Exited (1)"))
        #expect(try host.check("ps", "-aq").lines.count == 2)
        #expect(try host.check("ps", "-q", "--no-trunc").line == sleeping)
        #expect(try host.check("ps", "-a", "-f", "status=exited", "-q").lines.count == 1)
        #expect(
            try host.check("ps", "-a", "--filter", "label=team=blue", "-q").line
                == String(sleeping.prefix(12)))
        #expect(try host.check("ps", "-a", "--filter", "name=fail", "-q").lines.count == 1)
        let json = try host.check("ps", "-a", "--format", "json").lines
        #expect(json.count == 2)
        let names = try json.map { line in
            try JSON.read(Array(line.utf8)) { (value) throws(JSONError) in
                try value.object().required("Names", as: String.self)
            }
        }
        #expect(names == ["failed", "sleeping"])
        try host.checkFails(125, "ps", "--format", "xml")
        try host.checkFails(1, "ps", "--filter", "color=red")
    }

    @Test func generatedNamesAndPrefixes() throws {
        let id = try host.check("create", "busybox").line
        let name = try host.inspect(String(id.prefix(6)), "Name")
        #expect(name.contains("_"))
        #expect(try host.id(of: String(name.dropFirst())) == id)
    }

    // MARK: Logs

    @Test func logs() throws {
        try host.check(
            "run", "--name", "c", "busybox", "sh", "-c",
            "echo one; echo two >&2; printf 'no newline'; sleep 0.2; echo ' here'")
        let result = try host.check("logs", "c")
        #expect(result.output == "one\nno newline here\n" && result.error == "two\n")
        #expect(try host.check("logs", "--tail", "1", "c").output == "no newline here\n")
        #expect(try host.check("logs", "-n", "0", "c").output == "")
        let stamped = try host.check("logs", "-t", "c").lines
        #expect(stamped[0].hasSuffix("Z one"))
        #expect(try host.check("logs", "--since", "1h", "c").lines.count == 2)
        #expect(try host.check("logs", "--until", "1h", "c").lines.isEmpty)
        try host.checkFails(1, "logs", "--since", "yesterday", "c")
        try host.checkFails(1, "logs", "nobody")
    }

    @Test func followedLogs() throws {
        try host.check(
            "run", "-d", "--name", "c", "busybox", "sh", "-c",
            "i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i+1)); sleep 0.05; done")
        let result = try host.start(["logs", "-f", "c"]).finish()
        #expect(result.lines == (0..<20).map { "line \($0)" })
    }

    @Test func aContainerWithoutALog() throws {
        let shown = try host.check(
            "run", "--name", "c", "--log-driver", "none", "busybox", "sh", "-c", "echo out; echo error >&2")
        #expect(shown.output == "out\n" && shown.error == "error\n")
        #expect(try host.checkFails(1, "logs", "c").contains("keeps no log"))
        #expect(try host.inspect("c", "HostConfig", "LogConfig", "Type") == "none")
        #expect(try host.check("start", "-a", "c").output == "out\n")
    }

    @Test func logsAreLimited() throws {
        try host.check(
            "run", "--name", "c", "--log-opt", "max-size=16k", "--log-opt", "max-file=3", "busybox", "sh",
            "-c",
            "i=0; while [ $i -lt 5000 ]; do echo 'a line of the log with some text in it' $i; i=$((i+1)); done"
        )
        let folder = try host.inspect("c", "LogPath").splitAtLastComponent.parent
        let files = try folderNames(folder).filter { $0.hasPrefix("container.log") }
        #expect(files.count == 3)
        for file in files {
            let size = try FileDescriptor.open(folder + "/" + file, O_RDONLY).status().st_size
            #expect(size <= 16 << 10)
        }
        let lines = try host.check("logs", "c").lines
        #expect(lines.last?.hasSuffix(" 4999") == true && lines.count > 200)
        #expect(try host.check("logs", "--tail", "3", "c").lines == Array(lines.suffix(3)))
    }

    @Test func followedLogsThroughRotation() throws {
        try host.check(
            "run", "-d", "--name", "c", "--log-opt", "max-size=8k", "--log-opt", "max-file=50", "busybox",
            "sh", "-c",
            "sleep 0.3; i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done")
        let result = try host.start(["logs", "-f", "c"]).finish()
        #expect(result.lines == (0..<2000).map { "line \($0)" })
    }

    // MARK: Exec

    @Test func exec() throws {
        try host.check("run", "-d", "--name", "c", "-e", "A=1", "-w", "/tmp", "busybox", "sleep", "1000")
        let result = try host.run(["exec", "c", "sh", "-c", "echo $A; pwd; echo err >&2; exit 4"])
        #expect(result.output == "1\n/tmp\n" && result.error == "err\n" && result.code == 4)
        #expect(try host.run(["exec", "-i", "c", "wc", "-c"], input: "12345").line == "5")
        #expect(try host.check("exec", "-u", "nobody", "c", "id", "-un").line == "nobody")
        #expect(
            try host.check("exec", "-e", "A=2", "-w", "/", "c", "sh", "-c", "echo $A; pwd").lines == [
                "2", "/",
            ])
        #expect(try host.check("exec", "c", "grep", "CapEff", "/proc/self/status").line.hasSuffix("a80425fb"))
        #expect(
            try host.check("exec", "--privileged", "c", "grep", "Seccomp:", "/proc/self/status").line
                .hasSuffix("2"))
        try host.checkFails(127, "exec", "c", "/no/such")
        try host.checkFails(126, "exec", "c", "/etc/passwd")
        try host.checkFails(125, "exec", "c")
        try host.checkFails(125, "exec", "nobody", "true")
        try host.check("exec", "-d", "c", "touch", "/tmp/detached")
        usleep(300_000)
        try host.check("exec", "c", "test", "-e", "/tmp/detached")
        let big = try host.check("exec", "c", "dd", "if=/dev/zero", "bs=1M", "count=8")
        #expect(big.output.utf8.count == 8 << 20)
        try host.check("stop", "-t", "0", "c")
        #expect(try host.checkFails(125, "exec", "c", "true").contains("not running"))
    }

    // MARK: Restarting

    @Test func restartPolicies() throws {
        try host.check(
            "run", "-d", "--name", "c", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo run; exit 1"
        )
        try host.wait(for: "c", toBe: "exited")
        #expect(try host.inspect("c", "RestartCount") == "2")
        #expect(try host.check("logs", "c").output == "run\nrun\nrun\n")
        try host.check(
            "run", "-d", "--name", "always", "--restart", "always", "busybox", "sh", "-c", "sleep 0.3")
        usleep(1_500_000)
        #expect(try Int(host.inspect("always", "RestartCount"))! >= 1)
        try host.check("stop", "-t", "0", "always")
        usleep(500_000)
        #expect(try host.inspect("always", "State", "Status") == "exited")
    }

    /// As after a reboot: the status names another boot, and no shim lives.
    @Test func startAfterBoot() throws {
        try host.check("run", "-d", "--name", "wanted", "--restart", "always", "busybox", "sleep", "1000")
        try host.check("run", "-d", "--name", "unwanted", "busybox", "sleep", "1000")
        try host.check(
            "run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox", "sleep", "1000")
        try host.check("run", "-d", "--name", "passing", "--rm", "busybox", "sleep", "1000")
        try host.check("stop", "-t", "0", "stopped")
        for name in ["wanted", "unwanted", "stopped", "passing"] {
            let folder = host.root + "/default/containers/" + (try host.id(of: name))
            if name != "stopped" { try endWithoutTrace(name) }
            let path = folder + "/status.json"
            var text = String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
            let marker = "\"bootId\":\""
            let start = try #require(text.firstRange(of: marker)).upperBound
            text.replaceSubrange(
                start..<text.index(start, offsetBy: 36), with: "00000000-0000-0000-0000-000000000000")
            try FileDescriptor.open(path, O_WRONLY | O_TRUNC).writeAll(text)
        }
        #expect(try host.check("ps").lines.count == 1)
        #expect(try host.check("start", "--restart-policy").code == 0)
        #expect(try host.check("ps", "--format", "json").lines.count == 1)
        #expect(try host.inspect("wanted", "State", "Status") == "running")
        #expect(try host.inspect("unwanted", "State", "Status") == "exited")
        #expect(try host.inspect("stopped", "State", "Status") == "exited")
        try host.checkFails(1, "inspect", "passing")
        // Once is enough.
        let pid = try host.pid(of: "wanted")
        try host.check("start", "--restart-policy")
        #expect(try host.pid(of: "wanted") == pid)
    }

    /// Kills the shim, then what it supervised.
    private func endWithoutTrace(_ name: String) throws {
        let process = try host.pid(of: name)
        let shim = try #require(try ProcessRecord.read(process)).parent
        kill(shim, SIGKILL)
        usleep(100_000)
        kill(process, SIGKILL)
        usleep(100_000)
    }

    /// What a lost shim supervised is ended by `stop`, also while somebody looks at the container.
    @Test func lostShimLookedAtAndStopped() throws {
        try host.check("run", "-d", "--name", "c", "busybox", "sleep", "1000")
        let process = try host.pid(of: "c")
        let folder = host.root + "/default/containers/" + (try host.id(of: "c"))
        let shim = try #require(try ProcessRecord.read(process)).parent
        kill(shim, SIGKILL)
        func runs() throws -> Bool { try ProcessRecord.read(process)?.isZombie == false }
        // On a busy machine the look may last longer than anybody waits.
        for _ in 0..<5 where try runs() {
            let look = try lookAtContainer(in: folder)
            defer { pclose(look) }
            try host.check("stop", "c")
        }
        #expect(try !runs())
    }

    /// The shim is killed: nothing is known of the end, and everything can still be removed.
    @Test func lostShim() throws {
        try host.check("run", "-d", "--name", "c", "busybox", "sleep", "1000")
        let process = try host.pid(of: "c")
        let shim = try #require(try ProcessRecord.read(process)).parent
        kill(shim, SIGKILL)
        usleep(200_000)
        #expect(try host.inspect("c", "State", "Status") == "exited")
        #expect(try host.inspect("c", "State", "ExitCode") == "255")
        #expect(try host.inspect("c", "State", "Error") == "Unknown")
        // When that was found out stays the same.
        let end = try host.inspect("c", "State", "FinishedAt")
        #expect(!end.hasPrefix("0001"))
        let text = try host.check("ps", "-a", "--format", "{{.Status}}").line
        #expect(text.hasPrefix("Exited (255) ") && text.hasSuffix(" ago"), "\(text)")
        #expect(try host.inspect("c", "State", "FinishedAt") == end)
        try host.check("start", "c")
        // Nobody reaps it where process 1 does not.
        #expect(
            try ProcessRecord.read(process)?.isZombie != false, "what the lost shim supervised still runs")
        #expect(try host.inspect("c", "State", "Status") == "running")
    }

    // MARK: Looking

    @Test func statsAndTop() throws {
        try host.check(
            "run", "-d", "--name", "c", "--memory", "64m", "busybox", "sh", "-c", "while true; do :; done")
        let json = try host.check("stats", "--no-stream", "--format", "json", "c").line
        func member(_ name: StaticString) throws -> String {
            try JSON.read(Array(json.utf8)) { (value) throws(JSONError) in try value.object().required(name) }
        }
        let percent = try #require(Double(try member("CPUPerc").dropLast()))
        #expect(percent > 5 && percent < 250)
        #expect(try member("MemUsage").hasSuffix(" / 64MiB"))
        #expect(try member("PIDs") == "1")
        let table = try host.check("stats", "--no-stream").lines
        #expect(table.count == 2 && table[0].hasPrefix("CONTAINER ID") && table[1].contains("c "))
        let top = try host.check("top", "c").lines
        #expect(top.count == 2 && top[0].hasPrefix("UID") && top[1].contains("sh -c while true"))
        #expect(top[1].contains(" \(try host.pid(of: "c")) "))
        try host.check("stop", "-t", "0", "c")
        #expect(try host.checkFails(1, "top", "c").contains("not running"))
    }

    @Test func inspection() throws {
        try host.check(
            "create", "--name", "c", "-l", "a=b", "-v", "/data", "--restart", "on-failure:3", "busybox", "sh")
        #expect(try host.inspect("c", "Name") == "/c")
        #expect(try host.inspect("c", "Path") == "sh")
        #expect(try host.inspect("c", "Config", "Labels", "a") == "b")
        #expect(try host.inspect("c", "HostConfig", "RestartPolicy", "Name") == "on-failure")
        #expect(try host.inspect("c", "HostConfig", "RestartPolicy", "MaximumRetryCount") == "3")
        #expect(try host.inspect("busybox", "Architecture") != "")
        let result = try host.run(["inspect", "c", "nobody"])
        #expect(
            result.code == 1 && result.output.contains("\"Name\": \"/c\"") && result.error.contains("nobody"))
    }
}
