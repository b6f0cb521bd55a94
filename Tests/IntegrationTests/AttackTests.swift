import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// What images and configurations have tried against runtimes.
    @Suite struct Attacks {
        /// CVE-2024-21626: a working directory that is a descriptor of the runtime.
        @Test(arguments: Array(3...12)) func theWorkingDirectoryIsNoDescriptor(_ number: Int) throws {
            try withHost { host in
                for path in ["/proc/self/fd/\(number)", "/proc/self/fd/\(number)/../../../.."] {
                    let output = try host.run("pwd; ls", name: "n\(path.utf8.count)") {
                        $0.process?.cwd = path
                    }
                    #expect(output.code == 1)
                    #expect(output.out == "")
                    #expect(output.err.contains("cwd"), "\(output)")
                }
            }
        }

        @Test func norDoesALinkLeadThere() throws {
            try withHost { host in
                let bundle = try host.bundle("pwd", writable: true) { $0.process?.cwd = "/link" }
                for number in 3...10 {
                    try host.shell(
                        "rm -f \(bundle)/rootfs/link; ln -s /proc/self/fd/\(number) \(bundle)/rootfs/link")
                    let output = try host.oci("run", "--bundle", bundle, host.id())
                    #expect(output.code == 1 && output.out == "", "\(output)")
                }
                // The same through exec.
                try host.shell("rm \(bundle)/rootfs/link; mkdir \(bundle)/rootfs/link")
                try host.background(writable: true)
                for number in 3...10 {
                    let output = try host.oci("exec", "--cwd", "/proc/self/fd/\(number)", host.id(), "pwd")
                    #expect(output.code == 255 && output.out == "", "\(output)")
                }
                try host.delete()
            }
        }

        /// CVE-2019-5736: the image's program is the runtime itself, which then can be overwritten.
        @Test func theRuntimeCannotBeOverwritten() throws {
            try withHost { host in
                let before = try host.shell("sha256sum < \(Host.runtime)")
                let bundle = try host.bundle("true", writable: true) { $0.process?.args = ["/evil"] }
                try Files.write("\(bundle)/rootfs/evil", "#!/proc/self/exe\n", mode: 0o755)
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code != 0)
                #expect(try host.shell("sha256sum < \(Host.runtime)") == before)
                // While a created container waits, its executable is a sealed memory file.
                try host.ok("create", "--bundle", try host.bundle(name: "waits"), host.id("w"))
                let pid = try #require(try host.stateOf(host.id("w")).pid)
                #expect(try Files.link("/proc/\(pid)/exe").contains("memfd:swiftlet-trampoline"))
                #expect(throws: KernelError.self) {
                    try FileDescriptor.open("/proc/\(pid)/exe", O_WRONLY).writeAll("x")
                }
                try host.delete("w")
            }
        }

        @Test func aWaitingContainerHoldsNoHostFile() throws {
            try withHost { host in
                try host.ok("create", "--bundle", try host.bundle(), host.id())
                let pid = try #require(try host.stateOf(host.id()).pid)
                for number in Files.names(in: "/proc/\(pid)/fd") where (Int(number) ?? 0) > 2 {
                    let target = try Files.link("/proc/\(pid)/fd/\(number)")
                    // Its socket, and the two FIFOs of the start gate.
                    #expect(
                        target.hasPrefix("socket:") || target.hasSuffix("/start")
                            || target.hasSuffix("/result")
                            || target.hasPrefix("/memfd:") || target.hasPrefix("pipe:"), "\(target)")
                }
                let maps = try Files.read("/proc/\(pid)/maps")
                #expect(!maps.contains("swiftlet-oci"))
                try host.delete()
            }
        }

        /// CVE-2022-29162: capabilities that a file could turn into permitted ones.
        @Test func nothingIsInheritableUnasked() throws {
            try withHost { host in
                let seen = try host.run("grep CapInh /proc/self/status").out
                #expect(seen == "CapInh:\t0000000000000000\n")
            }
        }

        /// CVE-2025-31133: an image that brings its own /dev/null for the masks.
        @Test func masksDoNotUseTheImagesNull() throws {
            try withHost { host in
                let bundle = try host.bundle("cat /etc/passwd; head -c 5 /proc/keys", writable: true) {
                    $0.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                    $0.linux?.maskedPaths = ["/etc/passwd", "/proc/keys"]
                }
                try host.shell(
                    "rm -rf \(bundle)/rootfs/dev/null; ln -s /proc/sys/kernel/core_pattern \(bundle)/rootfs/dev/null"
                )
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.out == "", "\(output)")
            }
        }

        /// A mask is a mount of the host's null device, and where nodes cannot be made so are the container's devices.
        /// They can be written to, but a container's root must not change the node: it would be the host's.
        @Test(arguments: [false, true]) func nodesOfTheHostAreReadOnly(isInUserNamespace: Bool) throws {
            try withHost { host in
                var places = ["/etc/passwd", "/proc/keys"]
                let script =
                    "echo x > /etc/passwd && echo x > /dev/null && head -c 4 /dev/zero | wc -c; cat /proc/self/mountinfo"
                let output = try host.run(script) {
                    $0.linux?.maskedPaths = places
                    guard isInUserNamespace else { return }
                    $0.linux?.namespaces.append(.init(.user))
                    $0.linux?.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    $0.linux?.gidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                }
                if isInUserNamespace {
                    places += ["null", "zero", "full", "random", "urandom", "tty"].map { "/dev/\($0)" }
                }
                #expect(output.lines.first == "4", "\(output)")
                // Number, parent, device, root, place, the mount's options (proc(5)).
                let mounts = output.lines.map { $0.split(separator: " ") }.filter { $0.count > 6 }
                for place in places {
                    let options = mounts.filter { $0[4] == place }.map { $0[5].split(separator: ",")[0] }
                    #expect(options == ["ro"], "\(place): \(output)")
                }
            }
        }

        /// Standard streams that are the host's null device would give its node away, too: they become the container's,
        /// or nobody's where that has none, or something else by now.
        @Test(arguments: ["a device", "nothing", "a FIFO"]) func streamsAreNotTheHostsNullDevice(
            _ own: String
        ) throws {
            try withHost { host in
                try Files.makeFolder("\(host.folder)/dev")
                let bundle = try host.bundle {
                    $0.process?.user = .init(uid: 1000, gid: 1000)
                    guard own != "a device" else { return }
                    $0.mounts.removeAll { $0.destination.hasPrefix("/dev") }
                    $0.mounts.append(
                        .init(destination: "/dev", source: "\(host.folder)/dev", options: ["bind"]))
                }
                if own == "a FIFO" { try #require(mkfifo("\(host.folder)/dev/null", 0o666) == 0) }
                func start(_ arguments: String...) throws {
                    let line =
                        ["/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Host.runtime]
                        + ["--root", host.state] + arguments
                    let output = try host.start(program: line).wait()
                    #expect(output.code == 0, "\(arguments)")
                }
                func status(_ path: String) throws -> stat {
                    var status = stat()
                    try #require(stat(path, &status) == 0, "\(path)")
                    return status
                }
                try start("run", "--detach", "--bundle", bundle, host.id())
                try start("exec", "--detach", "--pid-file", "\(host.folder)/pid", host.id(), "sleep", "60")
                let theirs = try status("/dev/null")
                let first = try #require(try host.stateOf(host.id()).pid)
                for pid in [first, try #require(Int32(try Files.value("\(host.folder)/pid")))] {
                    for number in 0...2 {
                        let ours = try status("/proc/\(pid)/fd/\(number)")
                        #expect(ours.st_mode & S_IFMT == S_IFCHR && ours.st_rdev == theirs.st_rdev)
                        #expect(
                            ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino, "\(pid): \(number)")
                        // Nor are they the user's, who could take them from the others of the container.
                        #expect(ours.st_uid == 0 && ours.st_mode & 0o777 == 0o666)
                        if own == "a device" {
                            let inside = try status("/proc/\(pid)/root/dev/null")
                            #expect(ours.st_dev == inside.st_dev && ours.st_ino == inside.st_ino)
                        }
                    }
                }
                try host.delete()
            }
        }

        /// CVE-2021-43784: a field longer than a message's size can say. There is no such message here; the
        /// field is refused, and the error says why however long what it names is.
        @Test(
            arguments: [
                LongField("hostname", "invalid argument") { $0.hostname = $1 },
                LongField("cgroupsPath") { $0.linux?.cgroupsPath = "/\($1)" },
                LongField("namespace") {
                    $0.linux?.namespaces.removeAll { $0.type == .network }
                    $0.linux?.namespaces.append(.init(.network, path: "/\($1)"))
                },
                LongField("device") {
                    $0.linux?.devices.append(.init(path: "/dev/\($1)", type: .character, major: 1, minor: 3))
                },
                LongField("mount") {
                    $0.mounts.append(.init(destination: "/tmp/\($1)", type: "tmpfs", source: "x"))
                },
                LongField("cwd") { $0.process?.cwd = "/\($1)" },
                LongField("program") { $0.process?.args = ["/\($1)"] },
            ])
        func longFieldsAreRefused(_ field: LongField) throws {
            try withHost { host in
                let text = String(repeating: "x", count: 70_000)
                let output = try host.run("echo ran") { field.set(&$0, text) }
                #expect(output.code == 1 || output.code == 126 || output.code == 127)
                #expect(output.out == "" && output.err.split(separator: "\n").count == 1)
                #expect(output.err.contains(field.says), "\(output.err.suffix(200))")
                host.expectNothingLeft()
            }
        }

        struct LongField: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let says: String
            let set: @Sendable (inout RuntimeSpec, String) -> Void

            init(
                _ name: String, _ says: String = "file name too long",
                _ set: @escaping @Sendable (inout RuntimeSpec, String) -> Void
            ) {
                testDescription = name
                self.says = says
                self.set = set
            }
        }

        @Test func theContainerCannotLookIntoTheRuntime() throws {
            try withHost { host in
                // Another container's process, as the same user, that looks at everything it can see.
                let output = try host.run("for p in /proc/[0-9]*; do readlink $p/exe; done | sort -u")
                #expect(
                    output.lines.allSatisfy { $0.hasPrefix("/bin/") || $0.hasPrefix("/usr/bin/") },
                    "\(output)")
            }
        }
    }
}
