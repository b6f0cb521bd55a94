import Glibc
import LinuxKernel
import OCISpec
import Testing

/// All tests that drive the built program. One after the other: they look at the whole machine.
@Suite(.serialized) enum RuntimeTests {}

extension RuntimeTests {
    @Suite struct LifeCycle {
        @Test(
            arguments: [("exit 0", 0), ("exit 7", 7), ("echo hi", 0), ("kill -9 1; exit 3", 3)]
                as [(String, Int32)])
        func runReturnsTheExitCode(_ script: String, _ code: Int32) throws {
            try withHost { host in
                let output = try host.run(script)
                #expect(output.code == code)
                #expect(output.err == "")
                #expect(output.out == (script == "echo hi" ? "hi\n" : ""))
            }
        }

        @Test func runReturnsTheSignalThatEndedTheProgram() throws {
            try withHost { host in
                let bundle = try host.bundle("sleep 60")
                let running = try host.start(["run", "--bundle", bundle, host.id()])
                #expect(try eventually { try host.oci("state", host.id()).out.contains("\"running\"") })
                try host.ok("kill", host.id(), "KILL")
                #expect(try running.wait().code == 137)
            }
        }

        @Test func signalsToTheRuntimeReachTheProgram() throws {
            try withHost { host in
                let bundle = try host.bundle("trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done")
                let running = try host.start(["run", "--bundle", bundle, host.id()])
                #expect(try eventually { try running.outputSoFar() == "ready\n" })
                try running.kill(SIGTERM)
                #expect(try running.wait().code == 42)
            }
        }

        /// That the runtime's terminal has another size is nothing to a program without one.
        @Test func aNewSizeOfTheTerminalIsTheRuntimesOwn() throws {
            try withHost { host in
                let bundle = try host.bundle(
                    "trap 'echo size' WINCH; trap 'echo other' 29; echo ready; while :; do sleep 0.05; done")
                let running = try host.start(["run", "--bundle", bundle, host.id()])
                #expect(try eventually { try running.outputSoFar() == "ready\n" })
                try running.kill(SIGWINCH)
                // A later one by its number, too: those that wait are taken in their order.
                try running.kill(29)
                #expect(try eventually { try running.outputSoFar().contains("other") })
                #expect(try running.outputSoFar() == "ready\nother\n")
                try host.ok("kill", host.id(), "KILL")
                #expect(try running.wait().code == 137)
            }
        }

        @Test func createStartKillDelete() throws {
            try withHost { host in
                let file = "\(host.folder)/pid"
                let bundle = try host.bundle("trap 'exit 5' TERM; while :; do sleep 0.05; done") {
                    $0.annotations = ["org.example.key": "value"]
                }
                try host.ok("create", "--bundle", bundle, "--pid-file", file, host.id())
                let created = try host.stateOf(host.id())
                #expect(created.status == .created)
                #expect(created.bundle == bundle)
                #expect(created.annotations["org.example.key"] == "value")
                let pid = try #require(created.pid)
                #expect(try Files.read(file) == "\(pid)")
                // The program has not begun: the process is still the trampoline.
                #expect(try Files.read("/proc/\(pid)/cmdline").contains("while") == true)
                #expect(try Files.link("/proc/\(pid)/exe").contains("memfd"))
                try host.ok("start", host.id())
                #expect(try host.stateOf(host.id()).status == .running)
                #expect(try Files.link("/proc/\(pid)/exe") == "/bin/sh")
                usleep(100_000)
                try host.ok("kill", host.id(), "SIGTERM")
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                #expect(try host.stateOf(host.id()).pid ?? 0 == 0)
                try host.ok("delete", host.id())
                #expect(try host.oci("state", host.id()).code == 1)
            }
        }

        @Test func zeroAsksWhetherTheProcessLives() throws {
            try withHost { host in
                try host.background()
                #expect(try host.ok("kill", host.id(), "0").err == "")
                try host.ok("kill", "--all", host.id(), "0")
                #expect(try host.stateOf(host.id()).status == .running)
                try host.ok("kill", host.id(), "KILL")
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                let output = try host.oci("kill", host.id(), "0")
                #expect(output.code == 1 && output.err.contains("container not running"))
                try host.delete()
            }
        }

