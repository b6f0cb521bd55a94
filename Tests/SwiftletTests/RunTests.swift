import Glibc
import LinuxKernel
import Testing

/// `run`: what a program finds inside, and what the host sees.
struct RunTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    private func run(_ arguments: String...) throws -> Program.Result {
        try host.run(["run", "--rm"] + arguments)
    }

    // MARK: Streams and exit codes

    @Test func outputsAndExitCode() throws {
        let result = try run("busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
        #expect(result.output == "out\n" && result.error == "err\n" && result.code == 7)
    }

    @Test func endBySignal() throws {
        // A first process gets no signal of its own namespace that it does not handle, not even this one.
        #expect(try run("busybox", "sh", "-c", "kill -9 $$; exit 3").code == 3)
        #expect(try run("--init", "busybox", "sh", "-c", "kill -9 $$").code == 137)
        #expect(try run("--init", "busybox", "sh", "-c", "kill -TERM $$").code == 143)
    }

    @Test func inputGoesInOnlyWithI() throws {
        #expect(try host.run(["run", "--rm", "-i", "busybox", "wc", "-c"], input: "hello").line == "5")
        #expect(try host.run(["run", "--rm", "busybox", "wc", "-c"], input: "hello").line == "0")
    }

    @Test func muchOutputIsComplete() throws {
        let result = try run("busybox", "sh", "-c", "dd if=/dev/zero bs=1M count=20 2>/dev/null")
        #expect(result.output.utf8.count == 20 << 20)
    }

    @Test func programsThatCannotRun() throws {
        #expect(try host.checkFails(127, "run", "--rm", "busybox", "/no/such").contains("/no/such"))
        #expect(try host.checkFails(126, "run", "--rm", "busybox", "/etc/passwd").contains("/etc/passwd"))
        #expect(try host.checkFails(126, "run", "--rm", "busybox", "/etc").contains("/etc"))
        #expect(try host.check("ps", "-a", "-q").output.isEmpty)
    }

    @Test func nobodyReadsTheOutput() throws {
        let script = "\"$0\" run --rm busybox sh -c 'yes | head -c 1000000' | head -c 10"
        let shell = try host.inNetwork {
            try Program(
                "/bin/bash", ["-c", "set -o pipefail; " + script, Host.builtProgram("swiftlet")],
                environment: host.environment)
        }.finish()
        #expect(shell.code == 141 && shell.output.utf8.count == 10)
    }

    // MARK: What is inside

    @Test func isolation() throws {
        let result = try run(
            "busybox", "sh", "-c", "echo $$; hostname; ls /proc | grep -c '^[0-9]'; ls /sys/class/net; id -u")
        let lines = result.lines
        #expect(lines.count == 6)
        #expect(lines[0] == "1" && lines[1].utf8.count == 12 && lines[3...] == ["eth0", "lo", "0"])
        #expect(Int(lines[2])! < 6)
    }

    @Test func namesAndEnvironment() throws {
        let result = try run(
            "--hostname", "box", "--domainname", "example.org", "-e", "A=1", "-e", "B=x y", "--env",
            "HOME=/h", "-w",
            "/made/for/it", "--add-host", "db:10.1.2.3", "--dns", "192.0.2.1", "busybox", "sh", "-c",
            "hostname; echo $A,$B,$HOME; pwd; cat /etc/hostname; grep db /etc/hosts; cat /etc/resolv.conf")
        #expect(
            result.lines == [
                "box", "1,x y,/h", "/made/for/it", "box", "10.1.2.3\tdb", "nameserver 192.0.2.1",
            ])
    }

    /// A full name in one word or in two, with a network of its own and without one.
    @Test(arguments: [
        (["-h", "box"], "box"), (["-h", "box.example.org"], "box.example.org box"),
        (["-h", "box", "--domainname", "example.org"], "box.example.org box"),
        (["-h", "box.example", "--domainname", "org"], "box.example.org box.example box"),
    ])
    func ownNamesInTheHostsFile(options: [String], names: String) throws {
        for (network, ending) in [("builtin", "\t# own"), ("none", "")] {
            let result = try host.run(
                ["run", "--rm", "--network", network] + options + ["busybox", "grep", "box", "/etc/hosts"])
            #expect(result.line.hasSuffix("\t\(names)\(ending)"), "\(network): \(result)")
        }
    }

    @Test func users() throws {
        #expect(try run("-u", "1000:1001", "busybox", "id").line.hasPrefix("uid=1000 gid=1001"))
        #expect(try run("-u", "nobody", "busybox", "id", "-un").line == "nobody")
        #expect(
            try run("-u", "1000", "--group-add", "29", "busybox", "id", "-G").line.split(separator: " ")
                .contains("29"))
        let error = try host.checkFails(125, "run", "--rm", "-u", "martian", "busybox", "true")
        #expect(error.contains("martian"))
    }

    @Test func imageConfiguration() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("oci/users"))
        let names = try host.check("images", "--format", "json").lines.filter { $0.contains("test/users") }
        #expect(!names.isEmpty)
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/config.tar"))
        try host.check("create", "--name", "c", "test/config")
        #expect(try host.inspect("c", "Config", "StopSignal") != "SIGTERM")
        #expect(try host.inspect("c", "Config", "User") != "")
        // Its volume exists, and goes with the container only on demand.
        #expect(try host.check("volume", "ls", "-q").lines.count >= 1)
    }

    @Test func entryPoint() throws {
        #expect(try run("--entrypoint", "/bin/echo", "busybox", "a", "b").line == "a b")
        // The container's own arguments are not options of ours.
        #expect(try run("busybox", "echo", "--rm=true", "-i", "--help").line == "--rm=true -i --help")
    }

    @Test func initReapsAndPassesSignals() throws {
        #expect(try run("--init", "busybox", "sh", "-c", "echo $PPID; exit 3").line == "1")
        #expect(try run("--init", "busybox", "sh", "-c", "exit 3").code == 3)
        #expect(try run("--init", "busybox", "nothing").code == 127)
        // Orphans are reaped: no zombie stays.
        let result = try run(
            "--init", "busybox", "sh", "-c",
            "(sleep 0.1 & exec sleep 0.01) & wait; sleep 0.4; ps -o stat | grep -c Z; true")
        #expect(result.line == "0")
    }

    // MARK: Files

    @Test func readOnlyRoot() throws {
        let result = try run(
            "--read-only", "--tmpfs", "/scratch:size=1m,exec", "busybox", "sh", "-c",
            "touch /x 2>/dev/null && echo written; touch /scratch/x && echo scratch; grep /scratch /proc/mounts"
        )
        #expect(result.lines[0] == "scratch")
        #expect(result.lines[1].contains("size=1024k") && !result.lines[1].contains("noexec"))
    }

    /// They lie on the host's disk, which a container with a read-only root is not to fill.
    @Test func filesOfTheHostsNetworkAreAsTheRoot() throws {
        let script =
            "for f in hosts hostname resolv.conf; do (echo >> /etc/$f) 2>/dev/null && echo $f; done; cat /etc/hostname"
        #expect(try run("--read-only", "-h", "box", "busybox", "sh", "-c", script).lines == ["box"])
        let writable = try run("-h", "box", "busybox", "sh", "-c", script)
        #expect(writable.lines == ["hosts", "hostname", "resolv.conf", "box"])
    }

    @Test func boundFolders() throws {
        let folder = host.root + "/../bound"
        let result = try run(
            "-v", "\(folder):/data", "-v", "\(folder):/ro:ro", "busybox", "sh", "-c",
            "echo hello > /data/file; cat /ro/file; touch /ro/x 2>&1 | grep -o 'Read-only file system'")
        #expect(result.lines == ["hello", "Read-only file system"])
        let text = try FileDescriptor.readFile(folder + "/file")
        #expect(String(decoding: text, as: UTF8.self) == "hello\n")
        let error = try host.checkFails(
            125, "run", "--rm", "--mount", "type=bind,source=/nowhere/x,target=/data", "busybox", "true")
        #expect(error.contains("/nowhere/x"))
        #expect(access("/nowhere", F_OK) != 0)
    }

    /// A caller who keeps all to himself does not keep a container's user from what is made for it.
    @Test func theCallersUmaskStaysOutside() throws {
        let places = "/etc/hosts /etc/hostname /etc/resolv.conf /made /made/here /bound /named /anonymous"
        let script =
            "umask 077; \"$0\" run --rm --network none -u 1000 -w /made/here -v \(host.folder)/new/bound:/bound"
            + " -v named:/named -v /anonymous busybox stat -c %a \(places)"
        let result = try host.shell(script)
        #expect(result.lines == Array(repeating: "644", count: 3) + Array(repeating: "755", count: 5))
        // What is the caller's own stays so.
        let idFile = host.folder + "/id"
        try host.shell("umask 077; \"$0\" create --name c --cidfile \(idFile) busybox true")
        #expect(try host.shell("stat -c %a \(idFile)").line == "600")
        try host.check("rm", "c")
    }

    @Test func volumes() throws {
        // A new volume begins with what the image has there.
        try host.check("run", "--rm", "-v", "kept:/etc", "busybox", "sh", "-c", "echo mine > /etc/own")
        let result = try run(
            "-v", "kept:/x", "busybox", "sh", "-c", "cat /x/own; test -s /x/passwd && echo copied")
        #expect(result.lines == ["mine", "copied"])
        #expect(try host.check("volume", "ls", "-q").lines == ["kept"])
        try host.check("create", "--name", "user", "-v", "kept:/x", "busybox")
        #expect(try host.checkFails(1, "volume", "rm", "kept").contains("in use"))
        try host.check("rm", "user")
        try host.check("volume", "rm", "kept")
        // Anonymous ones of --rm go with their container, others with rm -v.
        try host.check("run", "--rm", "-v", "/data", "busybox", "touch", "/data/x")
        #expect(try host.check("volume", "ls", "-q").lines.isEmpty)
        try host.check("run", "--name", "anonymous", "-v", "/data", "busybox", "touch", "/data/x")
        #expect(try host.check("volume", "ls", "-q").lines.count == 1)
        try host.check("rm", "-v", "anonymous")
        #expect(try host.check("volume", "ls", "-q").lines.isEmpty)
    }

    /// A standard stream that the caller has closed is /dev/null, and not what is opened first.
    @Test func closedStandardStreams() throws {
        let result = try host.shell(
            """
            timeout 60 "$0" run --rm -i busybox cat 0<&-
            "$0" run --rm busybox echo lost 1>&-
            "$0" run --rm busybox sh -c 'echo one; echo lost >&2' 2>&-
            timeout 60 "$0" run --rm -i busybox sh -c 'cat; echo two' 0<&- 2>&-
            "$0" images -q 1>&-
            """)
        #expect(result.output == "one\ntwo\n" && result.error.isEmpty, "\(result)")
    }

    /// What copying needs is not the container's.
    @Test func theLimitOfOpenFilesStaysWithANewVolume() throws {
        let result = try host.shell(
            """
            prlimit --nofile=1000:4096 "$0" run --rm -v new:/etc busybox \
                sh -c 'test -s /etc/passwd && ulimit -n'
            """)
        #expect(result.lines == ["1000"])
    }

    @Test func devices() throws {
        let result = try run(
            "--device", "/dev/null:/dev/mine:rw", "busybox", "sh", "-c",
            "echo x > /dev/mine && echo ok; ls -l /dev/mine | cut -c1; mknod /d b 7 0 && cat /d 2>&1 | grep -o 'not permitted'"
        )
        #expect(result.lines == ["ok", "c", "not permitted"])
    }

    // MARK: Rights

    private func status(_ arguments: String..., field: String) throws -> String {
        let result = try host.run(
            ["run", "--rm"] + arguments + ["busybox", "grep", field, "/proc/self/status"])
        return String(result.line.split(separator: "\t").last ?? "")
    }

    @Test func capabilities() throws {
        #expect(try status(field: "CapEff") == "00000000a80425fb")
        #expect(try status("--cap-drop", "ALL", field: "CapBnd") == "0000000000000000")
        #expect(
            try status("--cap-drop", "all", "--cap-add", "net_bind_service", field: "CapEff")
                == "0000000000000400")
        #expect(try status("-u", "1000", field: "CapEff") == "0000000000000000")
        #expect(try status("-u", "1000", field: "CapBnd") == "00000000a80425fb")
    }

    @Test func seccompAndNewPrivileges() throws {
        #expect(try status(field: "Seccomp:") == "2")
        #expect(try status("--security-opt", "seccomp=unconfined", field: "Seccomp:") == "0")
        #expect(try status(field: "NoNewPrivs") == "0")
        #expect(try status("--security-opt", "no-new-privileges", field: "NoNewPrivs") == "1")
        #expect(try run("busybox", "unshare", "-m", "true").code != 0)
        #expect(try run("--privileged", "busybox", "unshare", "-m", "true").code == 0)
        let profile = host.root + "/profile.json"
        try FileDescriptor.open(profile, O_WRONLY | O_CREAT, mode: 0o644).writeAll(
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}"#
        )
        let result = try run(
            "--security-opt", "seccomp=\(profile)", "busybox", "sh", "-c", "mkdir /x; touch /y && echo fine")
        #expect(result.line == "fine" && result.error.contains("not permitted"))
        try FileDescriptor.open(profile, O_WRONLY | O_TRUNC).writeAll(#"{"defaultAction": "SCMP_ACT_DANCE"}"#)
        let error = try host.checkFails(
            125, "run", "--rm", "--security-opt", "seccomp=\(profile)", "busybox", "true")
        #expect(error.contains("SCMP_ACT_DANCE"))
    }

    @Test func protectedPaths() throws {
        let script =
            "wc -c < /proc/timer_list; echo x > /proc/sys/kernel/hostname 2>/dev/null && echo written; ls /sys/firmware | wc -l"
        #expect(try run("busybox", "sh", "-c", script).lines == ["0", "0"])
    }

    @Test func hostNetwork() throws {
        let own = String(
            decoding: try host.inNetwork { try readLink("/proc/thread-self/ns/net") }, as: UTF8.self)
        #expect(try run("--network", "host", "busybox", "readlink", "/proc/self/ns/net").line == own)
        #expect(try run("busybox", "readlink", "/proc/self/ns/net").line != own)
        #expect(try run("--network", "none", "busybox", "readlink", "/proc/self/ns/net").line != own)
        let error = try host.checkFails(125, "run", "--network", "moon", "busybox")
        #expect(error.contains("moon"))
    }

    private func readLink(_ path: String) throws -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        if count < 0 { throw KernelError("read link", path) }
        return buffer[..<count].map { UInt8(bitPattern: $0) }
    }

    // MARK: Limits

    @Test func zeroIsNoLimit() throws {
        let options = [
            "-m", "0", "--memory-swap=0", "--memory-reservation", "0", "--cpus", "0.0", "-c", "0",
            "--cpu-period",
            "0", "--cpu-quota", "0", "--pids-limit", "0", "--cpuset-cpus=",
        ]
        let result = try host.run(["run", "-d", "--name", "free"] + options + ["busybox", "sleep", "1000"])
        #expect(result.code == 0, "\(result)")
        for name in ["Memory", "MemorySwap", "MemoryReservation", "NanoCpus", "CpuPeriod", "CpuQuota"] {
            #expect(try host.inspect("free", "HostConfig", name) == "0", "\(name)")
        }
    }

    @Test func limitsFromInsideAndOutside() throws {
        try host.check(
            "run", "-d", "--name", "limited", "--memory", "32m", "--cpus", "0.5", "--pids-limit", "20",
            "--cpuset-cpus",
            "0", "--ulimit", "nofile=64:128", "busybox", "sleep", "1000")
        let memory = try host.cgroupFile("memory.max", of: "limited")
        #expect(try (memory ?? host.cgroupFile("memory.limit_in_bytes", of: "limited")) == "\(32 << 20)")
        #expect(try host.cgroupFile("pids.max", of: "limited") == "20")
        #expect(try host.cgroupFile("cpuset.cpus", of: "limited") == "0")
        let quota = try host.cgroupFile("cpu.max", of: "limited")
        #expect(try (quota ?? host.cgroupFile("cpu.cfs_quota_us", of: "limited"))?.hasPrefix("50000") == true)
        let result = try host.check("exec", "limited", "sh", "-c", "ulimit -n; ulimit -Hn; nproc")
        #expect(result.lines == ["64", "128", "1"])
        #expect(try host.inspect("limited", "HostConfig", "Memory") == "\(32 << 20)")
        #expect(try host.inspect("limited", "HostConfig", "PidsLimit") == "20")
        #expect(try host.inspect("limited", "HostConfig", "NanoCpus") == "500000000")
    }

    @Test func tooMuchMemory() throws {
        let result = try host.run([
            "run", "--name", "hog", "--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
            "dd if=/dev/zero of=/dev/shm/x bs=1M count=60",
        ])
        #expect(result.code != 0)
        let killed = try host.run([
            "run", "--name", "glutton", "--memory", "16m", "--memory-swap", "16m", "busybox", "tail",
            "/dev/zero",
        ])
        #expect(killed.code == 137)
        #expect(try host.inspect("glutton", "State", "OOMKilled") == "true")
    }

    @Test func tooManyProcesses() throws {
        let result = try run(
            "--pids-limit", "8", "busybox", "sh", "-c",
            "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo done")
        #expect(result.error.contains("fork"))
    }

    // MARK: Attaching

    @Test func onlySomeStreams() throws {
        let words = ["busybox", "sh", "-c", "echo out; echo error >&2; cat"]
        let output = try host.run(["run", "--rm", "-a", "stdout"] + words)
        #expect(output.output == "out\n" && output.error == "", "\(output)")
        let error = try host.run(["run", "--rm", "-a", "STDERR"] + words)
        #expect(error.output == "" && error.error == "error\n", "\(error)")
        let input = try host.run(
            ["run", "--name", "c", "-i", "-a", "stdin"] + words, input: "typed\n")
        #expect(try input.line == host.id(of: "c"))
        #expect(try host.check("logs", "c").output == "out\ntyped\n")
    }

    /// A terminal is one stream: what is written to it is output.
    @Test func onlySomeStreamsOfATerminal() throws {
        let words = ["busybox", "sh", "-c", "echo out; echo error >&2"]
        let output = try host.run(["run", "--rm", "-t", "-a", "stdout"] + words)
        #expect(output.output == "out\r\nerror\r\n" && output.error == "", "\(output)")
        let error = try host.run(["run", "--rm", "-t", "-a", "stderr"] + words)
        #expect(error.output == "" && error.error == "" && error.code == 0, "\(error)")
        // It takes no input, so that it need not be one here.
        let quiet = try host.run(["run", "--rm", "-t", "-i", "-a", "stdout"] + words)
        #expect(quiet.code == 0 && quiet.output == "out\r\nerror\r\n", "\(quiet)")
    }

    /// As docker tells it.
    @Test func attachedStreamsAreTold() throws {
        func attached(_ command: String, _ options: String...) throws -> String {
            let made = try host.run([command, "--name", "c"] + options + ["busybox", "true"])
            #expect(made.code == 0, "\(made.error)")
            let template = "{{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.AttachStderr}}"
            defer { _ = try? host.run(["rm", "-f", "c"]) }
            return try host.check("inspect", "-f", template, "c").line
        }
        #expect(try attached("create") == "false true true")
        #expect(try attached("create", "-i") == "true true true")
        #expect(try attached("create", "-a", "stdout") == "false true false")
        #expect(try attached("run", "-a", "stderr") == "false false true")
        #expect(try attached("run", "-d") == "false false false")
        #expect(try host.checkFails(125, "create", "-a", "stdlog", "busybox").contains("stdlog"))
    }

    @Test func theLastOfSeveralUlimitsHolds() throws {
        let result = try run(
            "--ulimit", "nofile=100", "--ulimit", "core=0", "--ulimit", "nofile=300:400", "busybox", "sh",
            "-c",
            "ulimit -n; ulimit -Hn; ulimit -c")
        #expect(result.lines == ["300", "400", "0"], "\(result)")
    }

    // MARK: Bad wishes

    @Test(arguments: [
        ["--memory", "1m", "busybox"], ["--memory", "lots", "busybox"], ["--cpus", "-1", "busybox"],
        ["--cpus", "100000", "busybox"], ["--cpuset-cpus", "60000", "busybox"],
        ["--restart", "sometimes", "busybox"], ["--rm", "--restart", "always", "busybox"],
        ["-v", "a:b:c:d", "busybox"],
        ["--cap-add", "FLY", "busybox"], ["--ulimit", "x=1", "busybox"], ["--security-opt", "x", "busybox"],
        ["-p", "80:80:80:80", "busybox"], ["-p", "80/quic", "busybox"], ["-p", "99999:80", "busybox"],
        ["-p", "80-81:80-82", "busybox"], ["-p", "0", "busybox"], ["--ip", "host", "busybox"],
        ["--network", "none", "-p", "80:80", "busybox"],
        ["--network", "host", "--ip", "10.88.0.9", "busybox"],
        ["--network", "container:", "busybox"], ["--network", "container:nobody", "busybox"],
        ["--network", "container:nobody", "-p", "80:80", "busybox"],
        ["--dns", "server", "busybox"],
        ["--network", "moon", "busybox"], ["--stop-signal", "SIGWHAT", "busybox"],
        ["--name", "a/b", "busybox"],
        ["--unknown", "busybox"], ["-e", "=x", "busybox"], ["--env-file", "/nowhere", "busybox"],
        ["--mount", "type=x", "busybox"],
        ["--device", "/dev/nothing", "busybox"], ["--pull", "always", "busybox"],
        ["--platform", "linux/arm64", "--pull", "never", "busybox"],
        ["--log-driver", "syslog", "busybox"], ["-a", "stdlog", "busybox"],
        ["-d", "-a", "stdout", "busybox"],
        ["--log-driver", "none", "--log-opt", "max-size=1m", "busybox"],
        ["--log-opt", "tag=x", "busybox"], ["-w", "relative", "busybox"], ["--pull", "never", "nosuchimage"],
        ["UPPER"], [], ["busybox", ""], ["--entrypoint=", "busybox", ""],
        ["--sysctl", "kernel.bogus=1", "busybox"], ["--sysctl", "..=1", "busybox"],
        ["--sysctl", "kernel.hostname=x", "busybox"],
        ["--network", "host", "--sysctl", "net.ipv4.ip_forward=1", "busybox"],
        ["--ipc", "host", "--sysctl", "kernel.msgmax=8192", "busybox"],
        ["--detach-keys", "x-y", "busybox"],
    ])
    func refused(arguments: [String]) throws {
        let result = try host.run(["run"] + arguments)
        #expect(result.code == 125)
        #expect(
            result.error.hasPrefix("swiftlet: ") && result.error.split(separator: "\n").count == 1,
            "\(result.error)")
        #expect(!result.error.contains("config.json"), "\(result.error)")
        #expect(try host.check("ps", "-a", "-q").output.isEmpty)
    }

    @Test func imageThatIsNotHere() throws {
        #expect(
            try host.checkFails(125, "run", "--rm", "--pull", "never", "alpine").contains(
                "swiftlet load"))
    }

    @Test func nameInUse() throws {
        try host.check("create", "--name", "one", "busybox")
        #expect(try host.checkFails(125, "run", "--name", "one", "busybox").contains("in use"))
        try host.check("rm", "one")
        try host.check("run", "--rm", "--name", "one", "busybox", "true")
        // Gone with its container.
        try host.check("create", "--name", "one", "busybox")
    }

    @Test func idFile() throws {
        let path = host.root + "/cid"
        try host.check("run", "--name", "n", "--cidfile", path, "busybox", "true")
        #expect(String(decoding: try FileDescriptor.readFile(path), as: UTF8.self) == (try host.id(of: "n")))
    }
}
