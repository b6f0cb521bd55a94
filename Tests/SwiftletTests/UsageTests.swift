import Glibc
import LinuxKernel
import OCISpec
import Testing

/// What is printed when somebody asks, or asks wrongly.
struct UsageTests {
    let host: Host

    init() throws { host = try Host() }

    static let commands = [
        "run", "create", "start", "attach", "exec", "ps", "logs", "stop", "kill", "restart", "pause",
        "unpause", "wait",
        "update", "rename", "rm", "cp", "diff", "export", "top", "stats", "port", "inspect", "load", "save",
        "images", "tag", "rmi", "doctor", "version",
    ]

    @Test func overviewNamesEveryCommand() throws {
        for arguments in [["--help"], ["help"], []] {
            let result = try host.run(arguments)
            #expect(result.code == 0)
            for command in Self.commands {
                #expect(result.output.contains("\n  \(command) "), "\(command) is missing")
            }
        }
    }

    @Test func overviewOfOneKindOfThings() throws {
        for arguments in [["image"], ["image", "--help"], ["help", "image"]] {
            let lines = try host.run(arguments).lines
            #expect(lines.first == "Usage: swiftlet image COMMAND …")
            for verb in ["history", "ls", "prune", "pull", "rm", "tags", "verify"] {
                #expect(lines.contains { $0.hasPrefix("  \(verb) ") }, "\(verb) is missing")
            }
            #expect(!lines.contains { $0.hasPrefix("  run ") })
        }
        let volume = try host.run(["volume"]).lines
        for verb in ["create", "inspect", "ls", "prune", "rm"] {
            #expect(volume.contains { $0.hasPrefix("  \(verb) ") }, "\(verb) is missing")
        }
        #expect(try host.run(["container"]).lines.contains { $0.hasPrefix("  prune ") })
        #expect(try host.checkFails(125, "image", "nosuch").contains("'image nosuch' is no command"))
        #expect(try host.checkFails(125, "nosuch", "image").contains("'nosuch' is no command"))
    }

    @Test(arguments: commands)
    func help(command: String) throws {
        let result = try host.check(command, "--help")
        #expect(result.output.contains("swiftlet \(command)"))
        #expect(result.error.isEmpty)
        #expect(try host.check("help", command).output == result.output)
    }