        /// The process that waits for the start is the first of its pid namespace, whom signals do not end.
        @Test(arguments: [["TERM"], ["INT"], ["KILL"], ["--all", "TERM"], [""]], [true, false])
        func aSignalEndsACreatedContainer(_ signal: [String], _ hasNamespace: Bool) throws {
            try withHost { host in
                let bundle = try host.bundle {
                    if !hasNamespace { $0.linux?.namespaces.removeAll { $0.type == .pid } }
                }
                try host.ok("create", "--bundle", bundle, host.id())
                for harmless in ["0", "WINCH", "USR1"] where hasNamespace {
                    try host.ok("kill", host.id(), harmless)
                    #expect(try host.stateOf(host.id()).status == .created)
                }
                _ = try host.start(["kill", host.id()] + signal).wait()
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                let start = try host.oci("start", host.id())
                #expect(start.code == 1 && start.err.contains("has stopped"), "\(start)")
                try host.ok("delete", host.id())
            }
        }

        @Test func wrongOrderIsRefused() throws {
            try withHost { host in
                for command in [["start"], ["state"], ["kill"], ["delete"], ["pause"], ["resume"], ["ps"]] {
                    let output = try host.start(command + [host.id("none")]).wait()
                    #expect(output.code == 1)
                    #expect(output.err.contains("container does not exist"))
                }
                #expect(try host.oci("delete", "--force", host.id("none")).code == 0)
                try host.background()
                let start = try host.oci("start", host.id())
                #expect(start.code == 1 && start.err.contains("already running"))
                let delete = try host.oci("delete", host.id())
                #expect(delete.code == 1 && delete.err.contains("not stopped"))
                let resume = try host.oci("resume", host.id())
                #expect(resume.code == 1)
                #expect(try host.oci("kill", host.id(), "NOSUCH").err.contains("unknown signal"))
                try host.ok("kill", host.id(), "9")
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                for command in [["start"], ["kill"], ["pause"]] {
                    #expect(try host.start(command + [host.id()]).wait().code == 1, "\(command)")
                }
                #expect(try host.oci("exec", host.id(), "true").code == 255)
                try host.ok("delete", host.id())
            }
        }

        @Test func anIDIsUsedOnce() throws {
            try withHost { host in
                let pid = try host.background()
                let bundle = try host.bundle("true")
                for command in ["create", "run"] {
                    let output = try host.oci(command, "--bundle", bundle, host.id())
                    #expect(output.code == 1)
                    #expect(output.err.contains("already exists"))
                }
                #expect(try host.stateOf(host.id()).pid == pid)
                try host.delete()
            }
        }

        @Test func listAndPs() throws {
            try withHost { host in
                #expect(try host.ok("list", "--format", "json").out == "null\n")
                let pid = try host.background("sleep 61 & sleep 62; true", name: "a")
                let bundle = try host.bundle()
                try host.ok("create", "--bundle", bundle, host.id("b"))
                #expect(try host.ok("list", "-q").lines == [host.id("a"), host.id("b")])
                let table = try host.ok("list").lines
                #expect(table.count == 3)
                #expect(table[0].hasPrefix("ID ") && table[0].hasSuffix(" OWNER"))
                #expect(table[1].contains(" \(pid) ") && table[1].contains(" running "))
                #expect(table[2].contains(" created "))
                let json = try host.ok("list", "-f", "json").out
                #expect(json.contains("\"status\":\"running\"") && json.contains("\"status\":\"created\""))
                #expect(
                    try eventually {
                        try host.ok("ps", "--format", "json", host.id("a")).out.split(separator: ",").count
                            == 3
                    })
                let processes = try host.ok("ps", host.id("a")).lines
                #expect(processes.count == 4)
                #expect(processes[0].contains("PID"))
                #expect(processes.contains { $0.contains("sleep 61") })
                // As with runc, the one that waits says what it is.
                let waiting = try host.ok("ps", host.id("b")).lines
                #expect(waiting.count == 2)
                #expect(waiting.last?.contains(" swiftlet-oci init ") == true, "\(waiting)")
                try host.delete("a")
                try host.delete("b")
            }
        }

