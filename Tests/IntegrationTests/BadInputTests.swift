import Glibc
import LinuxKernel
import OCISpec
import Testing

/// One thing that is wrong with a configuration.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    /// What the message must say.
    let says: String
    /// `from` is replaced by `to` in the text of config.json; an empty `from` replaces all of it.
    var from = ""
    var to = ""
    var change: (@Sendable (inout RuntimeSpec) -> Void)?

    var testDescription: String { name }

    static func text(_ name: String, _ from: String, _ to: String, says: String) -> Fault {
        Fault(name: name, says: says, from: from, to: to)
    }

    static func spec(_ name: String, says: String, _ change: @escaping @Sendable (inout RuntimeSpec) -> Void)
        -> Fault
    {
        Fault(name: name, says: says, change: change)
    }

    static let all: [Fault] = [
        .text("not JSON", "", "this is not JSON", says: "config.json"),
        .text("empty", "", "", says: "config.json"),
        .text("cut off", "", "{\"ociVersion\": \"1.2.0\", \"process\": {", says: "config.json"),
        .text("a list", "", "[]", says: "config.json"),
        .text("no version", "\"ociVersion\"", "\"version\"", says: "ociVersion"),
        .text("args is a text", "\"args\": [", "\"args\": \"sh\", \"was\": [", says: "process.args"),
        .text("cwd is a number", "\"cwd\": \"/\"", "\"cwd\": 5", says: "process.cwd"),
        .text(
            "terminal is a text", "\"args\"", "\"terminal\": \"yes\", \"args\"",
            says: "process.terminal"),
        .text("uid is negative", "\"uid\": 0", "\"uid\": -1", says: "process.user.uid"),
        .text("unknown namespace", "\"type\": \"pid\"", "\"type\": \"planet\"", says: "planet"),
        .spec("no process", says: "process") { $0.process = nil },
        .spec("no root", says: "root") { $0.root = nil },
        .spec("no args", says: "args") { $0.process?.args = [] },
        .spec("relative cwd", says: "cwd") { $0.process?.cwd = "tmp" },
        .spec("root is not there", says: "/no/such/folder") { $0.root?.path = "/no/such/folder" },
        .spec("root is a file", says: "not a directory") { $0.root?.path = "config.json" },
        .spec("missing binary", says: "/no/such/binary") { $0.process?.args = ["/no/such/binary"] },
        .spec("missing in PATH", says: "executable file not found in $PATH") {
            $0.process?.args = ["nosuchbinary"]
        },
        .spec("not executable", says: "permission denied") { $0.process?.args = ["/etc/passwd"] },
        .spec("a folder", says: "is a directory: permission denied") { $0.process?.args = ["/etc"] },
        .spec("an argument that is too long", says: "exec /bin/sh: argument list too long") {
            $0.process?.args = ["/bin/sh", "-c", String(repeating: ":", count: 200_000)]
        },
        .spec("a variable that is too long", says: "exec /bin/sh: argument list too long") {
            $0.process?.args = ["/bin/sh", "-c", ":"]
            $0.process?.env.append("LONG=" + String(repeating: "x", count: 200_000))
        },
        .spec("cwd that cannot be made", says: "cwd") { $0.process?.cwd = "/etc/passwd/below" },
        .spec("cwd is a file", says: "cwd") { $0.process?.cwd = "/etc/passwd" },
        .spec("bind without source", says: "source") {
            $0.mounts.append(.init(destination: "/x", options: ["bind"]))
        },
        .spec("bind of nothing", says: "/no/such/source") {
            $0.mounts.append(.init(destination: "/tmp", source: "/no/such/source", options: ["bind"]))
        },
        .spec("a file over a folder", says: "/etc: not a directory") {
            $0.mounts.append(.init(destination: "/etc", source: "/etc/passwd", options: ["bind"]))
        },
        .spec("a folder over a file", says: "not a directory") {
            $0.mounts.append(.init(destination: "/etc/passwd", source: "/etc", options: ["bind"]))
        },
        .spec("unknown file system", says: "nosuchfs") {
            $0.mounts.append(.init(destination: "/tmp", type: "nosuchfs", source: "x"))
        },
        .spec("unknown mount option", says: "mount /tmp") {
            $0.mounts.append(
                .init(destination: "/tmp", type: "tmpfs", source: "x", options: ["nosuchoption"]))
        },
        .spec("namespace path is not there", says: "/proc/0/ns/net") {
            $0.linux?.namespaces = [.init(.mount), .init(.network, path: "/proc/0/ns/net"), .init(.uts)]
        },
        .spec("namespace of another kind", says: "net") {
            $0.linux?.namespaces = [.init(.mount), .init(.network, path: "/proc/self/ns/ipc"), .init(.uts)]
        },
        .spec("a namespace twice", says: "namespaces") { $0.linux?.namespaces.append(.init(.pid)) },
        .spec("sysctl of the host", says: "kernel.panic") { $0.linux?.sysctl = ["kernel.panic": "1"] },
        .spec("sysctl that is not there", says: "net.no.such") { $0.linux?.sysctl = ["net.no.such": "1"] },
        .spec("hostname without namespace", says: "hostname") {
            $0.linux?.namespaces.removeAll { $0.type == .uts }
            $0.hostname = "x"
        },
        .spec("a limit above the hard one", says: "rlimits") {
            $0.process?.rlimits = [.init(type: .openFiles, hard: 1, soft: 2)]
        },
        .spec("a limit twice", says: "RLIMIT_NOFILE") {
            $0.process?.rlimits = [
                .init(type: .openFiles, hard: 9, soft: 9), .init(type: .openFiles, hard: 8, soft: 8),
            ]
        },
        .spec("unknown limit file", says: "no.such.file") {
            $0.linux?.resources?.unified = ["no.such.file": "1"]
        },
        .spec("too much of a cpu", says: "cpu") {
            $0.linux?.resources?.cpu = .init()
            $0.linux?.resources?.cpu?.cpus = "99999"
        },
        .spec("cgroup path that leaves its root", says: "cgroup") { $0.linux?.cgroupsPath = "/../../etc" },
        .spec("relative hook", says: "hooks") { $0.hooks.createRuntime = [.init(path: "bin/true")] },
        .spec("missing hook", says: "/no/such/hook") {
            $0.hooks.createRuntime = [.init(path: "/no/such/hook")]
        },
        .spec("user mapping without namespace", says: "uidMappings") {
            $0.linux?.uidMappings = [.init(containerID: 0, hostID: 1000, size: 1)]
        },
        .spec("time offsets without namespace", says: "timeOffsets") {
            $0.linux?.timeOffsets = .init(boottime: .init(secs: 1))
        },
        .spec("an AppArmor profile that is not there", says: "AppArmor profile no-such-profile") {
            $0.process?.apparmorProfile = "no-such-profile"
        },
        .spec("a part that this host lacks", says: "linux.intelRdt: the resctrl") {
            $0.linux?.intelRdt = .init()
            $0.linux?.intelRdt?.closID = "no-such-class"
        },
        .text(
            "I/O priority without class", "\"args\"", "\"ioPriority\": {}, \"args\"", says: "ioPriority.class"
        ),
        .text(
            "scheduler without policy", "\"args\"", "\"scheduler\": {}, \"args\"", says: "scheduler.policy"),
        .text(
            "personality without domain", "\"linux\": {", "\"linux\": {\"personality\": {},",
            says: "personality.domain"),
    ]

    /// What needs SELinux, on hosts without it.
    static let withoutSELinux: [Fault] =
        access("/sys/fs/selinux/enforce", F_OK) == 0
        ? []
        : [
            .spec("a process label", says: "process.selinuxLabel: SELinux is not enabled on this host") {
                $0.process?.selinuxLabel = "system_u:system_r:container_t:s0"
            },
            .spec("a mount label", says: "linux.mountLabel: SELinux is not enabled on this host") {
                $0.linux?.mountLabel = "system_u:object_r:container_file_t:s0"
            },
        ]

    /// Words of a seccomp section: action, architecture, operator.
    static let seccomp: [(String, String)] = [
        ("{\"defaultAction\": \"SCMP_ACT_NOSUCH\"}", "SCMP_ACT_NOSUCH"),
        ("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_VAX\"]}", "SCMP_ARCH_VAX"),
        (
            "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_ISH\"}]}]}",
            "SCMP_CMP_ISH"
        ),
        (
            "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_NONE\"]}",
            "SECCOMP_FILTER_FLAG_NONE"
        ),
        (
            "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 9, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}",
            "index"
        ),
        (
            "{\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
            "defaultAction"
        ),
    ]
}

