import CLinux
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// The published advisories on container runtimes, each as an attack on a real container that must fail.
    /// docs/security.md lists them. The simpler ones are in `Attacks` and `View`.
    @Suite struct Security {
        // MARK: CVE-2019-5736, CVE-2024-21626: the runtime's own program and descriptors

        /// A container that lies in wait for whoever enters it, and writes to its executable.
        @Test func enteringDoesNotGiveTheRuntimeAway() throws {
            try withHost { host in
                let before = try host.shell("sha256sum < \(Host.runtime)")
                let lurk = "while :; do for p in /proc/[0-9]*; do echo x > $p/exe && echo hit; done; done"
                let bundle = try host.bundle("exec 2>/dev/null; \(lurk)", writable: true)
                let lurking = try host.start(["run", "--bundle", bundle, host.id()])
                #expect(try eventually { try host.oci("state", host.id()).out.contains("\"running\"") })
                for _ in 0..<20 {
                    // The interpreter is the one who enters.
                    try host.oci("exec", host.id(), "/bin/true")
                    try host.oci("exec", host.id(), "/proc/self/exe")
                }
                #expect(try lurking.outputSoFar() == "")
                try host.delete()
                _ = try lurking.wait()
                #expect(try host.shell("sha256sum < \(Host.runtime)") == before)
            }
        }

        @Test func noDescriptorOfTheCallerComesIn() throws {
            try withHost { host in
                let folder = try FileDescriptor.open("/", O_RDONLY | O_DIRECTORY)
                let bundle = try host.bundle("ls /proc/self/fd")
                let output = try host.oci(
                    "run", "--bundle", bundle, host.id(), passed: [folder.raw, folder.raw, folder.raw])
                // The fourth is that of `ls` on the folder.
                #expect(output.lines == ["0", "1", "2", "3"], "\(output)")
            }
        }

        // MARK: Races for a mount's target

        /// CVE-2021-30465: a folder in a shared volume is exchanged for a link to `/` while it is mounted on.
        @Test func anExchangedTargetStaysInside() throws {
            try withHost { host in
                let volume = "\(host.folder)/volume"
                try Files.makeFolder(volume)
                try Files.makeFolder("\(volume)/dir")
                try Files.write("\(host.folder)/mark", "host\n")
                try host.shell("ln -s / \(volume)/link")
                let script = "cat \(host.folder)/mark; ls -d /x /vol/dir/x /vol/link/x"
                let bundle = try host.bundle(script, writable: true) {
                    $0.mounts.append(.bind(volume, at: "/vol"))
                    $0.mounts.append(.tmpfs(at: "/vol/dir/x"))
                }
                let runs = try exchanging(host, "\(volume)/dir", "\(volume)/link") {
                    try host.oci("run", "--bundle", bundle, host.id())
                }
                #expect(runs.allSatisfy { !$0.out.contains("host") }, "\(runs)")
                #expect(!Files.exists("/x"))
            }
        }

        /// CVE-2025-52881, CVE-2019-16884: the same, towards the files through which labels and sysctls are set.
        @Test func anExchangedTargetIsNeverInProc() throws {
            try withHost { host in
                let volume = "\(host.folder)/volume"
                try host.shell("mkdir -p \(volume)/dir/attr; ln -s /proc/self \(volume)/link")
                let bundle = try host.bundle("grep -c ' /proc/.*attr' /proc/self/mounts", writable: true) {
                    $0.mounts.append(.bind(volume, at: "/vol"))
                    $0.mounts.append(.tmpfs(at: "/vol/dir/attr"))
                }
                let runs = try exchanging(host, "\(volume)/dir", "\(volume)/link") {
                    try host.oci("run", "--bundle", bundle, host.id())
                }
                for run in runs {
                    let isRefused = run.out == "" && run.err.contains("is inside /proc")
                    #expect(isRefused || run.out == "0\n", "\(run)")
                }
            }
        }

        /// CVE-2023-27561, CVE-2019-19921: /proc itself is exchanged. Either it is the procfs, with all its
        /// masks, or the container does not start.
        @Test func anExchangedProcIsRefused() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60", writable: true)
                let root = "\(bundle)/rootfs"
                try host.shell("mkdir -p \(root)/tmp/fake; ln -s /tmp/fake \(root)/other")
                var started = 0
                let runs = try exchanging(host, "\(root)/proc", "\(root)/other") {
                    let output = try host.oci("create", "--bundle", bundle, host.id())
                    guard output.code == 0 else { return output }
                    started += 1
                    let pid = try #require(try host.stateOf(host.id()).pid)
                    // Whatever its name is by now: the procfs, its masks and its read-only places.
                    let mounts = try Files.read("/proc/\(pid)/mountinfo")
                    let count = mounts.split(separator: "\n").count {
                        $0.contains("/proc") || $0.contains("/other")
                    }
                    #expect(count >= 6, "\(mounts)")
                    #expect(!mounts.contains("/tmp/fake"), "\(mounts)")
                    try host.delete()
                    return output
                }
                for run in runs where run.code != 0 {
                    #expect(run.err.contains("/proc"), "\(run)")
                }
            }
        }

        /// CVE-2025-31133: the null device is exchanged for a link while masks are made from it.
        @Test func anExchangedNullDeviceMasksNothingElse() throws {
            try withHost { host in
                let dev = "\(host.folder)/dev"
                try host.shell(
                    "mkdir \(dev); mknod \(dev)/null c 1 3; ln -s /proc/sys/kernel/core_pattern \(dev)/other")
                let bundle = try host.bundle("stat -c '%F %t:%T' /proc/keys") {
                    $0.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                    $0.mounts.append(.bind(dev, at: "/dev"))
                }
                let runs = try exchanging(host, "\(dev)/null", "\(dev)/other") {
                    try host.oci("run", "--bundle", bundle, host.id())
                }
                #expect(runs.allSatisfy { $0.out == "character special file 1:3\n" }, "\(runs)")
            }
        }

        /// CVE-2025-52565: a link in the place of the terminal.
        @Test(arguments: ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/etc/passwd"])
        func theConsoleIsNoLink(_ target: String) throws {
            try withHost { host in
                let bundle = try host.bundle("true", writable: true) {
                    $0.process?.terminal = true
                    $0.mounts.removeAll { $0.destination.hasPrefix("/dev") && $0.destination != "/dev/pts" }
                }
                try host.shell(
                    "rm -f \(bundle)/rootfs/dev/console; ln -s \(target) \(bundle)/rootfs/dev/console")
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                #expect(output.err.contains("/dev/console is neither a file nor a device"), "\(output)")
            }
        }

        /// The same, while the name changes: the terminal never lies where the link leads.
        @Test func anExchangedConsoleCoversNothingElse() throws {
            try withHost { host in
                let bundle = try host.bundle("test -c /etc/passwd && echo covered; true", writable: true) {
                    $0.process?.terminal = true
                    $0.mounts.removeAll { $0.destination.hasPrefix("/dev") && $0.destination != "/dev/pts" }
                }
                let dev = "\(bundle)/rootfs/dev"
                try host.shell("rm -f \(dev)/console; touch \(dev)/console; ln -s /etc/passwd \(dev)/other")
                let runs = try exchanging(host, "\(dev)/console", "\(dev)/other") {
                    try host.oci("run", "--bundle", bundle, host.id())
                }
                for run in runs {
                    #expect(!run.out.contains("covered"), "\(run)")
                    #expect(run.code == 0 || run.err.contains("console"), "\(run)")
                }
            }
        }

        /// Exchanges two names without pause, in a process of its own, while `body` runs twenty times.
        private func exchanging(
            _ host: Host, _ one: String, _ other: String, _ body: () throws -> Output
        ) throws -> [Output] {
            // renameat2(2) with RENAME_EXCHANGE; the number differs between machines.
            let swap = """
                my $end = time + 60;
                while (time < $end) { syscall(\(SYS_renameat2), -100, $ARGV[0], -100, $ARGV[1], 2) for 1..1000; }
                """
            let racer = try RunningProgram(
                ["/usr/bin/perl", "-e", swap, one, other], environment: [], output: "\(host.folder)/racer")
            var runs: [Output] = []
            do {
                for _ in 0..<20 { runs.append(try body()) }
            } catch {
                try racer.kill()
                throw error
            }
            try racer.kill()
            #expect(try racer.wait().code == 128 + SIGKILL)
            return runs
        }

        // MARK: Mounts that reach the host

        /// A root with shared propagation: giving up the host's mounts must not take them from the host.
        @Test(arguments: ["shared", "rshared", "slave", "private"])
        func aSharedRootLeavesTheHostsMountsAlone(_ propagation: String) throws {
            try withHost { host in
                let bundle = try host.bundle("mount -t tmpfs x /mnt; true") {
                    $0.linux?.rootfsPropagation = RuntimeSpec.Propagation(rawValue: propagation)
                }
                // A mount namespace whose mounts are shared, as systemd has them.
                let list = "cut -d\" \" -f2 /proc/self/mounts"
                let output = try host.shell(
                    """
                    unshare -m sh -c 'mount --make-rshared / && \(list) > \(host.folder)/before &&
                        \(Host.runtime) --root \(host.state) run --bundle \(bundle) \(host.id()) &&
                        \(list) > \(host.folder)/after' && diff \(host.folder)/before \(host.folder)/after
                    """)
                #expect(output == "")
            }
        }

        // MARK: Control groups

        /// A program of the container's choice that the host's kernel starts when a group is empty, and
        /// CVE-2022-0492: the same from a user namespace of its own.
        @Test func theReleaseAgentIsOutOfReach() throws {
            try withHost { host in
                let agents = "cat /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release"
                let before = try host.shell("\(agents) 2>/dev/null || true")
                let script = """
                    exec 2>/dev/null
                    mount -o remount,rw /sys/fs/cgroup && echo remounted
                    for f in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release \
                        -o -name cgroup.procs); do echo 1 > $f && echo wrote $f; done
                    for c in memory pids cpu devices freezer rdma; do
                        mount -t cgroup -o $c x /mnt && echo mounted $c
                    done
                    mount -t cgroup2 x /mnt && echo mounted
                    unshare -Urm sh -c 'mount -t cgroup -o memory x /mnt && echo mounted; ls /mnt'
                    mkdir /sys/fs/cgroup/evil /sys/fs/cgroup/memory/evil && echo made
                    true
                    """
                #expect(try host.run(script).out == "")
                #expect(try host.shell("\(agents) 2>/dev/null || true") == before)
            }
        }

        /// CVE-2023-25809 and its family: without a cgroup namespace, too, it is the container's own group that
        /// is shown, and read-only where that is asked for.
        @Test func otherGroupsAreNotShown() throws {
            try withHost { host in
                try host.background(name: "other")
                let script = """
                    find /sys/fs/cgroup -name '*\(host.id("other"))*'
                    mkdir /sys/fs/cgroup/evil /sys/fs/cgroup/memory/evil /sys/fs/cgroup/pids/evil 2>/dev/null
                    find /sys/fs/cgroup -name evil
                    find /sys/fs/cgroup -name release_agent
                    """
                let output = try host.run(script) {
                    $0.linux?.namespaces.removeAll { $0.type == .cgroup }
                }
                #expect(output.out == "", "\(output)")
                try host.delete("other")
            }
        }

        // MARK: Hooks

        /// The image may supply the program of a startContainer hook: it gets what the container's program gets, in
        /// the container's groups, and no more. Both write what they are, and open a device that is not listed.
        @Test(arguments: [["run"], ["create", "start"]])
        func aHookInsideIsNoMoreThanTheProgram(_ commands: [String]) throws {
            try withHost { host in
                let look = """
                    grep -E '^(Uid|Gid|Groups|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp):' /proc/self/status
                    cat /proc/self/cgroup
                    ulimit -n
                    for n in net mnt pid ipc uts; do readlink /proc/self/ns/$n; done
                    mknod /tmp/$1 c 1 11 || echo no node
                    (true < /tmp/$1) 2> /dev/null && echo opened || echo refused
                    """
                let out = "\(host.folder)/out"
                try Files.makeFolder(out)
                try Files.write("\(out)/look", look)
                let profile = try RuntimeSpec.Seccomp(json: FileDescriptor.readFile(Host.dockerProfile))
                let bundle = try host.bundle("sh /mnt/look program > /mnt/program") {
                    $0.process?.user.additionalGids = [2000]
                    // Then it is the device filter that has to refuse.
                    $0.process?.capabilities?.bounding.append("CAP_MKNOD")
                    $0.process?.capabilities?.effective.append("CAP_MKNOD")
                    $0.process?.capabilities?.permitted.append("CAP_MKNOD")
                    $0.process?.rlimits = [.init(type: .openFiles, hard: 333, soft: 333)]
                    $0.linux?.seccomp = profile
                    $0.mounts.append(.init(destination: "/mnt", source: out, options: ["bind"]))
                    $0.mounts.append(.tmpfs(at: "/tmp"))
                    $0.hooks.startContainer = [
                        .init(
                            path: "/bin/sh", args: ["sh", "-c", "sh /mnt/look hook > /mnt/hook"],
                            env: ["PATH=/bin:/usr/bin"])
                    ]
                }
                let caller = "setpriv --groups 4,27 \(Host.runtime) --root \(host.state)"
                try host.shell(
                    "\(caller) \(commands[0]) --bundle \(bundle) \(host.id()) > /dev/null 2> \(out)/err")
                for command in commands.dropFirst() {
                    try host.shell("\(caller) \(command) \(host.id()) 2> \(out)/err")
                }
                let ends = ["opened\n", "refused\n"]
                #expect(
                    eventually {
                        ends.contains { (try? Files.read("\(out)/program"))?.hasSuffix($0) == true }
                    })
                let (hook, program) = (try Files.read("\(out)/hook"), try Files.read("\(out)/program"))
                #expect(hook == program)
                for line in [
                    // CAP_KILL 5, CAP_NET_BIND_SERVICE 10, CAP_MKNOD 27, CAP_AUDIT_WRITE 29.
                    "CapEff:\t0000000028000420\n", "CapInh:\t0000000000000000\n", "NoNewPrivs:\t1\n",
                    "Seccomp:\t2\n", "Groups:\t2000 \n", "/\(host.id())\n", "\n333\n", "refused\n",
                ] {
                    #expect(hook.contains(line), "\(line) is not in \(hook)")
                }
                #expect(!hook.contains("no node"), "\(hook)")
                if commands.count > 1 { try host.delete() }
            }
        }

        // MARK: Credentials

        /// CVE-2022-29162: nothing inheritable, by exec either.
        @Test func execInheritsNoCapability() throws {
            try withHost { host in
                try host.background()
                for options in [[], ["--cap", "CAP_SYS_ADMIN"]] {
                    let output = try host.start(
                        ["exec"] + options + [host.id(), "grep", "CapInh", "/proc/self/status"]
                    ).wait()
                    #expect(output.out == "CapInh:\t0000000000000000\n", "\(output)")
                }
                try host.delete()
            }
        }

        /// CVE-2022-2989 and its family: a file that denies a group something. The program has just the groups
        /// that it is given, and none of whoever calls the runtime.
        @Test func groupsAreThoseGiven() throws {
            try withHost { host in
                let bundle = try host.bundle("cat /f; grep Groups /proc/self/status", writable: true) {
                    $0.process?.user = .init(uid: 1000, gid: 1000, additionalGids: [2000])
                }
                try Files.write("\(bundle)/rootfs/f", "secret\n", mode: 0o707)
                try host.shell("chown 0:2000 \(bundle)/rootfs/f")
                let caller = "setpriv --groups 4,27 \(Host.runtime) --root \(host.state)"
                let ran = "\(caller) run --bundle \(bundle) \(host.id()) 2>/dev/null"
                #expect(try host.shell(ran) == "Groups:\t2000 \n")
                try host.background("sleep 60", name: "e") { $0.process?.user = .init(uid: 1000, gid: 1000) }
                let status = "\(caller) exec --user 1000:1000 \(host.id("e")) grep Groups /proc/self/status"
                #expect(try host.shell(status).filter { $0 != " " } == "Groups:\t\n")
                try host.delete("e")
            }
        }

        /// The class of CVE-2024-40635: an id that the kernel takes for "stay who you are".
        @Test(arguments: ["2147483648", "4294967295"]) func noIdMeansStayRoot(_ id: String) throws {
            try withHost { host in
                let number = try #require(UInt32(id))
                let changes: [(inout RuntimeSpec.User) -> Void] = [
                    { $0.uid = number }, { $0.gid = number }, { $0.additionalGids = [number] },
                ]
                for change in changes {
                    let output = try host.run("id -u") { change(&$0.process!.user) }
                    #expect(output.code == 1 && output.out == "")
                    #expect(output.err.contains("uids and gids must be in range 0-2147483647"))
                }
                try host.background()
                let document = "\(host.folder)/process.json"
                try Files.write(
                    document, "{\"args\":[\"id\"],\"cwd\":\"/\",\"user\":{\"uid\":\(id),\"gid\":0}}")
                for options in [
                    ["--user", id], ["--user", "1:\(id)"], ["--additional-gids", id],
                    ["--process", document],
                ] {
                    let output = try host.start(["exec"] + options + [host.id(), "id"]).wait()
                    #expect(output.code == 255 && output.out == "", "\(options)")
                    #expect(
                        output.err.contains("uids and gids must be in range 0-2147483647"), "\(output.err)")
                }
                try host.delete()
            }
        }

        /// A namespace by a path that leads to the caller's own: what is set there would be the host's. The values
        /// are those that the host has, should the attempt succeed.
        @Test func thePathToTheHostsNamespaceChangesNothing() throws {
            try withHost { host in
                let value = try Files.value("/proc/sys/kernel/msgmax")
                let settings: [(RuntimeSpec.Namespace.Kind, String, (inout RuntimeSpec) -> Void)] = [
                    (
                        .network, "net",
                        {
                            $0.linux?.sysctl = [
                                "net.ipv4.ip_forward": (try? Files.value("/proc/sys/net/ipv4/ip_forward"))
                                    ?? "0"
                            ]
                        }
                    ), (.ipc, "ipc", { $0.linux?.sysctl = ["kernel.msgmax": value] }),
                    (
                        .uts, "uts",
                        {
                            $0.hostname = nil
                            $0.linux?.sysctl = [
                                "kernel.domainname": (try? Files.value("/proc/sys/kernel/domainname"))
                                    ?? "(none)"
                            ]
                        }
                    ),
                    (
                        .uts, "uts",
                        { $0.hostname = (try? Files.value("/proc/sys/kernel/hostname")) ?? "host" }
                    ),
                ]
                for (kind, name, change) in settings {
                    for path in [
                        "/proc/1/ns/\(name)", "/proc/self/ns/\(name)", "/proc/thread-self/ns/\(name)",
                    ] {
                        // Here the first process may be out of sight, or in other namespaces.
                        guard (try? Files.link(path)) == (try Files.link("/proc/self/ns/\(name)")) else {
                            continue
                        }
                        let output = try host.run("true") {
                            $0.linux?.namespaces.removeAll { $0.type == kind }
                            $0.linux?.namespaces.append(.init(kind, path: path))
                            change(&$0)
                        }
                        #expect(output.code == 1, "\(kind) \(path): \(output)")
                        #expect(output.err.contains("not allowed in host"), "\(output.err)")
                        host.expectNothingLeft()
                    }
                }
                // A device that the host does not have: it is not even looked for.
                let devices = try host.run("true") {
                    $0.linux?.namespaces.removeAll { $0.type == .network }
                    $0.linux?.namespaces.append(.init(.network, path: "/proc/self/ns/net"))
                    $0.linux?.netDevices = ["nosuch0": .init(name: "eth7")]
                }
                #expect(devices.code == 1 && devices.err.contains("netDevices nosuch0: not allowed in host"))
                // In another's it is allowed.
                let pid = try host.background()
                let output = try host.run("cat /proc/sys/net/ipv4/ip_forward", name: "j") {
                    $0.linux?.namespaces.removeAll { $0.type == .network }
                    $0.linux?.namespaces.append(.init(.network, path: "/proc/\(pid)/ns/net"))
                    $0.linux?.sysctl = ["net.ipv4.ip_forward": "1"]
                }
                #expect(output.out == "1\n", "\(output)")
                try host.delete()
            }
        }

        /// The keys of whoever calls the runtime: the container cannot read them, nor can what is added to it.
        /// Without a keyring of its own it could, which shows that the attempt is a good one.
        @Test(arguments: [true, false], ["run", "exec", "hook"])
        func theCallersKeysAreOutOfReach(_ ownKeyring: Bool, _ way: String) throws {
            try withHost { host in
                // Perl comes from the host, as busybox has no way to keyctl(2).
                let read =
                    "my $b = ' ' x 6; print syscall(\(SYS_keyctl), 11, @KEY@, $b, 6, 0) > 0 ? $b : 'refused';"
                let bundle = try host.bundle("sleep 60", writable: true) {
                    if way == "run" { $0.process?.args = ["/usr/bin/perl", "-e", read] }
                    if way == "hook" {
                        // What it prints is told when it fails.
                        $0.hooks.startContainer = [
                            .init(path: "/usr/bin/perl", args: ["perl", "-e", "\(read) exit 3"])
                        ]
                    }
                    for (source, destination) in [
                        ("/usr", "/usr"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64"),
                    ] where Files.exists(source) {
                        $0.mounts.append(.bind(source, at: destination))
                    }
                }
                var command = ["run", "--bundle", bundle]
                if !ownKeyring { command.append("--no-new-keyring") }
                if way == "exec" {
                    let made = try host.start(command + ["--detach", host.id()]).wait()
                    #expect(made.code == 0, "\(made)")
                    command = ["exec", host.id(), "/usr/bin/perl", "-e", read]
                } else {
                    command.append(host.id())
                }
                let join = """
                    my ($name, $type, $key, $value) = ('itest', 'user', 'itest', 'secret');
                    syscall(\(SYS_keyctl), 1, $name, 0, 0, 0) >= 0 or die "keyctl: $!";
                    my $id = syscall(\(SYS_add_key), $type, $key, $value, 6, -3);
                    $id >= 0 or die "add_key: $!";
                    system('sed', '-i', 's/@KEY@/' . $id . '/', shift @ARGV) == 0 or die;
                    s/\\@KEY\\@/$id/ for @ARGV;
                    exec @ARGV;
                    """
                let caller = try RunningProgram(
                    [
                        "/usr/bin/perl", "-e", join, "\(bundle)/config.json", Host.runtime, "--root",
                        host.state,
                    ]
                        + command, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                    output: "\(host.folder)/caller")
                let output = try caller.wait()
                let answer = ownKeyring ? "refused" : "secret"
                if way == "hook" {
                    #expect(output.err.contains("stdout and stderr: \(answer)\n"), "\(output)")
                } else {
                    #expect(output.out == answer, "\(output)")
                }
                if way == "exec" { try host.delete() }
            }
        }
    }
}

extension RuntimeSpec.Mount {
    fileprivate static func bind(_ source: String, at destination: String) -> Self {
        Self(destination: destination, type: "bind", source: source, options: ["rbind"])
    }

    fileprivate static func tmpfs(at destination: String) -> Self {
        Self(destination: destination, type: "tmpfs", source: "tmpfs")
    }
}