        @Test func pauseAndResume() throws {
            try withHost { host in
                try host.background("while :; do echo x >> /tmp/ticks; sleep 0.01; done", writable: true)
                let ticks = "\(host.folder)/b-c/rootfs/tmp/ticks"
                #expect(eventually { Files.exists(ticks) })
                try host.ok("pause", host.id())
                #expect(try host.stateOf(host.id()).status == .paused)
                let count = try Files.read(ticks).utf8.count
                usleep(100_000)
                #expect(try Files.read(ticks).utf8.count == count)
                let refused = try host.oci("exec", host.id(), "true")
                #expect(refused.code == 255 && refused.err.contains("paused"))
                #expect(try host.oci("pause", host.id()).code == 1)
                try host.ok("resume", host.id())
                #expect(try host.stateOf(host.id()).status == .running)
                #expect(try eventually { try Files.read(ticks).utf8.count > count })
                // A frozen container can be deleted.
                try host.ok("pause", host.id())
                try host.delete()
            }
        }

        @Test func killAllReachesEveryProcess() throws {
            try withHost { host in
                try host.background(
                    "trap '' USR1; (trap 'echo child > /tmp/got; exit' USR1; while :; do sleep 0.02; done) & sleep 60 & wait; wait",
                    writable: true)
                usleep(100_000)
                try host.ok("kill", "--all", host.id(), "USR1")
                #expect(eventually { Files.exists("\(host.folder)/b-c/rootfs/tmp/got") })
                try host.delete()
            }
        }