extension RuntimeTests {
    /// Each fault gets one clear line and an exit code, and leaves nothing behind.
    @Suite struct BadInput {
        private func expectRefusal(_ host: Host, _ bundle: String, says: String) throws {
            for command in ["create", "run"] {
                let output = try host.oci(command, "--bundle", bundle, host.id())
                #expect(output.code == 1, "\(command): \(output)")
                #expect(output.out == "")
                let lines = output.err.split(separator: "\n")
                #expect(lines.count == 1, "\(command): \(output.err)")
                #expect(lines.last?.hasPrefix("swiftlet-oci: \(command) failed: ") == true, "\(output.err)")
                #expect(output.err.contains(says), "\(output.err)")
                host.expectNothingLeft()
            }
        }

        @Test(arguments: Fault.all + Fault.withoutSELinux) func isRefusedInOneLine(_ fault: Fault) throws {
            try withHost { host in
                let bundle = try host.bundle { fault.change?(&$0) }
                if fault.change == nil {
                    let path = "\(bundle)/config.json"
                    let text = try Files.read(path)
                    if fault.from.isEmpty {
                        try Files.write(path, fault.to)
                    } else {
                        let at = try #require(text.firstRange(of: fault.from))
                        try Files.write(path, text.replacingCharacters(at, with: fault.to))
                    }
                }
                try expectRefusal(host, bundle, says: fault.says)
            }
        }

