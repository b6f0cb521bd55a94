import Glibc
import LinuxKernel
import Testing

/// `cp` in both directions.
struct CopyTests {
    let host: Host
    private let folder: String

    init() throws {
        host = try Host.withBusybox()
        folder = host.root + "/files"
        if mkdir(folder, 0o755) != 0 { throw KernelError("mkdir", folder) }
    }

    private func write(_ name: String, _ text: String) throws {
        try FileDescriptor.open(folder + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640).writeAll(text)
    }

    private func read(_ name: String) throws -> String {
        String(decoding: try FileDescriptor.readFile(folder + "/" + name), as: UTF8.self)
    }

    private func startContainer() throws {
        try host.check("run", "-d", "--name", "c", "-v", "/volume", "busybox", "sleep", "1000")
    }

    @Test func filesIntoAndOutOfARunningContainer() throws {
        try startContainer()
        try write("in", "content")
        try host.check("cp", folder + "/in", "c:/etc/")
        #expect(try host.check("exec", "c", "stat", "-c", "%a %u %s", "/etc/in").line == "640 0 7")
        try host.check("cp", folder + "/in", "c:/etc/renamed")
        #expect(try host.check("exec", "c", "cat", "/etc/renamed").output == "content")
        try host.check("cp", "c:/etc/renamed", folder + "/out")
        #expect(try read("out") == "content")
        // A volume is seen, too.
        try host.check("cp", folder + "/in", "c:/volume/in")
        try host.check("cp", "c:/volume/in", folder + "/again")
        #expect(try read("again") == "content")
    }

    @Test func differences() throws {
        try startContainer()
        #expect(try host.check("diff", "c").lines.filter { $0.hasPrefix("C") || $0.hasPrefix("D") } == [])
        try host.check(
            "exec", "c", "sh", "-c", "rm /bin/vi; echo x > /etc/new; echo y > /volume/f; mkdir -p /srv/a")
        let changes = try host.check("diff", "c").lines
        for line in ["C /bin", "D /bin/vi", "C /etc", "A /etc/new", "A /srv/a"] {
            #expect(changes.contains(line), "\(changes)")
        }
        #expect(!changes.contains { $0.contains("volume") || $0.contains("/etc/hosts") }, "\(changes)")
        try host.check("stop", "-t", "0", "c")
        #expect(try host.check("diff", "c").lines == changes)
        #expect(try host.checkFails(1, "diff", "nobody").contains("no such container"))
    }

    /// Names far down are still told, and nothing else is left out for them.
    @Test func differencesFarDown() throws {
        let name = String(repeating: "d", count: 250)
        try host.check(
            "run", "--name", "c", "busybox", "sh", "-c",
            "i=0; while [ $i -lt 30 ]; do mkdir \(name); cd -P \(name); i=$((i+1)); done; echo x > file; echo x > /z"
        )
        let changes = try host.check("diff", "c").lines
        let deep = "A " + String(repeating: "/" + name, count: 30) + "/file"
        #expect(changes.contains(deep) && changes.contains("A /z"), "\(changes.count)")
    }

