import CRIProtocol
import CRIService
import Glibc
import LinuxKernel
import Testing

/// The daemon as a process of its own: what the service manager sees of it.
struct DaemonTests {
    private final class Daemon {
        let folder: ScratchFolder
        let program: Companion
        let notifications: FileDescriptor
        var socket: String { folder.path + "/run/cri.sock" }

        init(_ configuration: String = "", _ flags: [String] = []) throws {
            folder = try ScratchFolder()
            let place = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
            notifications = try UnixSocket.bindDatagrams(in: place, name: "notify", mode: 0o600)
            let file = try folder.write("config.toml", configuration)
            program = try Companion(
                [
                    try Self.builtProgram("swiftlet-node"), "cri", "--config", file, "--root",
                    folder.path + "/lib", "--state", folder.path + "/run",
                ] + flags,
                environment: ["PATH=/usr/bin:/bin", "NOTIFY_SOCKET=\(folder.path)/notify"],
                log: folder.path + "/log")
        }

        deinit {
            kill(program.pid, SIGKILL)
            _ = program.wait(milliseconds: 1)
        }

        /// The next word to the service manager.
        func notification() -> String {
            var patience = pollfd(fd: notifications.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&patience, 1, 20_000) == 1 else { return "nothing within 20 seconds" }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { recv(notifications.raw, $0.baseAddress, $0.count, 0) }
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }

        /// The programs lie beside the test bundle.
        private static func builtProgram(_ name: String) throws -> String {
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/exe", &buffer, buffer.count)
            let test = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // SWIFTLET_BIN: programs that were built elsewhere.
            let folder =
                getenv("SWIFTLET_BIN").map { String(cString: $0) } ?? test.splitAtLastComponent.parent
            let path = folder + "/" + name
            guard access(path, X_OK) == 0 else { throw KernelError("find the program", path) }
            return path
        }
    }

    @Test func startsReloadsAndStopsAsAServiceManagerWants() async throws {
        let daemon = try Daemon("[log]\nlevel = \"info\"\n")
        #expect(daemon.notification().hasPrefix("READY=1\nSTATUS=serving \(daemon.socket)"))
        let images = try await ImageHost.client(daemon.socket) { try await $0.list() }
        #expect(images.isEmpty)
        #expect(try !daemon.folder.read("log").contains("msg=\"call\""))

        let profile = try daemon.folder.write("profile.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}")
        try daemon.folder.write(
            "config.toml",
            """
            network = "cni"
            enable_selinux = true
            [log]
            level = "debug"
            [cdi]
            spec_dirs = ["/nowhere"]
            [seccomp]
            default_profile = "\(profile)"
            [apparmor]
            default_profile = "ours"

            """)
        // Not meant to end it, whatever they are meant to do.
        for number in [SIGUSR1, SIGUSR2] { kill(daemon.program.pid, number) }
        kill(daemon.program.pid, SIGHUP)
        #expect(daemon.notification().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(daemon.notification().hasPrefix("READY=1"))
        _ = try await ImageHost.client(daemon.socket) { try await $0.list() }
        let log = try daemon.folder.read("log")
        #expect(log.contains("msg=\"call\" method=ListImages"))
        #expect(log.contains("msg=\"configuration reloaded\" changed_after_restart=network\n"))

        // What the node lacks is told once. The score is the process's own.
        let facts = try NodeFacts.detect(cgroupDriver: .cgroupfs)
        for part in facts.missingParts.map(\.part) where !part.hasPrefix("oom_score_adj") {
            let lines = log.split(separator: "\n").filter { $0.contains("this node lacks \(part): ") }
            #expect(lines.count == 1, "\(part): \(log)")
        }

        // A mistake leaves all as it was.
        try daemon.folder.write("config.toml", "[log]\nlevel = \"loud\"\n")
        kill(daemon.program.pid, SIGHUP)
        #expect(daemon.notification().hasPrefix("RELOADING=1"))
        #expect(daemon.notification().hasPrefix("READY=1"))
        #expect(try daemon.folder.read("log").contains("config.toml:2: log.level"))

        // And so does one in a file that it names.
        try daemon.folder.write(
            "config.toml", "[log]\nlevel = \"error\"\n[seccomp]\ndefault_profile = \"/nowhere\"\n")
        kill(daemon.program.pid, SIGHUP)
        #expect(daemon.notification().hasPrefix("RELOADING=1"))
        #expect(daemon.notification().hasPrefix("READY=1"))
        let calls = try daemon.folder.read("log").split(separator: "\n").count { $0.contains("msg=\"call\"") }
        _ = try await ImageHost.client(daemon.socket) { try await $0.list() }
        let after = try daemon.folder.read("log").split(separator: "\n")
        #expect(
            after.contains {
                $0.contains("configuration not reloaded")
                    && $0.contains("config.toml:4: seccomp.default_profile: ")
                    && $0.contains("/nowhere")
            })
        #expect(after.count { $0.contains("msg=\"call\"") } == calls + 1)

