import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    @Suite struct Exec {
        @Test func optionsThatAreRefused() throws {
            try withHost { host in
                try host.background()
                for (options, says) in [
                    (["--cgroup", "nosuch:sub"], "unknown controller nosuch"),
                    (["--console-socket", "/no/such"], "--console-socket is for detached"),
                    (["--console-socket", "/no/such", "--detach"], "--console-socket is for detached"),
                    (["--console-socket", "/no/such", "--tty"], "--console-socket is for detached"),
                ] {
                    let output = try host.start(["exec"] + options + [host.id(), "true"]).wait()
                    #expect(output.code == 255 && output.err.contains(says), "\(options): \(output)")
                    #expect(output.err.split(separator: "\n").count == 1)
                }
                try host.delete()
            }
        }

        @Test func runsInsideTheContainer() throws {
            try withHost { host in
                let pid = try host.background("sleep 60") { $0.hostname = "inside" }
                let script = "hostname; pwd; id -u; echo $KEY; cat /proc/1/comm; exit 9"
                let output = try host.oci(
                    "exec", "--env", "KEY=some value", "--cwd", "/usr", host.id(), "sh", "-c", script)
                #expect(output.code == 9)
                #expect(output.lines.prefix(4) == ["inside", "/usr", "0", "some value"])
                #expect(output.err == "")
                // The same namespaces, seen from inside.
                for kind in ["net", "ipc", "uts", "mnt", "pid"] {
                    let inside = try host.ok("exec", host.id(), "readlink", "/proc/self/ns/\(kind)").lines
                    #expect(inside == [try Files.link("/proc/\(pid)/ns/\(kind)")], "\(kind)")
                }
                try host.delete()
            }
        }

        @Test func isInTheContainersGroupsAndEndsWithIt() throws {
            try withHost { host in
                let pid = try host.background("sleep 60")
                let file = "\(host.folder)/exec-pid"
                try host.ok("exec", "--detach", "--pid-file", file, host.id(), "sleep", "77")
                let added = try Files.value(file)
                #expect(try Files.read("/proc/\(added)/cgroup") == Files.read("/proc/\(pid)/cgroup"))
                #expect(try host.ok("ps", "-f", "json", host.id()).out.contains(added))
                try host.delete()
                #expect(eventually { !Files.exists("/proc/\(added)") })
            }
        }

        /// As systemd, a Docker or a k3s in the container does: its group has controllers for the groups below, and the
        /// kernel takes no processes in it any more.
        @Test func isBesideAnInitThatHasDividedItsGroup() throws {
            try withHost { host in
                let pid = try host.background()
                let path = try Files.read("/proc/\(pid)/cgroup").split(separator: "\n").first {
                    $0.hasPrefix("0::")
                }
                let divided = try host.shell(
                    """
                    for root in /sys/fs/cgroup/unified /sys/fs/cgroup; do
                        group=$root\(path?.dropFirst(3) ?? "")
                        [ -e $group/cgroup.procs ] && [ -e $group/cgroup.subtree_control ] || continue
                        for name in pids memory hugetlb; do
                            grep -qw $name $root/cgroup.controllers || continue
                            echo +$name > $root/cgroup.subtree_control || continue
                            mkdir $group/below && echo \(pid) > $group/below/cgroup.procs &&
                                echo +$name > $group/cgroup.subtree_control && echo divided
                            exit
                        done
                    done
                    """)
                // A host may offer version 2 no controller at all.
                if divided == "divided\n" {
                    let file = "\(host.folder)/exec-pid"
                    try host.ok("exec", "--detach", "--pid-file", file, host.id(), "sleep", "77")
                    let added = try Files.value(file)
                    #expect(try Files.read("/proc/\(added)/cgroup") == Files.read("/proc/\(pid)/cgroup"))
                    #expect(try Files.read("/proc/\(added)/cgroup").contains("\(host.id())/below\n"))
                    // Who names the group gets no other.
                    let named = try host.oci("exec", "--cgroup", "/", host.id(), "true")
                    #expect(named.code == 255 && named.err.contains("busy"), "\(named)")
                }
                try host.delete()
            }
        }

        @Test func takesUserAndGroups() throws {
            try withHost { host in
                try host.background()
                let output = try host.ok(
                    "exec", "--user", "1000:1001", "--additional-gids", "5", "-g", "6", host.id(), "sh", "-c",
                    "id -u; id -g; id -G; grep CapEff /proc/self/status; echo $HOME")
                #expect(output.lines == ["1000", "1001", "1001 5 6", "CapEff:\t0000000000000000", "/"])
                try host.delete()
            }
        }

        @Test func capabilitiesAreTheContainersPlusThoseAsked() throws {
            try withHost { host in
                try host.background()
                let plain = try host.ok("exec", host.id(), "grep", "CapBnd", "/proc/self/status").out
                // CAP_KILL 5, CAP_NET_BIND_SERVICE 10, CAP_AUDIT_WRITE 29.
                #expect(plain == "CapBnd:\t0000000020000420\n")
                let more = try host.ok(
                    "exec", "--cap", "CAP_NET_RAW", host.id(), "grep", "-E", "Cap(Inh|Prm|Eff|Bnd)",
                    "/proc/self/status")
                #expect(
                    more.lines == [
                        "CapInh:\t0000000000000000", "CapPrm:\t0000000020002420", "CapEff:\t0000000020002420",
                        "CapBnd:\t0000000020002420",
                    ])
                try host.delete()
            }
        }

        @Test(arguments: [["/no/such/program"], ["no-such-program"], ["/etc/passwd"], ["/etc"]])
        func whatCannotBeExecutedGives255(_ command: [String]) throws {
            try withHost { host in
                try host.background()
                let output = try host.start(["exec", host.id()] + command).wait()
                #expect(output.code == 255)
                #expect(output.out == "")
                #expect(output.err.split(separator: "\n").count == 1)
                #expect(output.err.contains(command[0]))
                #expect(try host.ok("ps", "-f", "json", host.id()).out.contains(",") == false)
                try host.delete()
            }
        }

        @Test func takesAProcessFile() throws {
            try withHost { host in
                try host.background()
                var process = RuntimeSpec.Process(args: ["sh", "-c", "echo $A; umask; exit 4"], cwd: "/tmp")
                process.env = ["A=b", "PATH=/bin:/usr/bin"]
                process.user.umask = 0o027
                let file = "\(host.folder)/process.json"
                try Files.write(file, String(decoding: process.json(), as: UTF8.self))
                let output = try host.oci("exec", "--process", file, host.id())
                #expect(output.code == 4)
                #expect(output.lines == ["b", "0027"])
                try Files.write(file, "{\"args\": 5}")
                let refused = try host.oci("exec", "--process", file, host.id())
                #expect(refused.code == 255)
                #expect(refused.err.contains("args"))
                try host.delete()
            }
        }

        @Test func hasATerminalWhenAsked() throws {
            try withHost { host in
                try host.background()
                let output = try host.ok("exec", "--tty", host.id(), "sh", "-c", "tty; stty size")
                #expect(output.out.hasPrefix("/dev/pts/0\r\n"))
                try host.delete()
            }
        }

        @Test func passesStandardInput() throws {
            try withHost { host in
                try host.background()
                let file = "\(host.folder)/input"
                try Files.write(file, "one\ntwo\n")
                #expect(try host.oci("exec", host.id(), "cat", input: file).out == "one\ntwo\n")
                try host.delete()
            }
        }

        @Test func worksInACreatedContainer() throws {
            try withHost { host in
                let bundle = try host.bundle()
                try host.ok("create", "--bundle", bundle, host.id())
                #expect(try host.ok("exec", host.id(), "echo", "early").out == "early\n")
                try host.ok("start", host.id())
                try host.delete()
            }
        }

        @Test func hasNoDescriptorOfTheRuntime() throws {
            try withHost { host in
                try host.background()
                // 3 is the folder that ls reads.
                #expect(try host.ok("exec", host.id(), "ls", "/proc/self/fd").lines == ["0", "1", "2", "3"])
                try host.delete()
            }
        }
    }
}
