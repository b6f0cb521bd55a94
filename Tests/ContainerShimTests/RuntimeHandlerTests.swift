import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Debian's.
private let runc = "/usr/sbin/runc"

extension ShimTests {
    /// Containers of a runtime that is a program with runc's command line.
    @Suite(.enabled(if: access(runc, X_OK) == 0, "runc is not installed")) struct RuntimeHandlers {
        private func withRunc(
            _ body: (ShimHost, (inout RuntimeSpec, inout Supervision) -> Void) throws -> Void
        ) throws {
            try withShimHost { host in
                let root = host.folder + "/runc"
                try body(host) { _, supervision in
                    supervision.runtime = RuntimeHandler(program: runc, root: root)
                }
                let left = access(root, F_OK) == 0 ? try FileDescriptor.listing(of: root).map(\.name) : []
                #expect(left.isEmpty)
                // Nothing stays of what a command needs besides its streams.
                for folder in [host.container(), host.state] {
                    for entry in (try? FileDescriptor.listing(of: folder)) ?? [] {
                        #expect(!entry.name.hasPrefix("runtime-"))
                    }
                }
            }
        }

        private func process(_ script: String, terminal: Bool = false) -> [UInt8] {
            var process = RuntimeSpec.example().process!
            process.args = ["sh", "-c", script]
            process.terminal = terminal
            process.capabilities?.ambient = []
            return process.json()
        }

        @Test func endsWithItsProgram() throws {
            try withRunc { host, runc in
                try host.define(script: "ls /proc/self/fd | wc -l; echo err >&2; exit 7", runc)
                var client = try host.launch()
                var watcher = try host.connect()
                try watcher.subscribe()
                let pid = try host.start(&client)
                #expect(try client.wait(host.id()).exitCode == 7)
                // The streams, and the folder that is listed.
                #expect(try host.logged() == "4\n")
                #expect(try host.logged(.stderr) == "err\n")
                var events: [ShimEvent] = []
                while let delivery = try watcher.receive(milliseconds: 200) {
                    if case .event(let event) = delivery.message { events.append(event) }
                }
                #expect(events.map(\.kind) == [.started, .exited])
                #expect(events.first?.pid == pid && events.last?.exitCode == 7)
            }
        }

        @Test func createWaitsForStart() throws {
            try withRunc { host, runc in
                try host.define(script: "echo ran; sleep 600", runc)
                var client = try host.launch()
                let pid = try client.create(host.id(), folder: host.container())
                #expect(try host.status().phase == .created)
                #expect(try client.start(host.id()) == pid)
                #expect(try eventually { try host.logged() == "ran\n" })
                #expect(try client.stop(host.id(), timeout: 0).exitCode == 137)
            }
        }

        @Test func executesFurtherProcesses() throws {
            try withRunc { host, runc in
                var client = try host.run("sleep 600", runc)
                let (inRead, inWrite) = try FileDescriptor.pipe().ends()
                let (outRead, outWrite) = try FileDescriptor.pipe().ends()
                let reader = FileDescriptor(owning: outRead)
                do {
                    let writer = FileDescriptor(owning: inWrite)
                    let number: UInt64
                    do {
                        defer {
                            close(inRead)
                            close(outWrite)
                        }
                        number = try client.exec(
                            host.id(), process: process("cat; ls /proc/self/fd | wc -l; exit 5"),
                            stdin: inRead,
                            stdout: outWrite, stderr: outWrite
                        ).number
                    }
                    try writer.writeAll("hello\n")
                    try writer.close()
                    #expect(try String(decoding: reader.readToEnd(), as: UTF8.self) == "hello\n4\n")
                    #expect(try client.wait(host.id(), exec: number).exitCode == 5)
                }
                let missing = try #require(throws: ShimError.self) {
                    var process = RuntimeSpec.example().process!
                    process.terminal = false
                    process.capabilities?.ambient = []
                    process.args = ["/nope"]
                    _ = try client.exec(host.id(), process: process.json(), stdin: 0, stdout: 1, stderr: 2)
                }
                #expect(missing.exitCode == 127 && !"\(missing)".contains("\n"), "\(missing)")
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func terminals() throws {
            try withRunc { host, runc in
                try host.define(script: "read line; stty size; tty; sleep 600") {
                    runc(&$0, &$1)
                    $1.terminal = true
                    $1.input = .keep
                }
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: true))
                try host.start(&client)
                try client.resize(host.id(), TerminalSize(rows: 11, columns: 77))
                let failure: KernelError? = [UInt8]("go\n".utf8).withUnsafeBytes { bytes in
                    do throws(KernelError) {
                        try streams.send(input: bytes)
                        return nil
                    } catch {
                        return error
                    }
                }
                #expect(failure == nil)
                let seen = try Attached.read(&streams) {
                    $0.text.contains("/dev/pts/0") || $0.text.contains("console")
                }
                #expect(seen.text.contains("11 77"))

                var exec = try client.exec(host.id(), terminalProcess: process("tty; exit 4", terminal: true))
                var text = ""
                if let master = exec.terminal.take() {
                    var buffer = [UInt8](repeating: 0, count: 256)
                    while true {
                        let count = buffer.withUnsafeMutableBytes {
                            read(master.raw, $0.baseAddress, $0.count)
                        }
                        if count <= 0 { break }
                        text += String(decoding: buffer[..<count], as: UTF8.self)
                    }
                }
                #expect(text.contains("/dev/pts/1"))
                #expect(try client.wait(host.id(), exec: exec.number).exitCode == 4)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func programThatCannotRunLeavesNothing() throws {
            for (program, code) in [("/nope", Int32(127)), ("nope", 127), ("/etc/passwd", 126)] {
                try withRunc { host, runc in
                    try host.define([program], runc)
                    var client = try host.launch()
                    let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                    #expect(error.exitCode == code && !"\(error)".contains("\n"), "\(error)")
                    #expect(try host.status().error == "\(error)")
                }
            }
        }

        @Test func commands() throws {
            try withRunc { host, runc in
                var client = try host.run("while true; do echo x; sleep 0.01; done", runc)
                #expect(try eventually { try host.logged().count > 4 })
                try client.pause(host.id())
                let before = try host.logged()
                usleep(200_000)
                #expect(try host.logged() == before)
                try client.resume(host.id())
                #expect(try eventually { try host.logged() != before })
                var resources = RuntimeSpec.Resources()
                resources.pids = .init(limit: 77)
                try client.update(host.id(), resources)
                let places = ["", "pids/"].map { "/sys/fs/cgroup/\($0)\(host.id())/pids.max" }
                let place = try #require(places.first { access($0, F_OK) == 0 })
                #expect(try text(of: place) == "77\n")
                try client.kill(host.id(), signal: SIGKILL, .all)
                #expect(try client.wait(host.id()).exitCode == 137)
            }
        }

        @Test func killedForMemory() throws {
            try withRunc { host, runc in
                var client = try host.run("head -c 100000000 /dev/zero | tail") {
                    runc(&$0, &$1)
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 16 << 20
                }
                #expect(try client.wait(host.id()).oomKilled)
            }
        }

        @Test func lostShim() throws {
            try withRunc { host, runc in
                try host.define(script: "sleep 600", runc)
                var client = try host.launch()
                let process = try #require(try ProcessIdentity.of(try host.start(&client)))
                kill(host.lastShim, SIGKILL)
                #expect(host.shimEnds())
                #expect(try process.isAlive)
                try ContainerCleanup.afterLostShim(
                    container: ContainerID(host.id()), folder: host.container(), state: host.state, log: Log()
                )
                #expect(try !process.isAlive)
            }
        }

        @Test func inAPod() throws {
            try withRunc { host, runc in
                try host.definePod { $0.hostname = "shared" }
                var client = try host.launchPod()
                try host.run("hostname; readlink /proc/self/ns/net; sleep 600", name: "a", &client)
                try host.run("hostname; readlink /proc/self/ns/net; sleep 600", name: "b", &client, runc)
                #expect(try eventually { try host.logged(name: "a").contains("net:[") })
                #expect(try eventually { try host.logged(name: "b") == host.logged(name: "a") })
                for name in ["a", "b"] {
                    try client.delete(host.id(name), force: true, removeFolder: true)
                }
                try client.shutdown()
            }
        }

        /// A program that hangs is ended with the clone that has called it.
        @Test func overdueProgramIsEnded() throws {
            try withRunc { host, runc in
                let program = host.folder + "/slow"
                try write(
                    """
                    #!/bin/sh
                    case "$*" in *checkpoint*) echo $$ > \(host.folder)/hangs; sleep 600;; esac
                    exec /usr/sbin/runc "$@"
                    """, to: program)
                chmod(program, 0o755)
                var client = try host.run("sleep 600") {
                    runc(&$0, &$1)
                    $1.runtime?.program = program
                }
                let error = try #require(throws: ShimError.self) {
                    try client.checkpoint(
                        host.id(), CheckpointRequest(imagePath: host.folder + "/images", timeout: 500))
                }
                #expect("\(error)" == "checkpoint \(host.id()): took too long and was ended")
                let pid = try #require(Int32(text(of: host.folder + "/hangs").dropLast()))
                #expect(try eventually { try ProcessIdentity.of(pid) == nil })
                #expect(try client.state(host.id()).phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        /// Some programs give the streams of a container to its user.
        @Test func noProgramHasTheHostsNullDevice() throws {
            try withRunc { host, runc in
                let program = host.folder + "/curious"
                try write(
                    """
                    #!/bin/sh
                    case "$*" in *' create '*|*' exec '*) stat -L -c '%t:%T %a %d' /proc/self/fd/0 >> \(host.folder)/seen;; esac
                    exec /usr/sbin/runc "$@"
                    """, to: program)
                chmod(program, 0o755)
                var client = try host.run("sleep 600") {
                    runc(&$0, &$1)
                    $1.runtime?.program = program
                }
                let null = try FileDescriptor.open("/dev/null", O_RDWR)
                let number = try client.exec(
                    host.id(), process: process("test ! -s /dev/stdin && echo lost"), stdin: null.raw,
                    stdout: null.raw, stderr: null.raw
                ).number
                #expect(try client.wait(host.id(), exec: number).exitCode == 0)
                let seen = try text(of: host.folder + "/seen").split(separator: "\n")
                #expect(seen.count == 2)
                let device = try null.status().st_dev
                for line in seen {
                    #expect(line.hasPrefix("1:3 666 ") && !line.hasSuffix(" \(device)"), "\(line)")
                }
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        /// Here by a filter of system calls that lets nobody make devices.
        @Test func nobodyGetsTheHostsNullDeviceForWantOfAnother() throws {
            try withRunc { host, runc in
                let program = host.folder + "/shim"
                try write(
                    """
                    #!/usr/bin/python3
                    import ctypes, os, platform, struct, sys
                    mknodat = {"x86_64": 259, "aarch64": 33}[platform.machine()]
                    # The call's number; is it this one? ENOSPC; all others are allowed.
                    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, mknodat), (6, 0, 0, 0x50000 | 28), (6, 0, 0, 0x7fff0000)]
                    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
                    filter = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
                    # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
                    assert ctypes.CDLL(None).prctl(22, 2, filter, 0, 0) == 0
                    os.execv("\(ShimHost.program)", ["swiftlet-shim", *sys.argv[1:]])
                    """, to: program)
                chmod(program, 0o755)
                try host.define(script: "true", runc)
                var client = try host.launch(program: program)
                let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                #expect("\(error)".contains("mknod null: no space left on device"), "\(error)")
            }
        }

        @Test(arguments: [
            ("/nope", "start /nope: no such file or directory"),
            ("/bin/false", "/bin/false create: ended with 1 and said nothing"),
            ("/bin/true", "runtime-"),
        ])
        func runtimeThatIsNone(program: String, reason: String) throws {
            try withShimHost { host in
                try host.define(script: "true") {
                    $1.runtime = RuntimeHandler(program: program, root: host.folder + "/runc")
                }
                var client = try host.launch()
                let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                #expect("\(error)".contains(reason) && !"\(error)".contains("\n"), "\(error)")
                #expect(try host.status().error == "\(error)")
            }
        }
    }
}