        kill(daemon.program.pid, SIGTERM)
        #expect(daemon.notification() == "STOPPING=1")
        #expect(daemon.program.wait(milliseconds: 10_000) == 0)
        #expect(access(daemon.socket, F_OK) != 0)
    }

    @Test func aSecondOneIsRefusedAndAKilledOneReplaced() async throws {
        let first = try Daemon()
        #expect(first.notification().hasPrefix("READY=1"))
        let second = try Daemon("", ["--listen", first.socket])
        #expect(second.program.wait(milliseconds: 10_000) == 1)
        #expect(
            try second.folder.read("log").contains(
                "swiftlet: another instance (process \(first.program.pid)) listens on \(first.socket)"))
        let sameRoot = try Daemon("", ["--root", first.folder.path + "/lib"])
        #expect(sameRoot.program.wait(milliseconds: 10_000) == 1)
        #expect(try sameRoot.folder.read("log").contains("works with the root \(first.folder.path)/lib"))
        let sameState = try Daemon(
            "", ["--state", first.folder.path + "/run", "--listen", first.socket + "2"])
        #expect(sameState.program.wait(milliseconds: 10_000) == 1)
        #expect(
            try sameState.folder.read("log").contains(
                "another instance (process \(first.program.pid)) works with the state \(first.folder.path)/run"
            ))
        kill(first.program.pid, SIGKILL)
        _ = first.program.wait(milliseconds: 5000)
        let third = try Daemon("", ["--listen", "unix://" + first.socket])
        #expect(third.notification().hasPrefix("READY=1"))
        _ = try await ImageHost.client(first.socket) { try await $0.list() }
    }

    @Test func otherAddressesThanUnixSocketsAreRefused() throws {
        let daemon = try Daemon("", ["--listen", "tcp://127.0.0.1:99"])
        #expect(daemon.program.wait(milliseconds: 10_000) == 1)
        #expect(
            try daemon.folder.read("log").contains(
                "--listen tcp://127.0.0.1:99: the CRI is served on a unix socket only"))
        #expect(access(daemon.folder.path + "/run", F_OK) != 0)
    }

    /// A call under way hears that the daemon stops, and does not keep it.
    @Test func stopsInTheMiddleOfACall() async throws {
        let daemon = try Daemon()
        #expect(daemon.notification().hasPrefix("READY=1"))
        let registry = try SilentServer()
        let pid = daemon.program.pid
        let error = try await ImageHost.client(daemon.socket) { client in
            _ = try await client.list()
            async let end = status { try await client.pull("\(registry.host)/team/app:v1") }
            try await blocking { try registry.waitForClient() }
            kill(pid, SIGTERM)
            return await end
        }
        #expect(error?.code == .unavailable)
        #expect(daemon.program.wait(milliseconds: 4000) == 0)
    }

    @Test func aMistakenConfigurationKeepsItFromStarting() throws {
        let daemon = try Daemon("colour = 1\n")
        #expect(daemon.program.wait(milliseconds: 10_000) == 1)
        #expect(try daemon.folder.read("log").contains("config.toml:1: unknown key colour"))
    }
}
