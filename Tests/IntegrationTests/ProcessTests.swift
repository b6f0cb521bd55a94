import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// What the program is given: identity, limits, rights, descriptors.
    @Suite struct Process {
        @Test func userGroupsUmaskAndHome() throws {
            try withHost { host in
                let output = try host.run(
                    "id -u; id -g; id -G; umask; echo $HOME; grep ^Uid /proc/self/status"
                ) {
                    $0.process?.user = .init(uid: 33, gid: 34, umask: 0o077, additionalGids: [50, 60])
                }
                #expect(
                    output.lines == ["33", "34", "34 50 60", "0077", "/var/www", "Uid:\t33\t33\t33\t33"],
                    "\(output)")
                #expect(
                    try host.run("echo $HOME", name: "d") { $0.process?.env.append("HOME=/own") }.out
                        == "/own\n")
                #expect(
                    try host.run("echo $HOME; id -u", name: "e") { $0.process?.user = .init(uid: 4242) }.lines
                        == ["/", "4242"])
            }
        }

        /// The first process has the field's usual umask, an exec the caller's.
        @Test func theUmaskOfTheCaller() throws {
            try withHost { host in
                let bundle = try host.bundle("umask; sleep 60")
                let caller = "umask 077; \(Host.runtime) --root \(host.state)"
                let out = "\(host.folder)/out"
                try host.shell("\(caller) run --detach --bundle \(bundle) \(host.id()) > \(out)")
                #expect(try eventually { try Files.read(out) == "0022\n" })
                #expect(try host.shell("\(caller) exec \(host.id()) sh -c umask") == "0077\n")
                try host.delete()
            }
        }

        @Test func limits() throws {
            try withHost { host in
                let output = try host.run("ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Su") {
                    $0.process?.rlimits = [
                        .init(type: .openFiles, hard: 512, soft: 256), .init(type: .core, hard: 0, soft: 0),
                        .init(type: .processes, hard: 77, soft: 66),
                    ]
                }
                #expect(output.lines == ["256", "512", "0", "66"], "\(output)")
            }
        }

        /// Only a process outside of the user namespace may raise them, with a capability on the host.
        @Test func limitsAboveTheCallers() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60") {
                    $0.linux?.namespaces.append(.init(.user))
                    $0.linux?.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    $0.linux?.gidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    $0.process?.rlimits = [
                        .init(type: .openFiles, hard: 2048, soft: 1536),
                        // Below the caller's.
                        .init(type: .processes, hard: 1_000, soft: 900),
                    ]
                }
                func limited(_ words: String...) throws -> Output {
                    try host.start(
                        program: [
                            "/bin/sh", "-c", "ulimit -n 1024; exec \"$@\"", "sh", Host.runtime, "--root",
                            host.state,
                        ] + words
                    ).wait()
                }
                let run = try limited("run", "--detach", "--bundle", bundle, host.id())
                let status = try Files.read("/proc/self/status").split(separator: "\n")
                let held = status.first { $0.hasPrefix("CapEff:") }.flatMap {
                    UInt64($0.dropFirst(7).drop { $0 == "\t" }, radix: 16)
                }
                // CAP_SYS_RESOURCE
                guard try #require(held) & 1 << 24 != 0 else {
                    #expect(run.code == 1)
                    #expect(
                        run.err.contains("set RLIMIT_NOFILE to 1536:2048: operation not permitted"), "\(run)")
                    return
                }
                #expect(run.code == 0, "\(run)")
                for file in ["/proc/1/limits", "/proc/self/limits"] {
                    let limits = try limited("exec", host.id(), "cat", file).out
                    let words = limits.split(separator: "\n").map {
                        $0.split(separator: " ").map(String.init)
                    }
                    #expect(
                        words.contains { $0.prefix(5) == ["Max", "open", "files", "1536", "2048"] },
                        "\(limits)")
                    #expect(
                        words.contains { $0.prefix(4) == ["Max", "processes", "900", "1000"] }, "\(limits)")
                }
                try host.delete()
            }
        }

        /// Limits are the program's, and do not stop the runtime's own last steps.
        @Test func smallLimits() throws {
            try withHost { host in
                let limits: [RuntimeSpec.Rlimit] = [
                    .init(type: .openFiles, hard: 8, soft: 8), .init(type: .fileSize, hard: 0, soft: 0),
                    .init(type: .data, hard: 4096, soft: 4096), .init(type: .lockedMemory, hard: 0, soft: 0),
                ]
                for (index, limit) in limits.enumerated() {
                    let name = "r\(index)"
                    let output = try host.run("cat /proc/self/limits", name: name) {
                        $0.process?.rlimits = [limit]
                        // A filter's text is read and its program made with memory of the runtime's.
                        $0.linux?.seccomp = .init(defaultAction: .allow)
                    }
                    #expect(!output.err.contains("swiftlet-oci"), "\(limit.type): \(output)")
                    // Neither does the shell start with a page of data, nor can it write into a file of no size.
                    if [.data, .fileSize].contains(limit.type) { continue }
                    #expect(output.code == 0, "\(limit.type): \(output)")
                    #expect(output.lines.contains { $0.contains(" \(limit.soft) ") }, "\(output.out)")
                }
                let bundle = try host.bundle("true") { $0.process?.rlimits = limits }
                try host.ok("create", "--bundle", bundle, host.id("all"))
                let pid = try #require(try host.stateOf(host.id("all")).pid)
                let table = try Files.read("/proc/\(pid)/limits").split(separator: "\n")
                func values(_ name: String) -> [Substring] {
                    table.first { $0.hasPrefix(name) }?.dropFirst(name.count).split(separator: " ") ?? []
                }
                #expect(values("Max open files").first == "8")
                #expect(values("Max file size").first == "0")
                #expect(values("Max data size").first == "4096")
                try host.delete("all")
            }
        }

        @Test func capabilitiesInEachSet() throws {
            try withHost { host in
                let output = try host.run("grep Cap /proc/self/status") {
                    var sets = RuntimeSpec.Capabilities()
                    sets.bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"]
                    sets.permitted = ["CAP_CHOWN", "CAP_KILL"]
                    sets.effective = ["CAP_CHOWN", "CAP_KILL"]
                    sets.inheritable = ["CAP_KILL"]
                    sets.ambient = ["CAP_KILL"]
                    $0.process?.capabilities = sets
                    $0.process?.user = .init(uid: 1000)
                }
                // Of an ordinary user's sets only the ambient ones survive execve(2).
                #expect(
                    output.lines == [
                        "CapInh:\t0000000000000020", "CapPrm:\t0000000000000020", "CapEff:\t0000000000000020",
                        "CapBnd:\t0000000000002021", "CapAmb:\t0000000000000020",
                    ], "\(output)")
            }
        }

        @Test func noneAtAll() throws {
            try withHost { host in
                let output = try host.run("grep -E 'Cap|NoNew' /proc/self/status; chown 1 /tmp 2>&1") {
                    $0.process?.capabilities = nil
                    $0.process?.noNewPrivileges = false
                }
                #expect(output.lines.prefix(5).allSatisfy { $0.hasSuffix("0000000000000000") }, "\(output)")
                #expect(output.lines[5] == "NoNewPrivs:\t0")
            }
        }

        @Test func capabilitiesUnknownHereAreWarnedOf() throws {
            try withHost { host in
                let output = try host.run("echo ran") {
                    $0.process?.capabilities?.bounding.append("CAP_FLYING")
                }
                #expect(output.out == "ran\n")
                #expect(output.err.contains("level=warning") && output.err.contains("CAP_FLYING"))
            }
        }

        /// A folder and a program that its user may enter and root may not: as on NFS, whose servers trust no root. Here
        /// by an owner that the user namespace does not know, in which root then has no special rights.
        @Test(arguments: [true, false]) func theWorkingDirectoryMayBeItsUsersAlone(_ noNewPrivileges: Bool)
            throws
        {
            try withHost { host in
                func change(_ spec: inout RuntimeSpec, gid: UInt32) {
                    let map: [RuntimeSpec.IDMapping] = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    spec.linux?.namespaces.append(.init(.user))
                    spec.linux?.uidMappings = map
                    spec.linux?.gidMappings = map
                    spec.process?.user = .init(uid: 1000, gid: gid)
                    spec.process?.noNewPrivileges = noNewPrivileges
                    spec.process?.cwd = "/data"
                    spec.process?.args = ["./here"]
                    spec.linux?.seccomp = .init(defaultAction: .allow)
                }
                let bundle = try host.bundle(writable: true) { change(&$0, gid: 1000) }
                let data = "\(bundle)/rootfs/data"
                try Files.makeFolder(data)
                try Files.write("\(data)/here", "#!/bin/sh\npwd\n[ $# = 0 ] || sleep 60\n", mode: 0o755)
                try host.shell("chown -R 0:101000 \(data) && chmod 750 \(data)")
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 0 && output.out == "/data\n", "\(output)")
                _ = try host.bundle(writable: true) { change(&$0, gid: 2000) }
                let refused = try host.oci("run", "--bundle", bundle, host.id())
                #expect(refused.code == 1)
                #expect(
                    refused.err.contains("chdir to cwd (\"/data\") set in config.json failed"), "\(refused)")
                _ = try host.bundle(writable: true) {
                    change(&$0, gid: 1000)
                    $0.process?.args.append("stay")
                }
                try host.ok("run", "--detach", "--bundle", bundle, host.id())
                #expect(try host.ok("exec", "--cwd", "/data", host.id(), "./here").out == "/data\n")
                let other = try host.oci("exec", "--user", "1000:2000", host.id(), "./here")
                #expect(other.code == 255 && other.err.contains("chdir to cwd"), "\(other)")
                try host.delete()
            }
        }

        @Test(arguments: [true, false]) func noNewPrivileges(_ on: Bool) throws {
            try withHost { host in
                let script = "grep NoNew /proc/self/status; /its-owners -u"
                let bundle = try host.bundle(script, writable: true) {
                    $0.process?.noNewPrivileges = on
                    $0.process?.user = .init(uid: 1000)
                    $0.process?.capabilities?.bounding = []
                }
                // A program that runs as its owner, root; busybox itself gives that up.
                try host.shell(
                    """
                    cd \(bundle)/rootfs && cp /usr/bin/id its-owners && chmod 4755 its-owners &&
                        for file in $(ldd /usr/bin/id | grep -o "/[^ ]*"); do cp -L --parents $file .; done
                    """)
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.lines == ["NoNewPrivs:\t\(on ? 1 : 0)", on ? "1000" : "0"], "\(output)")
            }
        }

        @Test func seccompProfileOfDocker() throws {
            try withHost { host in
                let profile = try RuntimeSpec.Seccomp(json: FileDescriptor.readFile(Host.dockerProfile))
                for round in 1...2 {
                    // The second time the filter comes from the cache.
                    let output = try host.run(
                        "grep Seccomp: /proc/self/status; unshare -U true 2>&1; ls / > /dev/null && echo works",
                        name: "r\(round)"
                    ) { $0.linux?.seccomp = profile }
                    #expect(output.lines.first == "Seccomp:\t2")
                    #expect(output.out.contains("Operation not permitted"), "\(output)")
                    #expect(output.lines.last == "works")
                }
                #expect(!Files.names(in: "\(host.state)/.seccomp").isEmpty)
            }
        }

        @Test(arguments: [true, false]) func seccompRefusesWhatItIsTold(_ noNewPrivileges: Bool) throws {
            try withHost { host in
                let output = try host.run(
                    "mkdir /tmp/x 2>&1; chmod 700 /tmp 2>&1; echo alive", writable: true
                ) {
                    $0.process?.noNewPrivileges = noNewPrivileges
                    var filter = RuntimeSpec.Seccomp(defaultAction: .allow)
                    filter.syscalls = [
                        .init(names: ["mkdir", "mkdirat", "no_such_call"], action: .errno),
                        .init(
                            names: ["chmod", "fchmod", "fchmodat", "fchmodat2"], action: .errno,
                            errnoRet: UInt32(EXDEV)),
                    ]
                    $0.linux?.seccomp = filter
                }
                #expect(output.out.contains("Operation not permitted"), "\(output)")
                #expect(output.out.contains("Invalid cross-device link"), "\(output)")
                #expect(output.lines.last == "alive")
            }
        }

        /// A profile may refuse the very calls that start a program, report that it did not start, and exit.
        @Test(
            arguments: [
                (true, []), (false, []), (true, ["read", "write"]), (false, ["read", "write"]),
                (true, ["execve"]),
            ] as [(Bool, [String])])
        func aProfileUnderWhichNothingStarts(_ noNewPrivileges: Bool, _ allowed: [String]) throws {
            try withHost { host in
                // Which steps come after the filter, the profile without no_new_privs has to allow.
                let steps =
                    noNewPrivileges || allowed.isEmpty
                    ? []
                    : [
                        "prctl", "capset", "setgroups", "setresuid", "setresgid", "umask", "prlimit64",
                        "seccomp", "close",
                    ]
                let bundle = try host.bundle("true") {
                    $0.process?.noNewPrivileges = noNewPrivileges
                    var filter = RuntimeSpec.Seccomp(defaultAction: .errno)
                    if !allowed.isEmpty { filter.syscalls = [.init(names: allowed + steps, action: .allow)] }
                    $0.linux?.seccomp = filter
                }
                let starts = allowed == ["execve"]
                for command in ["run", "create", "start"] {
                    if command == "start", try host.oci("state", host.id()).code != 0 { continue }
                    let output = try host.start(
                        [command] + (command == "start" ? [] : ["--bundle", bundle]) + [host.id()]
                    ).wait(seconds: 10)
                    if starts {
                        // The program is there, and cannot do anything; `true` cannot even exit.
                        #expect(!output.err.contains("dead"), "\(command): \(output)")
                    } else if command == "create", noNewPrivileges || !allowed.isEmpty {
                        #expect(output.code == 0, "\(output)")
                        #expect(try host.stateOf(host.id()).status == .created)
                    } else {
                        #expect(output.code == 1, "\(command): \(output)")
                        #expect(output.err.split(separator: "\n").count == 1, "\(command): \(output.err)")
                        if command == "run" { host.expectNothingLeft() }
                    }
                }
                if try host.oci("state", host.id()).code == 0 {
                    #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                }
                try host.delete()
            }
        }

        @Test func seccompAppliesToExec() throws {
            try withHost { host in
                try host.background {
                    var filter = RuntimeSpec.Seccomp(defaultAction: .allow)
                    filter.syscalls = [.init(names: ["mkdir", "mkdirat"], action: .killProcess)]
                    $0.linux?.seccomp = filter
                }
                #expect(try host.oci("exec", host.id(), "mkdir", "/tmp/x").code == 128 + SIGSYS)
                #expect(try host.oci("exec", host.id(), "true").code == 0)
                try host.delete()
            }
        }

        @Test func kernelParameters() throws {
            try withHost { host in
                let before = try Files.read("/proc/sys/kernel/shmmax")
                let output = try host.run("cat /proc/sys/kernel/shmmax /proc/sys/net/ipv4/ip_forward") {
                    $0.linux?.sysctl = ["kernel.shmmax": "65536", "net.ipv4.ip_forward": "1"]
                }
                #expect(output.lines == ["65536", "1"], "\(output)")
                #expect(try Files.read("/proc/sys/kernel/shmmax") == before)
            }
        }

        /// Of variables with one name the last one counts, for whatever reads the list.
        @Test func aVariableIsThereOnce() throws {
            try withHost { host in
                let show = "tr '\\0' '\\n' < /proc/$$/environ | grep -E '^(AB?|HOME)='"
                let change = { (spec: inout RuntimeSpec) -> Void in
                    spec.process?.env += ["A=1", "AB=x", "HOME=/one", "A=2", "HOME=/two", "A=3="]
                }
                #expect(try host.run(show, name: "r", change).lines == ["AB=x", "HOME=/two", "A=3="])
                try host.background("sleep 60", change)
                let options = ["exec", "--env", "A=4", "-e", "A=5", host.id(), "sh", "-c", show]
                #expect(try host.start(options).wait().lines == ["AB=x", "HOME=/two", "A=5"])
                let document = "\(host.folder)/process.json"
                try Files.write(
                    document,
                    "{\"cwd\":\"/\",\"args\":[\"/bin/busybox\",\"env\"],\"env\":[\"A=1\",\"B=2\",\"A=\"],\"user\":{\"uid\":0,\"gid\":0}}"
                )
                #expect(
                    try host.ok("exec", "--process", document, host.id()).lines.filter {
                        !$0.hasPrefix("HOME")
                    }
                        == ["B=2", "A="])
                try host.delete()
            }
        }

        @Test func passesDescriptorsOn() throws {
            try withHost { host in
                let path = "\(host.folder)/passed"
                try Files.write(path, "through 3")
                let file = try FileDescriptor.open(path, O_RDONLY)
                let other = try FileDescriptor.open("/dev/zero", O_RDONLY)
                let bundle = try host.bundle("cat <&3; echo; ls /proc/self/fd")
                let some = try host.oci(
                    "run", "--preserve-fds", "1", "--bundle", bundle, host.id("a"),
                    passed: [file.raw, other.raw])
                // The fourth is the folder that ls reads.
                #expect(some.lines == ["through 3", "0", "1", "2", "3", "4"], "\(some)")
                let none = try host.oci(
                    "run", "--preserve-fds", "5", "--bundle", bundle, host.id("b"), passed: [file.raw])
                #expect(none.code == 1 && none.err.contains("not open"))
            }
        }

        @Test func hasNothingOfTheRuntimes() throws {
            try withHost { host in
                let secret = try FileDescriptor.open("/root", O_RDONLY)
                let output = try host.oci(
                    "run", "--bundle", try host.bundle("ls /proc/self/fd; env | cut -d= -f1 | sort"),
                    host.id(),
                    passed: [secret.raw, secret.raw, secret.raw], environment: ["SECRET=1"])
                #expect(output.lines.prefix(4) == ["0", "1", "2", "3"])
                #expect(!output.out.contains("SECRET\n") && !output.out.contains("LISTEN"))
                let ignored = try host.run("grep -E 'Sig(Blk|Ign)' /proc/self/status", name: "d")
                #expect(ignored.lines.first == "SigBlk:\t0000000000000000")
                // busybox's shell itself ignores SIGQUIT.
                let last = ignored.lines.last
                #expect(last == "SigIgn:\t0000000000000000" || last == "SigIgn:\t0000000000000004")
            }
        }

        @Test func schedulingAndPriorities() throws {
            try withHost { host in
                let output = try host.run(
                    "cat /proc/self/oom_score_adj; ionice -p 1; uname -m; cut -d' ' -f19 /proc/1/stat"
                ) {
                    $0.process?.oomScoreAdj = 500
                    $0.process?.ioPriority = .init(class: .bestEffort, priority: 6)
                    var scheduler = RuntimeSpec.Scheduler(policy: .batch)
                    scheduler.nice = 7
                    $0.process?.scheduler = scheduler
                    $0.linux?.personality = .init(domain: .linux32)
                }
                #expect(output.lines == ["500", "best-effort: prio 6", "i686", "7"], "\(output)")
            }
        }

        /// In a group that has time for them, which a new one of the first hierarchy has not.
        @Test(arguments: [(RuntimeSpec.Scheduler.Policy.fifo, "1"), (.roundRobin, "2")])
        func realTimePolicies(_ policy: RuntimeSpec.Scheduler.Policy, _ number: String) throws {
            try withHost { host in
                var scheduler = RuntimeSpec.Scheduler(policy: policy)
                scheduler.priority = 10
                // The fields rt_priority and policy of proc(5).
                let script = "cut -d' ' -f40,41 /proc/self/stat"
                let isDivided = Files.exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")
                let output = try host.run(script) {
                    $0.process?.scheduler = scheduler
                    guard isDivided else { return }
                    $0.linux?.resources?.cpu = .init()
                    $0.linux?.resources?.cpu?.realtimeRuntime = 10_000
                    $0.linux?.resources?.cpu?.realtimePeriod = 1_000_000
                }
                #expect(output.out == "10 \(number)\n", "\(output)")
                guard isDivided else { return }
                let without = try host.run(script, name: "w") { $0.process?.scheduler = scheduler }
                #expect(without.code == 1 && without.err.contains("realtimeRuntime"), "\(without)")
            }
        }
    }
}