        /// What asks for nothing needs nothing of the host; runc reads no further than the document's end.
        @Test func emptyPartsAndWhatFollowsAreNoFault() throws {
            try withHost { host in
                let bundle = try host.bundle("echo ran; sleep 60")
                let path = "\(bundle)/config.json"
                let text = try Files.read(path)
                let at = try #require(text.firstRange(of: "\"linux\": {"))
                let parts = "\"linux\": {\"intelRdt\": {}, \"seccomp\": {},"
                try Files.write(path, text.replacingCharacters(at, with: parts) + "\n}{ more")
                try host.ok("run", "--detach", "--bundle", bundle, host.id())
                #expect(
                    try host.ok("exec", host.id(), "grep", "Seccomp:", "/proc/1/status").out.contains("0"))
                let limits = "\(host.folder)/limits.json"
                try Files.write(limits, #"{"pids": {"limit": 77}} more"#)
                try host.ok("update", "-r", limits, host.id())
                let process = "\(host.folder)/process.json"
                try Files.write(process, #"{"cwd": "/", "args": ["/bin/echo", "hello"]} }"#)
                #expect(try host.ok("exec", "--process", process, host.id()).out == "hello\n")
                try host.delete()
            }
        }

        @Test(arguments: Fault.seccomp) func seccompWordsAreKnown(_ section: String, _ says: String) throws {
            try withHost { host in
                let bundle = try host.bundle()
                let path = "\(bundle)/config.json"
                let text = try Files.read(path)
                let at = try #require(text.firstRange(of: "\"linux\": {"))
                try Files.write(
                    path, text.replacingCharacters(at, with: "\"linux\": {\"seccomp\": \(section),"))
                try expectRefusal(host, bundle, says: says)
            }
        }

        @Test(arguments: [
            "a/b", "../x", "..", ".", "", "ä", "a b", "a\nb", String(repeating: "x", count: 300),
        ])
        func idsThatAreNone(_ id: String) throws {
            try withHost { host in
                let bundle = try host.bundle()
                for command in ["create", "run"] {
                    let output = try host.oci(command, "--bundle", bundle, id)
                    #expect(output.code == 1)
                    #expect(output.err.contains("container id"), "\(output.err)")
                    #expect(output.err.split(separator: "\n").count == (id == "a\nb" ? 2 : 1))
                }
                for command in ["state", "start", "kill", "delete"] {
                    #expect(try host.oci(command, id).code == 1)
                }
            }
        }

        @Test func commandLinesThatAreNone() throws {
            try withHost { host in
                let bundle = try host.bundle()
                let lines: [([String], String)] = [
                    (["nosuch"], "no such command"), (["create"], "container id"),
                    (["create", "--nosuch", host.id()], "--nosuch"),
                    (["create", "--bundle"], "needs a value"),
                    (["create", "--bundle", "/no/such/bundle", host.id()], "/no/such/bundle"),
                    (["create", "--bundle", bundle, host.id(), "more"], "too many arguments"),
                    (["create", "--bundle", bundle, "--preserve-fds", "x", host.id()], "not a number"),
                    (["create", "--bundle", bundle, "--preserve-fds", "2", host.id()], "not open"),
                    (
                        ["create", "--bundle", bundle, "--pid-file", "/no/such/folder/pid", host.id()],
                        "/no/such/folder/pid"
                    ),
                    (["list", "more"], "too many arguments: more"),
                    (["spec", "more"], "too many arguments: more"),
                    (["features", "more"], "too many arguments: more"),
                    (["list", "--format", "xml"], "xml"), (["--log-format", "xml", "list"], "xml"),
                    (["--log", "/no/such/folder/log", "list"], "/no/such/folder/log"),
                ]
                for (arguments, says) in lines {
                    let output = try host.start(arguments).wait()
                    #expect(output.code == 1, "\(arguments)")
                    #expect(output.out == "")
                    #expect(output.err.split(separator: "\n").count == 1, "\(output.err)")
                    #expect(output.err.contains(says), "\(arguments): \(output.err)")
                    host.expectNothingLeft()
                }
            }
        }

        /// As runc has it, for every command but those that hand the rest to another program.
        @Test func optionsMayStandBehindTheID() throws {
            try withHost { host in
                let bundle = try host.bundle()
                try host.ok("run", host.id(), "--bundle", bundle, "-d")
                try host.ok("update", host.id(), "--pids-limit", "20")
                #expect(try host.ok("events", host.id(), "--stats").lines.count == 1)
                #expect(try host.ok("exec", host.id(), "echo", "--tty", "-d").out == "--tty -d\n")
                #expect(try host.ok("ps", host.id(), "-o", "pid").lines.count >= 2)
                let unknown = try host.oci("state", host.id(), "--nosuch")
                #expect(unknown.code == 1 && unknown.err.contains("--nosuch"), "\(unknown)")
                try host.ok("kill", host.id(), "KILL", "--all")
                try host.ok("delete", host.id(), "--force")
            }
        }

        /// Of each command, before or behind it; the options that it names are those that it takes.
        @Test func helpOfEachCommand() throws {
            try withHost { host in
                let general = try host.ok("--help").out
                #expect(general.contains("--rootless") && general.contains("--criu"))
                for command in [
                    "create", "run", "start", "exec", "state", "list", "ps", "kill", "pause", "resume",
                    "update",
                    "events", "checkpoint", "restore", "delete", "spec", "features",
                ] {
                    #expect(general.contains("\n  \(command)"), "\(command)")
                    let help = try host.ok(command, "--help").out
                    #expect(help.hasPrefix("usage: swiftlet-oci \(command)"), "\(help)")
                    #expect(try host.ok(command, "-h").out == help)
                    #expect(try host.ok("help", command).out == help)
                    for word in help.split(whereSeparator: { " ,\n".contains($0) }) where word.hasPrefix("--")
                    {
                        guard word != "--help", word.dropFirst(2).first?.isLetter == true else { continue }
                        #expect(
                            try host.ok(command, "\(word)=true", "--help").out == help, "\(command) \(word)")
                    }
                }
                #expect(try host.oci("help", "nosuch").code == 1)
            }
        }