        /// Processes that replace themselves without pause: none is new enough to be missed, however long it takes
        /// from the list of them to the signals.
        @Test(arguments: ["TERM", "KILL"])
        func killAllReachesNewProcesses(_ signal: String) throws {
            try withHost { host in
                let beat = "\(host.folder)/beat"
                try Files.write("\(host.folder)/chain", "echo > /mnt/beat; sh /mnt/chain &\n")
                try host.background("while :; do sleep 1; done") {
                    $0.mounts.append(.init(destination: "/mnt", source: host.folder, options: ["bind"]))
                }
                try host.ok(
                    "exec", "--detach", host.id(), "sh", "-c", "for i in 1 2 3; do sh /mnt/chain & done")
                #expect(eventually { Files.exists(beat) })
                let calls = "kill,pidfd_send_signal"
                let output = try SystemCallWalk.run(
                    host,
                    [
                        "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
                        "inject=\(calls):delay_enter=200000:when=1",
                    ], ["kill", "--all", host.id(), signal], count: 0)
                #expect(output.code == 0, "\(output)")
                usleep(50_000)
                unlink(beat)
                usleep(100_000)
                #expect(!Files.exists(beat))
                // The first process of a pid namespace may take TERM as it likes, and has not asked for it.
                if signal == "TERM" { #expect(try host.stateOf(host.id()).status == .running) }
                try host.delete()
            }
        }

        /// Without a pid namespace of its own the kernel ends nobody with the first process.
        @Test(arguments: ["sleep 60", "exit 0"]) func killEndsEveryProcess(_ end: String) throws {
            try withHost { host in
                try host.background("sleep 77 & sleep 78 & \(end)") {
                    $0.linux?.namespaces.removeAll { $0.type == .pid }
                }
                if end == "exit 0" {
                    #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                }
                #expect(host.processes().count >= 2)
                try host.ok("kill", host.id(), "KILL")
                #expect(eventually { host.processes().isEmpty })
                // They have no memory any more and may still be on their way out of the group.
                #expect(
                    try eventually {
                        let again = try host.oci("kill", host.id(), "KILL")
                        return again.code == 1 && again.err.contains("container not running")
                    })
                try host.delete()
            }
        }

        @Test func oneOfTwoStartsWins() throws {
            try withHost { host in
                let bundle = try host.bundle("echo x >> /tmp/runs; sleep 60", writable: true)
                for _ in 0..<5 {
                    try host.ok("create", "--bundle", bundle, host.id())
                    let first = try host.start(["start", host.id()])
                    let second = try host.start(["start", host.id()])
                    let codes = [try first.wait().code, try second.wait().code]
                    #expect(codes.sorted() == [0, 1])
                    try host.delete()
                }
                #expect(try Files.read("\(bundle)/rootfs/tmp/runs").utf8.count <= 10)
            }
        }

        @Test func oneOfTwoCreatesWins() throws {
            try withHost { host in
                let bundle = try host.bundle()
                let first = try host.start(["create", "--bundle", bundle, host.id()])
                let second = try host.start(["create", "--bundle", bundle, host.id()])
                #expect([try first.wait().code, try second.wait().code].sorted() == [0, 1])
                try host.delete()
            }
        }

        @Test func aKilledRuntimeLeavesWhatDeleteCanRemove() throws {
            try withHost { host in
                let bundle = try host.bundle()
                for delay in 0..<16 {
                    let running = try host.start(["create", "--bundle", bundle, host.id()])
                    usleep(UInt32(delay * 1500))
                    try running.kill()
                    _ = try running.wait()
                    try host.ok("delete", "--force", host.id())
                    host.expectNothingLeft()
                }
            }
        }

        @Test func aRuntimeKilledInAHookLeavesWhatDeleteCanRemove() throws {
            try withHost { host in
                let file = "\(host.folder)/hook"
                let bundle = try host.bundle {
                    $0.hooks.createRuntime = [
                        .init(path: "/bin/sh", args: ["sh", "-c", "echo $$ > \(file); exec sleep 30"])
                    ]
                }
                let running = try host.start(["create", "--bundle", bundle, host.id()])
                #expect(try eventually { try Files.exists(file) && !Files.read(file).isEmpty })
                try running.kill()
                _ = try running.wait()
                kill(try #require(Int32(try Files.value(file))), SIGKILL)
                try host.ok("delete", "--force", host.id())
            }
        }

        /// The Swift library ends a process that does not find its own path (see backtracer.c).
        @Test func programsStartWithoutProc() throws {
            try withHost { host in
                let folder = Host.runtime.prefix(upTo: try #require(Host.runtime.lastIndex(of: "/")))
                try host.shell(
                    """
                    set -e
                    mkdir \(host.folder)/root
                    cd \(host.folder)/root
                    cp \(Host.runtime) \(folder)/swiftlet-init .
                    cp \(Host.rootfs)/bin/busybox true
                    chroot . /swiftlet-oci --version
                    chroot . /swiftlet-init /true
                    """)
            }
        }

        /// Without a pid namespace of its own they stay when the first process ends.
        @Test(arguments: [["delete"], ["delete", "--force"]])
        func whatOutlivesTheFirstProcessIsEndedByDelete(_ command: [String]) throws {
            try withHost { host in
                try host.background("sleep 600 & exit") {
                    $0.linux?.namespaces.removeAll { $0.type == .pid }
                }
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                #expect(try host.start(command + [host.id()]).wait().code == 0)
                host.expectNothingLeft()
            }
        }

        @Test func deleteRunsWithoutForceOnlyWhenStopped() throws {
            try withHost { host in
                let bundle = try host.bundle()
                try host.ok("create", "--bundle", bundle, host.id())
                // As runc: a container that was never started can go at once.
                try host.ok("delete", host.id())
            }
        }

        /// --keep: the container stays until it is deleted, stopped.
        @Test func runCanKeepTheContainer() throws {
            try withHost { host in
                let bundle = try host.bundle("exit 3")
                #expect(try host.oci("run", "--keep", "--bundle", bundle, host.id()).code == 3)
                #expect(try host.stateOf(host.id()).status == .stopped)
                try host.ok("delete", host.id())
                #expect(try host.oci("run", "--bundle", bundle, host.id()).code == 3)
                #expect(try host.oci("state", host.id()).code == 1)
            }
        }

        @Test func featuresSpecAndVersion() throws {
            try withHost { host in
                let features = try host.ok("features").out
                #expect(features.contains("\"ociVersionMax\""))
                #expect(features.contains("org.systemd.property."))
                #expect(features.filter { !$0.isWhitespace }.contains("\"systemdUser\":true"))
                // Those of runc, and ID mappings.
                let options = """
                    acl async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noacl
                    noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid
                    nosymfollow private ratime rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev
                    rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw
                    rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid
                    symfollow sync tmpcopyup unbindable
                    """.split { $0 == " " || $0 == "\n" }.map { "\"\($0)\"" }
                let plain = features.filter { !$0.isWhitespace }
                let list = "\"mountOptions\":[" + options.joined(separator: ",") + "]"
                #expect(plain.contains(list), "\(plain)")
                #expect(try host.oci("--version").out.contains("spec: 1.3"))
                let folder = "\(host.folder)/new"
                try Files.makeFolder(folder)
                try host.ok("spec", "--bundle", folder)
                let spec = try RuntimeSpec(json: FileDescriptor.readFile("\(folder)/config.json"))
                #expect(spec.process?.args == ["sh"])
                #expect(try host.oci("spec", "--bundle", folder).err.contains("exists"))
            }
        }
    }
}
