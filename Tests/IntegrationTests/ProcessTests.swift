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

        @Test func noNewPrivileges() throws {
            try withHost { host in
                let script = "grep NoNew /proc/self/status; /bin/su-like -u"
                func change(_ spec: inout RuntimeSpec, _ on: Bool) {
                    spec.process?.noNewPrivileges = on
                    spec.process?.user = .init(uid: 1000)
                    spec.process?.capabilities?.bounding = []
                }
                for on in [true, false] {
                    let bundle = try host.bundle(script, name: "b\(on)", writable: true) { change(&$0, on) }
                    // A program that runs as its owner, root. Not a hard link: those would all become so.
                    try host.shell(
                        "cp \(bundle)/rootfs/bin/busybox \(bundle)/rootfs/bin/id2 && mkdir -p \(bundle)/rootfs/s && cp \(bundle)/rootfs/bin/busybox \(bundle)/rootfs/s/id && chmod 4755 \(bundle)/rootfs/s/id && ln -s /s/id \(bundle)/rootfs/bin/su-like"
                    )
                    var spec = try RuntimeSpec(json: FileDescriptor.readFile("\(bundle)/config.json"))
                    spec.process?.args = ["sh", "-c", "grep NoNew /proc/self/status; /s/id -u"]
                    try Files.write("\(bundle)/config.json", String(decoding: spec.json(), as: UTF8.self))
                    let output = try host.oci("run", "--bundle", bundle, host.id())
                    #expect(output.lines.first == "NoNewPrivs:\t\(on ? 1 : 0)")
                }
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
    }
}