        @Test func spellingsOfTruths() throws {
            try withHost { host in
                for word in ["1", "T", "TRUE", "True"] {
                    #expect(try host.ok("list", "--quiet=\(word)").out.isEmpty, "\(word)")
                }
                for word in ["0", "f", "FALSE", "False"] {
                    #expect(try host.ok("list", "--quiet=\(word)").out.contains("STATUS"), "\(word)")
                }
                for word in ["--debug=2", "--systemd-cgroup=", "--rootless=maybe"] {
                    let output = try host.oci(word, "list")
                    #expect(
                        output.code == 1 && output.err.contains(word.prefix { $0 != "=" }),
                        "\(word): \(output)")
                }
            }
        }

        /// An answer that could not be written is none: who asked must not take it for an empty one.
        @Test(arguments: [
            "list", "list -q", "list -f json", "state ID", "ps ID", "ps -f json ID", "events --stats ID",
            "events --interval 50ms ID",
            "features", "version", "--help", "help list", "list --help",
        ]) func answersThatCannotBeWritten(_ line: String) throws {
            try withHost { host in
                try host.background()
                let words = line.split(separator: " ").map { $0 == "ID" ? host.id() : String($0) }
                let output = try host.start(
                    program: ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh", Host.runtime]
                        + ["--root", host.state] + words
                ).wait()
                #expect(output.code == 1, "\(output)")
                #expect(output.err.hasSuffix("write standard output: no space left on device\n"), "\(output)")
                try host.delete()
            }
        }

