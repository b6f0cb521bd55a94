import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    @Suite struct Hooks {
        typealias Hook = RuntimeSpec.Hook

        /// Appends its name, the state's status and whether it has a pid to a file of the host.
        private func recorder(_ name: String, _ host: Host) -> Hook {
            let script =
                "s=$(cat); echo \(name) $(echo \"$s\" | sed 's/.*\"status\": *\"\\([a-z]*\\)\".*/\\1/') $(echo \"$s\" | grep -c '\"pid\": *[1-9]') $KEY >> \(host.folder)/log"
            return Hook(path: "/bin/sh", args: ["sh", "-c", script], env: ["KEY=v", "PATH=/usr/bin:/bin"])
        }

        @Test func runInTheirOrderWithTheState() throws {
            try withHost { host in
                let bundle = try host.bundle("echo program >> /log/log", writable: true) {
                    $0.hooks.prestart = [recorder("prestart", host)]
                    $0.hooks.createRuntime = [
                        recorder("createRuntime1", host), recorder("createRuntime2", host),
                    ]
                    $0.hooks.createContainer = [recorder("createContainer", host)]
                    $0.hooks.poststart = [recorder("poststart", host)]
                    $0.hooks.poststop = [recorder("poststop", host)]
                    // Runs among the container's files.
                    $0.hooks.startContainer = [
                        Hook(
                            path: "/bin/sh",
                            args: [
                                "sh", "-c",
                                "echo startContainer $(cat | grep -c created) $(hostname) >> /log/log",
                            ], env: ["PATH=/bin"])
                    ]
                    $0.hostname = "within"
                    $0.mounts.append(.init(destination: "/log", source: host.folder, options: ["bind"]))
                }
                try host.ok("create", "--bundle", bundle, host.id())
                let expected = [
                    "prestart creating 1 v", "createRuntime1 creating 1 v", "createRuntime2 creating 1 v",
                    "createContainer creating 1 v",
                ]
                func log() throws -> [String] {
                    try Files.read("\(host.folder)/log").split(separator: "\n").map(String.init)
                }
                let created = try log()
                #expect(created == expected)
                try host.ok("start", host.id())
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                let started = try log()
                #expect(started[4] == "startContainer 1 within", "\(started)")
                // The program and poststart run side by side.
                #expect(Set(started[5...]) == ["program", "poststart running 1 v"], "\(started)")
                try host.ok("delete", host.id())
                #expect(try log().last == "poststop stopped 0 v")
            }
        }

        /// Wherever the runtime was called, and whatever was mounted before.
        @Test func workInTheBundlesFolder() throws {
            try withHost { host in
                let bundle = try host.bundle("true") {
                    let hook = Hook(path: "/bin/sh", args: ["sh", "-c", "pwd -P >> \(host.folder)/log"])
                    ($0.hooks.createRuntime, $0.hooks.createContainer) = ([hook], [hook])
                    ($0.hooks.poststart, $0.hooks.poststop) = ([hook], [hook])
                    $0.mounts.append(.init(destination: "/tmp", type: "tmpfs", source: "tmpfs"))
                }
                let output = try host.oci("run", "--bundle", bundle, host.id(), directory: "/")
                #expect(output.code == 0, "\(output)")
                #expect(
                    try Files.read("\(host.folder)/log")
                        == [String](repeating: "\(bundle)\n", count: 4).joined())
                // One that is gone ends no container's end.
                let gone = try host.bundle("true", name: "gone") {
                    $0.hooks.poststop = [Hook(path: "/bin/touch", args: ["touch", "\(host.folder)/ended"])]
                }
                try host.ok("create", "--bundle", gone, host.id())
                try host.shell("mv \(gone) \(host.folder)/elsewhere")
                try host.delete()
                #expect(Files.exists("\(host.folder)/ended"))
            }
        }

        /// As with runc: hooks without an environment have the runtime's, those among the container's files the program's,
        /// and those that the container's process runs among the host's files none. With the image's, its LD_PRELOAD would
        /// be loaded into a program of the host's (CVE-2025-23266).
        @Test func haveAnEnvironmentWithoutOneOfTheirOwn() throws {
            try withHost { host in
                func hook(_ file: String) -> Hook {
                    Hook(path: "/bin/sh", args: ["sh", "-c", "echo $PATH,$OUTER,$INNER >> \(file)"])
                }
                let bundle = try host.bundle("true") {
                    $0.process?.env = ["PATH=/bin:/inside", "INNER=in"]
                    ($0.hooks.prestart, $0.hooks.createRuntime) = ([hook("log")], [hook("log")])
                    ($0.hooks.poststart, $0.hooks.poststop) = ([hook("log")], [hook("log")])
                    $0.hooks.createContainer = [
                        Hook(
                            path: "/bin/cp", args: ["cp", "/proc/self/environ", "\(host.folder)/environ"])
                    ]
                    $0.hooks.startContainer = [hook("/log/inner")]
                    $0.mounts.append(.init(destination: "/log", source: host.folder, options: ["bind"]))
                }
                let output = try host.oci("run", "--bundle", bundle, host.id(), environment: ["OUTER=out"])
                #expect(output.code == 0, "\(output)")
                #expect(
                    try Files.read("\(bundle)/log").split(separator: "\n")
                        == [Substring](repeating: "/usr/sbin:/usr/bin:/sbin:/bin,out,", count: 4))
                #expect(try Files.read("\(host.folder)/environ") == "")
                #expect(try Files.read("\(host.folder)/inner") == "/bin:/inside,,in\n")
            }
        }

        /// Whoever prepares a container's files does it at the host's path of its root, in its mount namespace.
        @Test func findTheRootAtItsPath() throws {
            try withHost { host in
                let bundle = try host.bundle("echo /own/* /entered/*", writable: true) {
                    let mount = "mount -t tmpfs x $PWD/rootfs/$0 && touch $PWD/rootfs/$0/made"
                    $0.hooks.createRuntime = [
                        Hook(
                            path: "/bin/sh",
                            args: [
                                "sh", "-c",
                                """
                                pid=$(tr -d ' ' | grep -o '"pid":[0-9]*')
                                exec nsenter -t ${pid#*:} -m sh -c 'cd "$1" && \(mount)' entered $PWD
                                """,
                            ])
                    ]
                    $0.hooks.createContainer = [
                        Hook(
                            path: "/bin/sh",
                            args: ["sh", "-c", "ls -d $PWD/rootfs/proc/1/ns && \(mount)", "own"],
                            env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
                    ]
                }
                for name in ["own", "entered"] { try Files.makeFolder("\(bundle)/rootfs/\(name)") }
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.out == "/own/made /entered/made\n", "\(output)")
                // The host's folders have none of it.
                #expect(access("\(bundle)/rootfs/own/made", F_OK) != 0)
                #expect(access("\(bundle)/rootfs/entered/made", F_OK) != 0)
            }
        }

        /// A hook, or what else there is to go wrong. poststop takes away what hooks have made before.
        @Test(arguments: ["prestart", "createRuntime", "createContainer", "program"])
        func aFailureBeforeTheStartEndsTheCreation(_ kind: String) throws {
            try withHost { host in
                let bundle = try host.bundle {
                    let hook = Hook(path: "/bin/sh", args: ["sh", "-c", "echo reason >&2; exit 3"])
                    switch kind {
                    case "prestart": $0.hooks.prestart = [hook]
                    case "createRuntime": $0.hooks.createRuntime = [hook]
                    case "createContainer": $0.hooks.createContainer = [hook]
                    default: $0.process?.args = ["/no/such/program"]
                    }
                    $0.hooks.poststop = [Hook(path: "/bin/false"), recorder("poststop", host)]
                }
                let output = try host.oci("create", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                if kind == "program" {
                    #expect(output.err.contains("/no/such/program"), "\(output)")
                } else {
                    #expect(
                        output.err.contains("\(kind) hook #0") && output.err.contains("exit status 3"),
                        "\(output)")
                    #expect(output.err.contains("reason"))
                }
                #expect(try Files.read("\(host.folder)/log") == "poststop stopped 0 v\n")
                #expect(try host.oci("state", host.id()).code == 1)
            }
        }

        @Test func aFailureAtTheStartEndsTheContainer() throws {
            try withHost { host in
                let bundle = try host.bundle("echo ran > /tmp/ran", writable: true) {
                    $0.hooks.startContainer = [Hook(path: "/bin/false")]
                }
                try host.ok("create", "--bundle", bundle, host.id())
                let output = try host.oci("start", host.id())
                #expect(output.code == 1 && output.err.contains("startContainer hook #0"), "\(output)")
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                #expect(!Files.exists("\(bundle)/rootfs/tmp/ran"))
                try host.ok("delete", host.id())
            }
        }

        @Test func oneInsideIsLookedForInTheImage() throws {
            try withHost { host in
                let bundle = try host.bundle("true") {
                    $0.hooks.startContainer = [Hook(path: "/no/such/hook")]
                }
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 1, "\(output)")
                #expect(
                    output.err.contains("startContainer hook #0: exec /no/such/hook: no such file"),
                    "\(output)")
            }
        }

        /// One that runs inside is the container's user, in its working folder, with the environment of the hook alone.
        @Test(arguments: [["run"], ["create", "start"]]) func oneInsideIsTheProgramsUser(_ commands: [String])
            throws
        {
            try withHost { host in
                try Files.makeFolder("\(host.folder)/out", mode: 0o777)
                let script = "(id -u; id -g; id -G; pwd; umask; env | sort; cat > /mnt/state) > /mnt/seen"
                let bundle = try host.bundle("true") {
                    $0.process?.user = .init(uid: 1000, gid: 1001, additionalGids: [2000])
                    $0.process?.cwd = "/usr"
                    $0.process?.env.append("SECRET=x")
                    $0.mounts.append(
                        .init(destination: "/mnt", source: "\(host.folder)/out", options: ["bind"]))
                    $0.hooks.startContainer = [
                        Hook(
                            path: "/bin/busybox", args: ["sh", "-c", script],
                            env: ["PATH=/bin:/usr/bin", "KEY=v"])
                    ]
                }
                let first = try host.oci(commands[0], "--bundle", bundle, host.id())
                #expect(first.code == 0, "\(first)")
                for command in commands.dropFirst() { try host.ok(command, host.id()) }
                let seen = try Files.read("\(host.folder)/out/seen").split(separator: "\n").map(String.init)
                #expect(seen.prefix(5) == ["1000", "1001", "1001 2000", "/usr", "0022"], "\(seen)")
                // The shell adds what it keeps itself.
                let own = seen.dropFirst(5).filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("SHLVL=") }
                #expect(own == ["KEY=v", "PATH=/bin:/usr/bin"], "\(seen)")
                let state = try ContainerState(
                    json: FileDescriptor.readFile("\(host.folder)/out/state"))
                #expect(state.status == .created && state.pid == 1, "\(state)")
                if commands.count > 1 { try host.delete() }
            }
        }

        /// runtime.md, Lifecycle, step 9: an error, the end of the container, and what comes with that.
        @Test(arguments: [["run"], ["create", "start"]]) func aFailureAfterTheStartEndsIt(
            _ commands: [String]
        )
            throws
        {
            try withHost { host in
                let bundle = try host.bundle("sleep 60") {
                    $0.hooks.poststart = [
                        recorder("poststart", host), Hook(path: "/no/such/hook"), recorder("never", host),
                    ]
                    $0.hooks.poststop = [recorder("poststop", host)]
                }
                var output = try host.oci(commands[0], "--bundle", bundle, host.id())
                for command in commands.dropFirst() {
                    #expect(output.code == 0, "\(output)")
                    output = try host.oci(command, host.id())
                }
                #expect(
                    output.code == 1 && output.err.contains("poststart hook #1: start /no/such"), "\(output)")
                if commands.count > 1 {
                    #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                    try host.ok("delete", host.id())
                }
                #expect(
                    try Files.read("\(host.folder)/log") == "poststart running 1 v\npoststop stopped 0 v\n")
                #expect(try host.oci("state", host.id()).code == 1)
            }
        }

        @Test func failuresAfterTheEndAreOnlyLogged() throws {
            try withHost { host in
                let mark = "\(host.folder)/second"
                let output = try host.run("echo ran") {
                    $0.hooks.poststop = [
                        Hook(path: "/bin/false"), Hook(path: "/bin/touch", args: ["touch", mark]),
                    ]
                }
                #expect(output.code == 0 && output.out == "ran\n")
                #expect(output.err.contains("level=warning"))
                #expect(Files.exists(mark))
            }
        }

        @Test(arguments: ["createRuntime", "startContainer"])
        func oneThatTakesTooLongIsKilled(_ kind: String) throws {
            try withHost { host in
                let begin = monotonicMilliseconds()
                let output = try host.run("true") {
                    let hook = Hook(path: "/bin/sleep", args: ["sleep", "30"], timeout: 1)
                    if kind == "createRuntime" {
                        $0.hooks.createRuntime = [hook]
                    } else {
                        $0.hooks.startContainer = [hook]
                    }
                }
                #expect(output.code == 1 && output.err.contains("\(kind) hook #0"), "\(output)")
                #expect(monotonicMilliseconds() - begin < 5000)
            }
        }

        @Test func createRuntimeSeesTheHostAndTheProcess() throws {
            try withHost { host in
                let file = "\(host.folder)/ns"
                let script =
                    "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); readlink /proc/self/ns/net /proc/$pid/ns/net > \(file)"
                let output = try host.run("readlink /proc/self/ns/net") {
                    $0.hooks.createRuntime = [
                        Hook(path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/bin:/usr/bin"])
                    ]
                }
                let seen = try Files.read(file).split(separator: "\n").map(String.init)
                #expect(seen == [try Files.link("/proc/self/ns/net"), output.lines.first])
            }
        }
    }
}
