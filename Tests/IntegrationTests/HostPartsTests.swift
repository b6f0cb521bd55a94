import CLinux
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// What a container takes from the host: network devices, an agent for its system calls, processors, and
    /// nodes of memory.
    @Suite struct HostParts {
        // MARK: Network devices

        /// A pair of devices on the host; the end that stays is removed with the other.
        private func withDevices(_ body: (String) throws -> Void) throws {
            let name = "sw\(UInt32.random(in: 0..<1 << 24))"
            let host = try Host()
            defer { _ = try? host.shell("ip link delete \(name)b 2>/dev/null; rm -r \(host.folder)") }
            try host.shell(
                "ip link add \(name)a type veth peer name \(name)b && ip address add 192.0.2.7/24 dev \(name)a && ip address add 2001:db8::7/64 dev \(name)a nodad && ip link set \(name)a mtu 1400 up && ip link set \(name)b up"
            )
            try body("\(name)a")
        }

        @Test func aDeviceMovesInWithItsAddresses() throws {
            try withDevices { device in
                try withHost { host in
                    let output = try host.run("ip address show eth7; ls /sys/class/net") {
                        $0.linux?.netDevices = [device: .init(name: "eth7")]
                    }
                    #expect(output.code == 0, "\(output)")
                    for part in ["eth7", "UP", "mtu 1400", "192.0.2.7/24", "2001:db8::7/64"] {
                        #expect(output.out.contains(part), "\(part): \(output)")
                    }
                    #expect(output.lines.contains("eth7") && !output.out.contains("\(device)@"))
                    #expect(!Files.exists("/sys/class/net/\(device)"))
                }
            }
        }

        @Test func aMissingDeviceIsAnError() throws {
            try withHost { host in
                let output = try host.run("true") { $0.linux?.netDevices = ["nosuch0": .init()] }
                #expect(output.code == 1 && output.err.contains("nosuch0"), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1)
            }
        }

        @Test func aTakenNameIsAnError() throws {
            try withDevices { device in
                try withHost { host in
                    let output = try host.run("true") { $0.linux?.netDevices = [device: .init(name: "lo")] }
                    #expect(output.code == 1 && output.err.contains(device), "\(output)")
                }
            }
        }

        // MARK: Seccomp agents

        /// Listens where a filter's agent is expected.
        private func listen(_ path: String) throws -> FileDescriptor {
            let listener = FileDescriptor(
                owning: try check("socket") {
                    socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
                })
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            _ = try check("bind", path) {
                withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        clinux_bind(listener.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
            }
            _ = try check("listen", path) { Glibc.listen(listener.raw, 4) }
            return listener
        }

        /// Takes the descriptor that the runtime sends, and what it says of the process.
        private func accept(
            _ listener: borrowing FileDescriptor
        ) throws -> (filter: Int32, process: ContainerProcessState) {
            var ready = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 10_000) == 1 else { throw TestFailure("nobody calls the agent") }
            let connection = FileDescriptor(
                owning: try check("accept") { Glibc.accept(listener.raw, __SOCKADDR_ARG(), nil) })
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
            defer { buffer.deallocate() }
            let (count, descriptors) = try connection.receivePacket(into: buffer)
            #expect(descriptors.count == 1)
            return (
                descriptors.first ?? -1, try ContainerProcessState(json: Array(buffer[..<count]))
            )
        }

        /// Answers one system call with an error (seccomp_unotify(2)).
        private func refuse(_ filter: Int32, with errno: Int32) throws {
            var ready = pollfd(fd: filter, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 10_000) == 1 else { throw TestFailure("no system call comes") }
            var notification = [UInt64](repeating: 0, count: 10)
            _ = try check("receive notification") { clinux_ioctl(filter, 0xc050_2100, &notification) }
            let error = UInt64(UInt32(bitPattern: -errno))
            var answer: [UInt64] = [notification[0], 0, error]
            _ = try check("answer notification") { clinux_ioctl(filter, 0xc018_2101, &answer) }
        }

        private func profile(_ path: String) -> RuntimeSpec.Seccomp {
            var profile = RuntimeSpec.Seccomp(defaultAction: .allow)
            profile.listenerPath = path
            profile.listenerMetadata = "for you"
            profile.syscalls = [.init(names: ["mkdir", "mkdirat"], action: .notify)]
            return profile
        }

        @Test(arguments: [true, false])
        func anAgentAnswersSystemCalls(withoutNewPrivileges: Bool) throws {
            try withHost { host in
                let path = "\(host.folder)/agent"
                let listener = try listen(path)
                let bundle = try host.bundle("mkdir /dev/shm/x || echo refused") {
                    $0.linux?.seccomp = profile(path)
                    $0.process?.noNewPrivileges = withoutNewPrivileges
                }
                let program = try host.start(["run", "--bundle", bundle, host.id()])
                let (filter, process) = try accept(listener)
                defer { close(filter) }
                #expect(process.fds == ["seccompFd"] && process.metadata == "for you")
                #expect(process.state.id == host.id() && process.state.status == .creating)
                #expect(process.pid > 0 && process.state.pid == process.pid)
                try refuse(filter, with: EROFS)
                let output = try program.wait()
                #expect(output.out == "refused\n" && output.err.contains("Read-only"), "\(output)")
            }
        }

        @Test func anExecHasItsOwn() throws {
            try withHost { host in
                let path = "\(host.folder)/agent"
                let listener = try listen(path)
                let bundle = try host.bundle("sleep 60") { $0.linux?.seccomp = profile(path) }
                let starting = try host.start(["run", "--detach", "--bundle", bundle, host.id()])
                let (first, _) = try accept(listener)
                defer { close(first) }
                #expect(try starting.wait().code == 0)
                let program = try host.start(["exec", host.id(), "mkdir", "/dev/shm/x"])
                let (filter, process) = try accept(listener)
                defer { close(filter) }
                #expect(process.state.status == .running && process.pid != process.state.pid)
                try refuse(filter, with: EDQUOT)
                let output = try program.wait()
                #expect(output.code == 1 && output.err.contains("quota"), "\(output)")
                try host.delete()
            }
        }

        @Test func withoutItsAgentNoContainerIsMade() throws {
            try withHost { host in
                let output = try host.run("true") {
                    $0.linux?.seccomp = profile("\(host.folder)/nobody")
                }
                #expect(output.code == 1 && output.err.contains("\(host.folder)/nobody"), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1, "\(output)")
            }
        }

        // MARK: Processors and memory

        @Test func anExecCanBeBoundToProcessors() throws {
            try withHost { host in
                try host.background {
                    $0.process?.execCPUAffinity = .init(initial: "0", final: "1")
                }
                let inside = try host.ok("exec", host.id(), "grep", "Cpus_allowed_list", "/proc/self/status")
                #expect(inside.out.hasSuffix("\t1\n"), "\(inside)")
                let first = try host.ok("exec", host.id(), "grep", "Cpus_allowed_list", "/proc/1/status")
                #expect(!first.out.hasSuffix("\t1\n"), "\(first)")
                try host.delete()
            }
        }

        /// A caller that is bound to one processor does not bind containers and what joins them.
        @Test func theCallersProcessorsAreItsOwn() throws {
            try withHost { host in
                let all = try host.shell(
                    """
                    perl -e 'my $m = "\\xff" x 128; syscall(\(SYS_sched_setaffinity), 0, 128, $m); exec "nproc"'
                    """)
                let first = try host.shell(
                    "sed -n 's/^Cpus_allowed_list:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/self/status"
                ).filter(\.isNumber)
                let caller = "taskset -c \(first) \(Host.runtime) --root \(host.state)"
                let bundle = try host.bundle("nproc")
                #expect(try host.shell("\(caller) run --bundle \(bundle) \(host.id("once"))") == all)
                try host.background()
                #expect(try host.shell("\(caller) exec \(host.id()) nproc") == all)
                try host.delete()
            }
        }

        @Test func memoryComesFromItsNodes() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.memoryPolicy = .init(mode: .bind, nodes: "0", flags: [.staticNodes])
                }
                #expect(try Files.read("/proc/\(pid)/numa_maps").contains("bind=static:0"))
                try host.delete()
                let output = try host.run("true", name: "bad") {
                    $0.linux?.memoryPolicy = .init(mode: .bind, nodes: "63")
                }
                #expect(output.code == 1 && output.err.contains("set memory policy"), "\(output)")
            }
        }
    }
}