        @Test func aSpecThatCannotBeWrittenLeavesNothing() throws {
            try withHost { host in
                let disk = "\(host.folder)/disk"
                try Files.makeFolder(disk)
                try host.shell("mount -t tmpfs -o size=4k swiftlet-disk \(disk)")
                defer { umount2(disk, Int32(MNT_DETACH)) }
                try Files.write("\(disk)/fill", String(repeating: "x", count: 4096))
                let output = try host.oci("spec", "--bundle", disk)
                #expect(output.code == 1)
                #expect(output.err.contains("\(disk)/config.json: no space left on device"), "\(output)")
                #expect(Files.names(in: disk) == ["fill"])
            }
        }

        /// As runc has it: no file is standard error.
        @Test func anEmptyLogIsStandardError() throws {
            try withHost { host in
                let output = try host.oci(
                    "--log", "", "--log-format", "json", "state", host.id("none"))
                #expect(output.code == 1 && output.err.hasPrefix("{\"level\":\"error\""), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1, "\(output)")
                try host.ok("--log=", "list")
            }
        }

        @Test func errorsAlsoGoToTheLog() throws {
            try withHost { host in
                let log = "\(host.folder)/log.json"
                let bundle = try host.bundle { $0.process?.args = ["/no/such/binary"] }
                let output = try host.oci(
                    "--log", log, "--log-format", "json", "create", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                let line = try Files.value(log)
                #expect(line.hasPrefix("{\"level\":\"error\",\"msg\":\"") && line.contains("/no/such/binary"))
                #expect(line.split(separator: "\n").count == 1)
            }
        }

        /// Without a file the log is standard error, and an engine that asks for JSON parses that.
        @Test func errorsAreJSONWhereTheLogIs() throws {
            try withHost { host in
                let output = try host.oci("--log-format", "json", "state", host.id("none"))
                #expect(output.code == 1)
                #expect(
                    output.err.hasPrefix(
                        "{\"level\":\"error\",\"msg\":\"state failed: container does not exist"),
                    "\(output.err)")
                #expect(output.err.split(separator: "\n").count == 1)
            }
        }

        @Test func stepsAreLogged() throws {
            try withHost { host in
                let log = "\(host.folder)/log"
                let bundle = try host.bundle("true")
                try host.ok("--log", log, "--debug", "run", "--bundle", bundle, host.id())
                let lines = try Files.read(log).split(separator: "\n")
                #expect(lines.allSatisfy { $0.contains("level=debug msg=") }, "\(lines)")
                for step in [
                    "bundle \(bundle)", "control groups: ", "first process: ", "mounts made", "is started",
                ] {
                    #expect(lines.contains { $0.contains(step) }, "\(step): \(lines)")
                }
            }
        }

        /// The program can vanish between create and start.
        @Test func aProgramThatIsGoneAtTheStart() throws {
            try withHost { host in
                let bundle = try host.bundle("true", writable: true) { $0.process?.args = ["/tmp/program"] }
                try host.shell("cp \(bundle)/rootfs/bin/busybox \(bundle)/rootfs/tmp/program")
                try host.ok("create", "--bundle", bundle, host.id())
                try host.shell("rm \(bundle)/rootfs/tmp/program")
                let output = try host.oci("start", host.id())
                #expect(output.code == 1)
                #expect(
                    output.err == "swiftlet-oci: start failed: exec /tmp/program: no such file or directory\n"
                )
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                try host.ok("delete", host.id())
            }
        }

        @Test func aProgramThatTheKernelRefuses() throws {
            try withHost { host in
                let bundle = try host.bundle("true", writable: true) { $0.process?.args = ["/tmp/program"] }
                try Files.write("\(bundle)/rootfs/tmp/program", "neither ELF nor script", mode: 0o755)
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                #expect(output.err.contains("exec format error"), "\(output.err)")
            }
        }
    }
}

extension String {
    /// The text with one part of it replaced.
    func replacingCharacters(_ range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