    @Test(arguments: [
        ["frobnicate"], ["image", "frobnicate"], ["--unknown"], ["ps", "--unknown"], ["rm"], ["stop"],
        ["logs"], ["tag", "one"],
        ["cp", "x"],
        ["start"], ["ps", "extra"], ["--root"], ["wait"], ["stop", "-t", "soon", "x"],
    ])
    func wrongUse(arguments: [String]) throws {
        let result = try host.run(arguments)
        #expect(result.code == 125)
        #expect(
            result.error.hasPrefix("swiftlet: ") && result.error.split(separator: "\n").count == 1,
            "\(result.error)")
        #expect(result.output.isEmpty)
    }

    /// Plain options are read without the parser (`PlainWords`): both must understand the same.
    @Test func plainOptionsMeanWhatTheParserSays() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("create", "--name", "source", "-v", "/from", "busybox")
        try FileDescriptor.open(host.root + "/variables", O_WRONLY | O_CREAT, mode: 0o600).writeAll(
            "FROM_FILE=1\n")
        let options = [
            "-i", "-t", "-a", "stdout", "--attach=stderr", "--restart", "always", "-l", "a=b", "--label=c=d",
            "--annotation", "e=f", "--pull",
            "never", "-e", "ONE=1", "--env=TWO=2", "--env-file", host.root + "/variables", "--entrypoint",
            "/bin/echo", "-w", "/tmp", "-u", "1:2", "--group-add", "3", "--stop-signal", "INT",
            "--stop-timeout", "7", "-v", "/etc:/a:ro", "--volumes-from", "source:ro", "--mount",
            "type=tmpfs,target=/b", "--tmpfs", "/c",
            "--read-only", "--device", "/dev/zero", "--shm-size", "1m", "--network", "host", "-h", "there",
            "--domainname", "domain", "--add-host", "x:1.2.3.4", "--dns", "1.1.1.1", "--dns-search", "s",
            "--dns-option", "ndots:2", "--pid", "host", "--ipc", "host", "--cgroupns",
            "host", "--cap-add", "SYS_TIME", "--cap-drop", "MKNOD", "--security-opt", "no-new-privileges",
            "--sysctl", "kernel.domainname=8192", "-m", "64m", "--memory-swap", "128m",
            "--memory-reservation",
            "32m", "--cpus", "0.5", "-c", "512", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit",
            "50", "--ulimit", "nofile=100:200", "--oom-score-adj", "5", "--log-opt", "max-size=1m",
            "--log-driver", "local", "--no-healthcheck", "-q",
        ]
        let ports = [
            "--network", "bridge", "-p", "127.0.0.1:8080:80", "--publish=53/udp", "-P", "--ip", "10.88.4.4",
            "-h", "box",
        ]
        // `-q=true` is what only the parser is asked about.
        var files: [[String]] = []
        for form in [options, options + ["-q=true"], ports, ports + ["-q=true"]] {
            let made = try host.run(["create"] + form + ["busybox", "-x", "y"])
            try #require(made.code == 0, "\(made.error)")
            let id = made.line
            let folder = host.root + "/default/containers/" + id
            var names = ["config.json", "supervision.json", "container.json", "hosts", "resolv.conf"]
            if form.contains("-P") { names.append("network.json") }
            files.append(
                try names.map { name in
                    let text = String(
                        decoding: try FileDescriptor.readFile(folder + "/" + name), as: UTF8.self)
                    let same = text.replacing(id, with: "ID").split(separator: "\n").filter {
                        !$0.contains("\"name\": ") && !$0.contains("\"created\": ")
                    }
                    return same.joined(separator: "\n")
                })
        }
        #expect(files[0] == files[1] && files[2] == files[3])
        for word in ["127.0.0.1", "8080", "udp", "10.88.4.4"] { #expect(files[2][5].contains(word)) }
        for word in ["/bin/echo", "FROM_FILE=1", "TWO=2", "there", "CAP_SYS_TIME", "8192", "noNewPrivileges"]
        {
            #expect(files[0][0].contains(word), "\(word) is not in config.json")
        }
    }

    @Test func flagsWithValues() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        #expect(try host.check("run", "--rm=true", "busybox", "echo", "--rm=true").line == "--rm=true")
        #expect(try host.check("ps", "--all=true", "-q").output.isEmpty)
        try host.check("run", "--rm=false", "--name", "stays", "busybox", "true")
        #expect(try host.check("ps", "-aq").lines.count == 1)
        #expect(try host.check("container", "ls", "-aq").lines.count == 1)
        #expect(try host.check("image", "ls", "-q").lines.count == 1)
        // By its other name, too.
        for form in [["-d", "--detach=false"], ["--detach", "-d=0"]] {
            let words = ["run", "--rm"] + form + ["busybox", "echo", "here"]
            #expect(try host.run(words).line == "here", "\(form)")
        }
        // Of several letters the value is the last one's.
        let counted = try host.run(["run", "--rm", "-it=false", "busybox", "wc", "-c"], input: "hello")
        #expect(counted.line == "5", "\(counted)")
        let words = ["run", "-eDEBUG=true", "--sig-proxy=false", "--rm=true", "-it=false", "busybox"]
        #expect(try host.run(words + ["sh", "-c", "echo $DEBUG $0", "-it=false"]).line == "true -it=false")
        #expect(
            try host.check("run", "--rm", "-eWORD=a=b", "busybox", "sh", "-c", "echo $WORD").line == "a=b")
        let script = ["busybox", "sh", "-c", "id -u; echo $A"]
        #expect(try host.run(["run", "-u=1000", "-e=A=b", "--rm=true"] + script).output == "1000\nb\n")
        #expect(try host.check("ps", "-aq=true").lines.count == 1)
        for words in [
            ["run", "-z=false"], ["run", "-iz=false"], ["create", "--rmm=false"], ["ps", "--alll=false"],
        ] {
            let refused = try host.run(words + (words[0] == "ps" ? [] : ["busybox"]))
            let name = words[1].dropLast("=false".utf8.count)
            #expect(refused.code == 125 && refused.error.contains(name), "\(words): \(refused)")
        }
    }

    /// Go's spellings, read by `PlainWords` and, behind `-q=true`, by the parser.
    @Test(arguments: [[], ["-q=true"]])
    func spellingsOfTruths(_ before: [String]) throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        let spellings = [
            (true, ["1", "t", "T", "true", "TRUE", "True"]),
            (false, ["0", "f", "F", "false", "FALSE", "False"]),
        ]
        for (truth, words) in spellings {
            for word in words {
                let forms = ["--privileged=\(!truth)", "--privileged=\(word)"]
                let made = try host.run(["create"] + before + forms + ["busybox", "true"])
                try #require(made.code == 0, "\(word): \(made)")
                #expect(try host.inspect(made.line, "HostConfig", "Privileged") == "\(truth)", "\(word)")
            }
        }
        // Of flags that hold anyway, too; without a value they take no word after them.
        for form in ["--sig-proxy", "--sig-proxy=0", "--sig-proxy=False", "--sig-proxy=t"] {
            let result = try host.run(["run", "--rm"] + before + [form, "busybox", "echo", "here"])
            #expect(result.code == 0 && result.line == "here", "\(form): \(result)")
        }
        for form in ["--sig-proxy=maybe", "--sig-proxy=tRUE", "--privileged=2"] {
            let result = try host.run(["run", "--rm"] + before + [form, "busybox", "echo", "here"])
            // The parser stumbles over the first of them.
            let name = before.isEmpty ? form.prefix { $0 != "=" } : "-q"
            #expect(result.code == 125 && result.error.contains(name), "\(form): \(result)")
        }
        #expect(try !host.check("--debug=0", "ps", "-q").error.contains("parse command line"))
        #expect(try host.check("--debug=T", "ps", "-q").error.contains("parse command line"))
        #expect(try host.run(["--debug=2", "ps"]).code == 125)
    }

    /// An empty value is one, however it is written, and for most options as good as none.
    @Test func emptyValues() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        // `-q=true` is what only the parser is asked about.
        for form in [["--entrypoint="], ["--entrypoint", ""], ["-q=true", "--entrypoint="]] {
            let result = try host.run(["run", "--rm"] + form + ["busybox", "echo", "x", "--user="])
            #expect(result.code == 0 && result.line == "x --user=", "\(form): \(result)")
        }
        let names = [
            "name", "hostname", "user", "workdir", "network", "stop-signal", "ip", "ip6", "restart", "pull",
            "platform", "log-driver", "userns", "cidfile",
        ]
        for form in [
            names.map { "--\($0)=" }, names.flatMap { ["--\($0)", ""] }, ["-h", "", "-w", "", "-u="],
        ] {
            let made = try host.run(["create"] + form + ["busybox", "echo", "made"])
            try #require(made.code == 0, "\(form): \(made.error)")
            #expect(try host.inspect(made.line, "HostConfig", "NetworkMode") == "builtin")
            #expect(try host.check("start", "-a", made.line).output == "made\n")
            #expect(try host.check("logs", "--since=", "--until=", made.line).output == "made\n")
        }
        #expect(try host.check("ps", "--format=", "-a").lines.count == 4)
    }

    @Test func whereOptionsEnd() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        for form in [["--rm"], ["--rm=1"]] {
            let result = try host.run(["run"] + form + ["--", "busybox", "echo", "--", "-i"])
            #expect(result.code == 0 && result.line == "-- -i", "\(result)")
        }
        try host.check("run", "-d", "--name", "c", "busybox", "sleep", "1000")
        #expect(try host.check("exec", "--", "c", "echo", "--", "x").line == "-- x")
        #expect(try host.check("exec", "-i=0", "--", "c", "echo", "x").line == "x")
        #expect(try host.checkFails(125, "run", "--", "-x").contains("unknown option"))
    }

    /// Letters of flags, and behind them one of an option with its value.
    @Test func lettersWithAValue() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        for form in [["-iw/tmp", "-u1000"], ["-iw", "/tmp", "-iu1000"], ["--rm=t", "-iw/tmp", "-iu=1000"]] {
            let result = try host.run(
                ["run", "--rm"] + form + [
                    "-im64m", "-iv/etc:/mnt", "busybox", "sh", "-c", "pwd; id -u; ls /mnt",
                ])
            #expect(result.code == 0 && result.output.hasPrefix("/tmp\n1000\n"), "\(form): \(result)")
            #expect(result.lines.contains("passwd"), "\(result)")
        }
        let id = try host.check("run", "-dw/tmp", "busybox", "sleep", "1000").line
        #expect(try host.check("exec", "-iu1000", id, "sh", "-c", "pwd; id -u").output == "/tmp\n1000\n")
        try host.check("kill", id)
        try host.wait(for: id, toBe: "exited")
        try host.check("run", "--name", "c", "busybox", "sh", "-c", "echo one; echo two")
        #expect(try host.check("logs", "-fn1", "c").output == "two\n")
        try host.check("create", "busybox")
        #expect(try host.check("ps", "-aqn1").lines.count == 1)
        for word in ["1", "t", "T", "true", "TRUE", "True"] {
            #expect(try host.check("ps", "-q", "--all=\(word)").lines.count == 3, "\(word)")
        }
        for word in ["0", "f", "F", "false", "FALSE", "False"] {
            #expect(try host.check("ps", "-q", "-a=\(word)").lines.isEmpty, "\(word)")
        }
        try host.checkFails(125, "ps", "--all=maybe")
    }

    @Test func failuresOfAttach() throws {
        #expect(try host.checkFails(1, "attach", "nosuch").contains("no such container"))
    }

    @Test func ordinaryUsers() throws {
        let result = try Program(
            "/usr/sbin/chroot", ["--userspec=65534:65534", "/", Host.builtProgram("swiftlet"), "ps"],
            environment: host.environment
        ).finish()
        #expect(result.code == 125)
        #expect(
            result.error.split(separator: "\n").count == 1 && result.error.contains("root"), "\(result.error)"
        )
    }

    @Test func version() throws {
        #expect(try host.check("version").lines[0].hasPrefix("swiftlet "))
        #expect(try host.check("--version").output == (try host.check("version").output))
        #expect(try host.check("version", "--format", "json").output.hasPrefix("{"))
    }

    @Test func doctor() throws {
        let result = try host.run(["doctor"])
        for subject in [
            "kernel", "namespaces", "capabilities", "seccomp", "control groups", "overlayfs", "swiftlet-shim",
            "store", "space",
            "restart at boot",
        ] {
            #expect(result.output.contains(" \(subject) "), "\(subject) is missing")
        }
        let lines = try host.run(["doctor", "--format", "json"]).lines
        let levels = try lines.map { line in
            try JSON.read(Array(line.utf8)) { (value) throws(JSONError) in
                try value.object().required("Level", as: String.self)
            }
        }
        #expect(levels.count > 12 && levels.allSatisfy { ["ok", "limited", "missing"].contains($0) })
        #expect((result.code == 0) == !levels.contains("missing"))
    }

    @Test func debugSaysEachStep() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        let result = try host.run(["--debug", "run", "--rm", "busybox", "true"])
        #expect(result.error.contains(" ms  mount root\n") && result.error.contains("launch shim"))
    }
}
