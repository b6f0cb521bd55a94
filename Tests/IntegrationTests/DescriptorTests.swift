import Glibc
import LinuxKernel
import Testing

extension RuntimeTests {
    /// Descriptors that the runtime hands to the container, or to its caller.
    @Suite struct Descriptors {
        /// --pidfd-socket: what comes stands for the new process, whatever becomes of its number.
        @Test func aPidfdComesOverTheSocket() throws {
            try withHost { host in
                let listener = try DescriptorListener("\(host.folder)/pidfd.sock")
                func expectPidfd(named name: String, of pid: Int32) throws {
                    let pidfd = try listener.receive(named: name)
                    let info = try Files.read("/proc/self/fdinfo/\(pidfd.raw)")
                    #expect(info.contains("Pid:\t\(pid)\n"), "\(info)")
                }
                let bundle = try host.bundle()
                for command in [["create"], ["run", "--detach"]] {
                    let output = try host.start(
                        command + ["--bundle", bundle, "--pidfd-socket", listener.path, host.id()]
                    ).wait()
                    #expect(output.code == 0, "\(output)")
                    try expectPidfd(named: "standard", of: try #require(try host.stateOf(host.id()).pid))
                    try host.delete()
                }
                try host.background()
                let file = "\(host.folder)/pid"
                try host.ok(
                    "exec", "--detach", "--pidfd-socket", listener.path, "--pid-file", file, host.id(),
                    "sleep", "60")
                try expectPidfd(named: "setns", of: try #require(Int32(try Files.value(file))))
                try host.delete()
            }
        }

        /// Socket activation (sd_listen_fds(3)): they come as 3 and on, before those of --preserve-fds.
        @Test func listeningDescriptorsComeIn() throws {
            try withHost { host in
                let path = "\(host.folder)/first"
                try Files.write(path, "through 3\n")
                let first = try FileDescriptor.open(path, O_RDONLY)
                let second = try FileDescriptor.open("/dev/zero", O_RDONLY)
                let script = "echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; ls /proc/self/fd"
                let bundle = try host.bundle(script)
                for (options, last) in [([], ["3", "4"]), (["--preserve-fds", "1"], ["3", "4", "5"])] {
                    let output = try host.start(
                        ["run", "--bundle", bundle] + options + [host.id()],
                        passed: [first.raw, second.raw], environment: ["LISTEN_FDS=1"]
                    ).wait()
                    // The last is the folder that ls reads.
                    #expect(
                        output.lines == ["1 1 1", "through 3", "0", "1", "2"] + last, "\(output)")
                    _ = lseek(first.raw, 0, SEEK_SET)
                }
                // Only for whom they are: who does not know of the variables leaves them to its children.
                let others = try host.oci(
                    "run", "--bundle", try host.bundle("echo ,$LISTEN_FDS; ls /proc/self/fd", name: "others"),
                    host.id(), passed: [first.raw, second.raw], environment: ["LISTEN_FDS=1", "LISTEN_PID=1"])
                #expect(others.lines == [",", "0", "1", "2", "3"], "\(others)")
                let command =
                    "LISTEN_PID=$$ exec \(Host.runtime) --root \(host.state) run -b \(bundle) \(host.id())"
                let own = try host.start(
                    program: ["/bin/sh", "-c", command], passed: [first.raw], environment: ["LISTEN_FDS=1"]
                ).wait()
                #expect(own.lines.prefix(2) == ["1 1 1", "through 3"], "\(own)")
                let missing = try host.oci(
                    "run", "--bundle", bundle, host.id(), passed: [first.raw], environment: ["LISTEN_FDS=9"])
                #expect(missing.code == 1 && missing.err.contains("is not open"), "\(missing)")
            }
        }

        /// A standard stream that the caller has closed is /dev/null, and not what the runtime opens first.
        @Test func closedStandardStreams() throws {
            try withHost { host in
                let bundle = try host.bundle(
                    "for i in 0 1; do kind=$(stat -L -c %t:%T /proc/$$/fd/$i); echo $kind >&2; done; cat; echo lost"
                )
                let command =
                    "exec \(Host.runtime) --root \(host.state) run -b \(bundle) \(host.id()) 0<&- 1>&-"
                let output = try host.start(program: ["/bin/sh", "-c", command]).wait()
                #expect(output.code == 0 && output.err == "1:3\n1:3\n", "\(output)")
            }
        }

        @Test func withoutAListenerNothingIsMade() throws {
            try withHost { host in
                let bundle = try host.bundle()
                for command in ["create", "run"] {
                    let output = try host.oci(
                        command, "--bundle", bundle, "--pidfd-socket", "\(host.folder)/none.sock", host.id())
                    #expect(output.code == 1 && output.err.contains("none.sock"), "\(output)")
                    host.expectNothingLeft()
                }
            }
        }
    }
}
