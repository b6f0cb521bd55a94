import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// NOTIFY_SOCKET: a service manager hears from the container that it is ready.
    @Suite struct Notify {
        /// What the manager receives: a socket in the test's folder.
        private struct Manager: ~Copyable {
            let path: String
            private let socket: FileDescriptor

            init(_ host: Host) throws {
                path = "\(host.folder)/manager"
                let folder = try FileDescriptor.open(host.folder, O_RDONLY | O_DIRECTORY)
                socket = try UnixSocket.bindDatagrams(in: folder, name: "manager", mode: 0o600)
            }

            var environment: [String] { ["NOTIFY_SOCKET=\(path)"] }

            /// The next message; nil after `seconds` without one.
            func next(seconds: Int32 = 5) -> String? {
                var ready = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
                guard poll(&ready, 1, seconds * 1000) == 1 else { return nil }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = buffer.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
                return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            }
        }

        /// busybox has no program for sockets of datagrams: the test speaks from within the container's mount.
        private func say(_ text: String, _ pid: Int32) throws {
            let sender = try UnixSocket.connect(datagrams: "/proc/\(pid)/root/run/notify/notify.sock")
            let bytes = Array(text.utf8)
            #expect(send(sender.raw, bytes, bytes.count, 0) == bytes.count)
        }

        @Test func readinessIsPassedOn() throws {
            try withHost { host in
                let manager = try Manager(host)
                let bundle = try host.bundle("echo $NOTIFY_SOCKET; ls -d $NOTIFY_SOCKET; sleep 60")
                let running = try host.start(
                    ["run", "--bundle", bundle, host.id()], environment: manager.environment)
                #expect(
                    try eventually {
                        try running.outputSoFar() == "/run/notify/notify.sock\n/run/notify/notify.sock\n"
                    })
                let pid = try #require(try host.stateOf(host.id()).pid)
                try say("STATUS=half way", pid)
                #expect(manager.next(seconds: 1) == nil)
                try say("STATUS=done\nREADY=1", pid)
                #expect(manager.next() == "READY=1")
                #expect(manager.next() == "MAINPID=\(pid)")
                try host.ok("kill", host.id(), "KILL")
                #expect(try running.wait().code == 137)
            }
        }

        @Test func startWaitsUntilTheContainerIsReady() throws {
            try withHost { host in
                let manager = try Manager(host)
                let bundle = try host.bundle("sleep 60")
                let created = try host.oci(
                    "create", "--bundle", bundle, host.id(), environment: manager.environment)
                #expect(created.code == 0, "\(created)")
                let pid = try #require(try host.stateOf(host.id()).pid)
                let start = try host.start(["start", host.id()], environment: manager.environment)
                #expect(try eventually { try host.stateOf(host.id()).status == .running })
                usleep(100_000)
                // It waits: nothing has been said.
                #expect(kill(start.pid, 0) == 0)
                try say("READY=1", pid)
                #expect(try start.wait().code == 0)
                #expect(manager.next() == "READY=1")
                #expect(manager.next() == "MAINPID=\(pid)")
                try host.delete()
            }
        }

        @Test func aContainerThatEndsIsNotWaitedFor() throws {
            try withHost { host in
                let manager = try Manager(host)
                let bundle = try host.bundle("exit 3")
                let output = try host.oci(
                    "run", "--detach", "--bundle", bundle, host.id(), environment: manager.environment)
                #expect(output.code == 0, "\(output)")
                try host.delete()
            }
        }

        /// The container goes on, and its end is waited for.
        @Test func aManagerThatIsGone() throws {
            try withHost { host in
                let bundle = try host.bundle(
                    "echo begun; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 7"
                ) {
                    $0.mounts.append(.init(destination: "/tmp", type: "tmpfs", source: "tmpfs"))
                }
                let running = try startUnderManager(host, bundle)
                try say("READY=1", try #require(try host.stateOf(host.id()).pid))
                usleep(100_000)
                try host.ok("exec", host.id(), "touch", "/tmp/end")
                let output = try running.wait()
                #expect(output.code == 7)
                #expect(output.err.contains("NOTIFY_SOCKET"), "\(output)")
            }
        }

        /// The manager is gone when the container runs.
        private func startUnderManager(_ host: Host, _ bundle: String) throws -> RunningProgram {
            let manager = try Manager(host)
            let running = try host.start(
                ["run", "--bundle", bundle, host.id()], environment: manager.environment)
            #expect(try eventually { try running.outputSoFar() == "begun\n" })
            return running
        }

        @Test func aSocketThatIsNotThere() throws {
            try withHost { host in
                let bundle = try host.bundle("true")
                let output = try host.oci(
                    "run", "--bundle", bundle, host.id(),
                    environment: ["NOTIFY_SOCKET=\(host.folder)/none"])
                #expect(output.code == 1)
                #expect(output.err.contains("NOTIFY_SOCKET"), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1)
            }
        }
    }
}
