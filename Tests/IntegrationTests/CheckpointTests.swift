import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// What of `checkpoint` and `restore` needs no criu that works here. The rest, with real containers that go
    /// on where they were, is in vm/suite/checkpoint.
    @Suite struct Checkpoint {
        @Test func needsCriu() throws {
            try withHost { host in
                try host.background()
                for (program, says) in [
                    ("no-such-criu", "no-such-criu is not in PATH"),
                    ("/no/such/criu", "execute /no/such/criu: no such file or directory"),
                    ("/bin/true", "criu ended without an answer"),
                ] {
                    let images = "\(host.folder)/images"
                    let output = try host.oci(
                        "--criu", program, "checkpoint", "--image-path", images, host.id())
                    #expect(output.code == 1)
                    #expect(output.err.contains(says), "\(output)")
                    if program != "/bin/true" { #expect(!Files.exists(images)) }
                    #expect(try host.stateOf(host.id()).status == .running)
                }
                try host.delete()
            }
        }

        /// criu's own first error line is what the user sees.
        @Test func quotesCriu() throws {
            try withHost { host in
                try host.background()
                let script = """
                    #!/bin/sh
                    # In the place of criu: its log, and no answer.
                    echo '(00.1) Error (criu/a.c:1): the reason' > /proc/self/fd/5/dump.log
                    echo '(00.2)      1: Error (criu/b.c:2): FAILED' >> /proc/self/fd/5/dump.log
                    """
                try Files.write("\(host.folder)/criu", script, mode: 0o755)
                let output = try host.oci(
                    "--criu", "\(host.folder)/criu", "checkpoint", "--image-path", "\(host.folder)/images",
                    "--work-path", "\(host.folder)/logs", host.id())
                #expect(output.code == 1)
                #expect(
                    output.err.contains(
                        "criu failed: Error (criu/a.c:1): the reason (see \(host.folder)/logs/dump.log)"),
                    "\(output)")
                try host.delete()
            }
        }

        /// It is ended, and the container goes on, even if it was frozen for the dump. At a restore criu itself is in
        /// the frozen group.
        @Test(arguments: ["checkpoint", "restore"])
        func silentCriu(_ command: String) throws {
            try withHost { host in
                let script = """
                    #!/bin/sh
                    echo $$ > \(host.folder)/pid
                    for group in /sys/fs/cgroup/unified/\(host.id()) /sys/fs/cgroup/\(host.id()); do
                        [ ! -e $group/cgroup.freeze ] || echo 1 > $group/cgroup.freeze
                    done
                    exec sleep 60
                    """
                try Files.write("\(host.folder)/criu", script, mode: 0o755)
                let images = "\(host.folder)/images"
                try Files.makeFolder(images)
                try Files.write("\(images)/descriptors.json", "[\"/dev/null\",\"/dev/null\",\"/dev/null\"]")
                let bundle = try host.bundle("while :; do echo; sleep 0.01; done", name: "b-c") {
                    $0.linux?.cgroupsPath = "/\(host.id())"
                }
                if command == "checkpoint" { try host.ok("run", "--detach", "--bundle", bundle, host.id()) }
                let rest = command == "checkpoint" ? [] : ["--detach", "--bundle", bundle]
                let output = try host.start(
                    ["--criu", "\(host.folder)/criu", command, "--criu-timeout", "1", "--image-path", images]
                        + rest + [host.id()]
                ).wait()
                #expect(output.code == 1)
                #expect(output.err.contains("criu said nothing for 1 s"), "\(output)")
                let criu = try Files.read("\(host.folder)/pid").filter(\.isNumber)
                #expect(!Files.exists("/proc/\(criu)"))
                if command == "checkpoint" {
                    #expect(try host.stateOf(host.id()).status == .running)
                    try host.ok("exec", host.id(), "true")
                    try host.delete()
                }
                let wrong = try host.oci("checkpoint", "--criu-timeout", "soon", host.id())
                #expect(wrong.code == 1 && wrong.err.contains("'soon' is no number of seconds"), "\(wrong)")
            }
        }

        /// What criu is asked: it finds a mount by where it really is, and the images name it by where its destination
        /// leads in the root. A remount is none, and a mount point that does not lie on a file system of the images
        /// is made.
        @Test func namesMountsByTheirPlaces() throws {
            try withHost { host in
                let request = "\(host.folder)/request"
                try Files.write(
                    "\(host.folder)/criu", "#!/bin/sh\ndd bs=65536 count=1 of=\(request) <&3 2>/dev/null\n",
                    mode: 0o755)
                // A message of two strings, key and value.
                func isAsked(_ key: String, _ value: String) throws -> Bool {
                    let entry =
                        [0x0a, UInt8(key.utf8.count)] + Array(key.utf8)
                        + [0x12, UInt8(value.utf8.count)] + Array(value.utf8)
                    let bytes = try FileDescriptor.readFile(request)
                    return bytes.indices.contains { bytes[$0...].starts(with: entry) }
                }
                let (data, file) = ("\(host.folder)/data", "\(host.folder)/file")
                try Files.makeFolder(data)
                try Files.write(file, "")
                let rootfs = "\(host.folder)/b-c/rootfs"
                try host.background(writable: true) {
                    _ = try? host.shell("cd \(rootfs) && mkdir -p deep/a/b && ln -s deep/a/b link")
                    $0.mounts.append(.init(destination: "/tmp", type: "tmpfs", source: "tmpfs"))
                    for destination in ["/link/../in-a", "/nosuch/../plain", "/tmp/../beside", "/link/below"]
                    {
                        $0.mounts.append(
                            .init(destination: destination, type: "bind", source: data, options: ["bind"]))
                    }
                    $0.mounts += [
                        .init(destination: "/one", type: "bind", source: file, options: ["bind"]),
                        .init(destination: "/one", type: "none", options: ["remount", "ro"]),
                    ]
                }
                let folders = ["/deep/a/in-a", "/plain", "/beside", "/deep/a/b/below"]
                let images = "\(host.folder)/images"
                let dump = try host.oci(
                    "--criu", "\(host.folder)/criu", "checkpoint", "--image-path", images, host.id())
                #expect(dump.err.contains("criu ended without an answer"), "\(dump)")
                for place in folders + ["/one"] { #expect(try isAsked(place, place), "\(place)") }
                try host.delete()

                for place in folders { try host.shell("rmdir \(rootfs)\(place)") }
                try host.shell("rm \(rootfs)/one")
                let restore = try host.oci(
                    "--criu", "\(host.folder)/criu", "restore", "--detach", "--bundle",
                    "\(host.folder)/b-c", "--image-path", images, host.id())
                #expect(restore.err.contains("criu ended without an answer"), "\(restore)")
                for place in folders {
                    #expect(try isAsked(place, data), "\(place)")
                    #expect(Files.exists(rootfs + place))
                }
                #expect(try isAsked("/one", file))
                #expect(!Files.exists("\(rootfs)/nosuch"))
            }
        }

        /// A stream that was a pipe becomes one of criu's: were that the host's null device, the container could change
        /// the host's node through it.
        @Test func criuHasNotTheHostsNullDevice() throws {
            try withHost { host in
                let images = "\(host.folder)/images"
                let seen = "\(host.folder)/seen"
                try Files.makeFolder(images)
                try Files.write("\(images)/descriptors.json", "[\"pipe:[1]\",\"/dev/null\",\"/dev/null\"]")
                try Files.write(
                    "\(host.folder)/criu", "#!/bin/sh\nstat -L -c %t:%T:%d:%i /proc/self/fd/0 > \(seen)\n",
                    mode: 0o755)
                let output = try host.oci(
                    "--criu", "\(host.folder)/criu", "restore", "--detach", "--bundle", try host.bundle(),
                    "--image-path", images, host.id())
                #expect(output.code == 1 && output.err.contains("criu ended without an answer"), "\(output)")
                var theirs = stat()
                try #require(stat("/dev/null", &theirs) == 0)
                let stream = try Files.value(seen)
                #expect(stream.hasPrefix("1:3:"))
                #expect(stream != "1:3:\(theirs.st_dev):\(theirs.st_ino)")
            }
        }

        @Test func aFailedRestoreLeavesNothing() throws {
            try withHost { host in
                let images = "\(host.folder)/images"
                let bundle = try host.bundle()
                let missing = try host.oci(
                    "restore", "--detach", "--bundle", bundle, "--image-path", images, host.id())
                #expect(missing.code == 1 && missing.err.contains("no such file or directory"), "\(missing)")
                try Files.makeFolder(images)
                let empty = try host.oci(
                    "restore", "--detach", "--bundle", bundle, "--image-path", images, host.id())
                #expect(empty.code == 1 && empty.err.contains("holds no checkpoint"), "\(empty)")
                try Files.write("\(images)/descriptors.json", "[\"/dev/null\",\"/dev/null\",\"/dev/null\"]")
                let silent = try host.oci(
                    "--criu", "/bin/true", "restore", "--detach", "--bundle", bundle, "--image-path", images,
                    host.id())
                #expect(silent.code == 1 && silent.err.contains("criu ended without an answer"), "\(silent)")
            }
        }

        @Test func refusesWhatCannotBeWritten() throws {
            try withHost { host in
                let images = "\(host.folder)/images"
                let nobody = try host.oci("checkpoint", "--image-path", images, host.id())
                #expect(nobody.code == 1 && nobody.err.contains("container does not exist"), "\(nobody)")
                try host.ok("create", "--bundle", try host.bundle(), host.id())
                let created = try host.oci("checkpoint", "--image-path", images, host.id())
                #expect(created.err.contains("that is created cannot be checkpointed"), "\(created)")
                try host.delete()
            }
        }

        @Test(arguments: [
            (["--manage-cgroups-mode", "hard"], "none of soft, full, strict, ignore"),
            (["--page-server", "localhost"], "not ADDRESS:PORT"),
            (["--page-server", ":1"], "not ADDRESS:PORT"),
            (["--page-server", "h:70000"], "not ADDRESS:PORT"), (["--empty-ns", "ipc"], "only 'network'"),
            (["--status-fd", "77"], "not open for writing"), (["--parent-path", "/abs"], "must be relative"),
            (["--parent-path", "none"], "--parent-path none: no such file"),
        ])
        func refusesOptionsThatMeanNothing(_ options: [String], _ says: String) throws {
            try withHost { host in
                try host.background()
                // What is there instead of criu is not asked.
                let words =
                    ["--criu", "/bin/true", "checkpoint", "--image-path", "\(host.folder)/images"] + options
                    + [host.id()]
                let output = try host.start(words).wait()
                #expect(output.code == 1 && output.err.contains(says), "\(output)")
                #expect(try host.stateOf(host.id()).status == .running)
                try host.delete()
            }
        }
    }
}
