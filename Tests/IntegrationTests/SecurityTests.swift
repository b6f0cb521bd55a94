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

        /// The keys of whoever calls the runtime: the container cannot read them. Without a keyring of its own
        /// it could, which shows that the attempt is a good one.
        @Test(arguments: [true, false]) func theCallersKeysAreOutOfReach(_ ownKeyring: Bool) throws {
            try withHost { host in
                // Perl comes from the host, as busybox has no way to keyctl(2).
                let bundle = try host.bundle("", writable: true) {
                    $0.process?.args = [
                        "/usr/bin/perl", "-e",
                        "my $b = ' ' x 6; print syscall(\(SYS_keyctl), 11, $ENV{KEY} + 0, $b, 6, 0) > 0 ? $b : 'refused'",
                    ]
                    $0.process?.env.append("KEY=@KEY@")
                    for (source, destination) in [
                        ("/usr", "/usr"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64"),
                    ] where Files.exists(source) {
                        $0.mounts.append(.bind(source, at: destination))
                    }
                }
                let join = """
                    my ($name, $type, $key, $value, $edit) = ('itest', 'user', 'itest', 'secret', 's/\\@KEY\\@/');
                    syscall(\(SYS_keyctl), 1, $name, 0, 0, 0) >= 0 or die "keyctl: $!";
                    my $id = syscall(\(SYS_add_key), $type, $key, $value, 6, -3);
                    $id >= 0 or die "add_key: $!";
                    system('sed', '-i', "$edit$id/", shift @ARGV) == 0 or die;
                    exec @ARGV;
                    """
                var words = ["/usr/bin/perl", "-e", join, "\(bundle)/config.json", Host.runtime]
                words += ["--root", host.state, "run", "--bundle", bundle]
                if !ownKeyring { words.append("--no-new-keyring") }
                let caller = try RunningProgram(
                    words + [host.id()], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                    output: "\(host.folder)/caller")
                let output = try caller.wait()
                #expect(output.out == (ownKeyring ? "refused" : "secret"), "\(output)")
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