    /// The same of a running container and of one that has ended, without what is mounted in it.
    @Test func exports() throws {
        try startContainer()
        try host.check(
            "exec", "c", "sh", "-c",
            "mkdir -m 700 /t; echo text > /t/a; ln /t/a /t/hard; ln -s a /t/soft; rm /bin/vi; echo x > /volume/f; chown 5:6 /t/a"
        )
        for isRunning in [true, false] {
            let archive = folder + "/export.tar"
            try host.check("export", "-o", archive, "c")
            let list = try host.shell("tar -tvf \(archive) --numeric-owner").lines
            func has(_ mode: String, _ owner: String, _ name: String) -> Bool {
                list.contains { $0.hasPrefix(mode) && $0.contains(" \(owner) ") && $0.hasSuffix(" \(name)") }
            }
            #expect(has("drwx------", "0/0", "t/") && has("lrwxrwxrwx", "0/0", "t/soft -> a"), "\(list)")
            #expect(
                has("-rw-r--r--", "5/6", "t/a") || has("-rw-r--r--", "5/6", "t/hard"), "\(list)")
            #expect(list.contains { $0.contains(" bin/busybox") })
            for name in [" bin/vi", "volume/f", " proc/1"] {
                #expect(!list.contains { $0.contains(name) }, "\(name)")
            }
            if isRunning { try host.check("stop", "-t", "0", "c") }
        }
        let unpacked = try host.shell("cd \(folder); \"$0\" export c | tar -x t; cat t/a t/hard; rm -r t")
        #expect(unpacked.output == "text\ntext\n")
        #expect(try host.checkFails(1, "export", "nobody").contains("no such container"))
        #expect(try folderNames(folder) == ["export.tar"])
    }

    /// Whoever else may write in the folder of an archive neither has it written somewhere else nor reads it.
    @Test(arguments: ["export -o $1 c", "save -o $1 busybox"])
    func archivesAmongFilesOfOthers(command: String) throws {
        try host.check("create", "--name", "c", "busybox", "true")
        try write("victim", "precious")
        try host.shell(
            "umask 0; set -- \(folder)/x.tar; ln -s victim $1.partial-$$; exec \"$0\" \(command)")
        #expect(try read("victim") == "precious")
        var status = stat()
        #expect(lstat(folder + "/x.tar", &status) == 0 && status.st_mode == S_IFREG | 0o600)
        // The link is not ours to remove; all that is ours is the archive.
        let names = try folderNames(folder)
        #expect(names.count == 3 && names.contains { $0.hasPrefix("x.tar.partial-") }, "\(names)")
    }

    /// An output that is closed early ends them by a signal: no mount is left, and the container can still be used.
    @Test(arguments: [[], ["--userns", "auto"]])
    func cutOffCopiesOfAStoppedContainer(options: [String]) throws {
        let run = try host.run(
            ["run", "--name", "c"] + options + [
                "busybox", "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=4 2> /dev/null; echo ran",
            ])
        #expect(run.code == 0, "\(run)")
        for command in ["export c", "cp c:/big -"] {
            try host.shell("\"$0\" \(command) | head -c 1000 > /dev/null")
            let mounts = String(decoding: try FileDescriptor.readFile("/proc/self/mounts"), as: UTF8.self)
            #expect(
                !mounts.split(separator: "\n").contains { $0.contains(host.root + "/default") }, "\(command)")
        }
        #expect(try host.shell("\"$0\" cp c:/big - | tar -xOf - | wc -c").line == "\(4 << 20)")
        #expect(try host.check("start", "-a", "c").output == "ran\n")
    }

    @Test func folders() throws {
        try startContainer()
        try host.check(
            "exec", "c", "sh", "-c",
            "mkdir -p /t/deep; echo a > /t/a; echo b > /t/deep/b; ln /t/a /t/hard; ln -s a /t/soft; chmod 700 /t/deep"
        )
        try host.check("cp", "c:/t", folder + "/new")
        #expect(try read("new/deep/b") == "b\n" && read("new/hard") == "a\n")
        try host.check("cp", "c:/t", folder + "/new")
        #expect(try read("new/t/a") == "a\n")
        try host.check("cp", "c:/t/.", folder)
        #expect(try read("a") == "a\n")
        var hard = stat()
        var first = stat()
        #expect(lstat(folder + "/new/hard", &hard) == 0 && lstat(folder + "/new/a", &first) == 0)
        #expect(hard.st_ino == first.st_ino && first.st_nlink == 2)
        var soft = stat()
        #expect(lstat(folder + "/new/soft", &soft) == 0 && soft.st_mode & S_IFMT == S_IFLNK)
        try host.check("cp", folder + "/new", "c:/back")
        #expect(try host.check("exec", "c", "cat", "/back/deep/b").output == "b\n")
        try host.checkFails(1, "cp", "c:/t", folder + "/a")
        try host.checkFails(1, "cp", "c:/nothing", folder)
        try host.checkFails(1, "cp", folder + "/a", "c:/no/such/folder/x")
        try host.checkFails(1, "cp", folder + "/a", folder + "/b")
        try host.checkFails(1, "cp", "nobody:/x", folder)
    }

    /// What a container links to stays inside, whether it runs or not.
    @Test func linksLeadNowhere() throws {
        try startContainer()
        let secret = host.root + "/secret"
        try FileDescriptor.open(secret, O_WRONLY | O_CREAT, mode: 0o600).writeAll("the host's")
        try host.check(
            "exec", "c", "sh", "-c",
            "ln -s / /out; ln -s \(host.root) /direct; ln -s ../../../../../\(host.root) /up")
        try write("in", "from the host")
        for stopped in [false, true] {
            if stopped { try host.check("stop", "-t", "0", "c") }
            for path in ["/direct/secret", "/up/secret", "/out\(host.root)/secret"] {
                try host.checkFails(1, "cp", "c:" + path, folder + "/stolen")
                #expect(access(folder + "/stolen", F_OK) != 0)
                try host.checkFails(1, "cp", folder + "/in", "c:" + path.dropLast(7) + "/planted")
                #expect(access(host.root + "/planted", F_OK) != 0)
            }
            // A link as the source is copied as one, and with -L as what the container sees behind it.
            try host.check("cp", "c:/direct", folder + "/link")
            var status = stat()
            #expect(lstat(folder + "/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            unlink(folder + "/link")
        }
    }

    /// A link as the target stays one: what it leads to is written, on the host and inside the container's root.
    @Test func linksAsTargets() throws {
        try startContainer()
        try write("in", "new")
        let outside = host.root + "/outside"
        try FileDescriptor.open(outside, O_WRONLY | O_CREAT, mode: 0o600).writeAll("the host's")
        try host.check(
            "exec", "c", "sh", "-c",
            """
            mkdir -p /t/deep \(host.root) /away; echo old > /t/deep/there; echo "the container's" > \(outside)
            ln -s deep/there /t/link; ln -s ../away/made /t/dangling; ln -s \(outside) /t/absolute
            ln -s ../../../../../..\(outside) /t/up; ln -s round /t/round
            """)
        for stopped in [false, true] {
            if stopped {
                try host.check("stop", "-t", "0", "c")
                try write("in", "newer")
            }
            for link in ["link", "dangling", "absolute", "up"] {
                try host.check("cp", folder + "/in", "c:/t/" + link)
                try host.check("cp", "c:/t/" + link, folder + "/copied")
                var status = stat()
                #expect(
                    lstat(folder + "/copied", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK, "\(link)")
                unlink(folder + "/copied")
                try host.check("cp", "-L", "c:/t/" + link, folder + "/copied")
                #expect(try read("copied") == (stopped ? "newer" : "new"), "\(link)")
                unlink(folder + "/copied")
            }
            try host.checkFails(1, "cp", folder + "/in", "c:/t/round")
            #expect(String(decoding: try FileDescriptor.readFile(outside), as: UTF8.self) == "the host's")
        }
        for (link, target) in [("to-old", "old"), ("to-new", "new")] {
            if target == "old" { try write("old", "old") }
            try #require(symlink(target, folder + "/" + link) == 0)
            try host.check("cp", "c:/t/deep/there", folder + "/" + link)
            var status = stat()
            #expect(lstat(folder + "/" + link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(try read(target) == "newer")
        }
    }

    @Test func stoppedContainers() throws {
        try host.check(
            "run", "--name", "c", "-v", "/volume", "busybox", "sh", "-c",
            "echo one > /file; echo two > /volume/file")
        try host.check("cp", "c:/file", folder + "/one")
        try host.check("cp", "c:/volume/file", folder + "/two")
        #expect(try read("one") == "one\n" && read("two") == "two\n")
        try write("in", "put")
        try host.check("cp", folder + "/in", "c:/file")
        #expect(try host.check("cp", "c:/file", "-").output.contains("put"))
        let mounts = String(decoding: try FileDescriptor.readFile("/proc/self/mountinfo"), as: UTF8.self)
        #expect(!mounts.contains(host.root), "cp left a mount")
    }

    @Test func archives() throws {
        try startContainer()
        try host.check(
            "exec", "c", "sh", "-c",
            "mkdir /t; echo a > /t/a; chown 5:6 /t/a; mknod /t/pipe p; ln -s a /t/link")
        let script = """
            set -e
            "$0" cp c:/t - > \(folder)/t.tar
            tar -tvf \(folder)/t.tar --numeric-owner
            "$0" exec c mkdir /u
            "$0" cp - c:/u < \(folder)/t.tar
            """
        let result = try Program(
            "/bin/sh", ["-c", script, Host.builtProgram("swiftlet")], environment: host.environment
        ).finish()
        #expect(result.code == 0, "\(result.error)")
        #expect(result.lines.contains { $0.contains("5/6") && $0.hasSuffix("t/a") })
        #expect(try host.check("exec", "c", "stat", "-c", "%u:%g %F", "/u/t/a").line == "5:6 regular file")
        #expect(try host.check("exec", "c", "readlink", "/u/t/link").line == "a")
        #expect(try host.run(["cp", "-", "c:/nothing"], input: "").code == 1)
        #expect(try host.run(["cp", "-", "c:/u"], input: "this is no archive").code == 1)
    }

    @Test func aDeviceStaysOne() throws {
        try startContainer()
        try host.check("exec", "c", "sh", "-c", "echo a > /a")
        var status = stat()
        try #require(stat("/dev/null", &status) == 0)
        try #require(mknod(folder + "/null", S_IFCHR | 0o600, status.st_rdev) == 0)
        try host.checkFails(1, "cp", "c:/a", folder + "/null")
        #expect(stat(folder + "/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func archivesThatClimbOut() throws {
        try startContainer()
        let script =
            "cd \(folder); echo x > x; tar -cPf bad.tar --transform 's,x,../../../../planted,' x; \"$0\" cp - c:/tmp < bad.tar"
        let result = try Program(
            "/bin/sh", ["-c", script, Host.builtProgram("swiftlet")], environment: host.environment
        ).finish()
        #expect(result.code == 1 && result.error.contains(".."))
    }

    @Test func ownersAreKeptOnDemand() throws {
        try startContainer()
        try host.check("exec", "c", "sh", "-c", "echo a > /a; chown 1234:5678 /a")
        try host.check("cp", "c:/a", folder + "/plain")
        try host.check("cp", "-a", "c:/a", folder + "/kept")
        var status = stat()
        #expect(stat(folder + "/plain", &status) == 0 && status.st_uid == 0)
        #expect(stat(folder + "/kept", &status) == 0 && status.st_uid == 1234 && status.st_gid == 5678)
    }
}
