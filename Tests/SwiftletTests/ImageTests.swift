import Glibc
import LinuxKernel
import OCISpec
import Testing

/// The commands about images, as far as the command line goes.
struct ImageTests {
    let host: Host

    init() throws { host = try Host() }

    @Test(arguments: [
        "docker/busybox.tar", "docker/busybox.tar.gz", "docker/busybox.tar.zst", "docker/busybox-v25.tar",
        "archive/busybox.tar", "oci/busybox",
    ])
    func loadsEachForm(name: String) throws {
        let result = try host.check("load", "-i", try Fixtures.archive(name))
        #expect(result.output == "Loaded image: busybox:latest\n")
        #expect(try host.check("run", "--rm", "busybox", "echo", "runs").line == "runs")
    }

    @Test func loadsFromStandardInput() throws {
        let script = "\"$0\" load < \(try Fixtures.archive("docker/busybox.tar.gz"))"
        let result = try Program(
            "/bin/sh", ["-c", script, Host.builtProgram("swiftlet")], environment: host.environment
        ).finish()
        #expect(result.output == "Loaded image: busybox:latest\n", "\(result.error)")
    }

    @Test func listTagRemove() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        let table = try host.check("images").lines
        #expect(
            table.count == 2 && table[0].hasPrefix("REPOSITORY") && table[1].hasPrefix("busybox      latest"))
        let id = try host.check("images", "-q").line
        #expect(id.utf8.count == 12)
        #expect(try host.check("images", "-q", "--no-trunc").line.hasPrefix("sha256:" + id))
        try host.check("tag", "busybox", "example.org/team/box:1.0")
        #expect(try host.check("images").lines.count == 3)
        #expect(try host.check("images", "example.org/team/box").lines.count == 2)
        #expect(try host.check("run", "--rm", "example.org/team/box:1.0", "echo", "x").line == "x")
        #expect(try host.check("run", "--rm", id, "echo", "x").line == "x")
        let json = try host.check("images", "--format", "json").lines
        #expect(json.count == 2 && json.allSatisfy { $0.hasPrefix("{") && $0.contains("\"Repository\":") })
        try host.check("create", "--name", "c", "busybox")
        try host.check("rmi", "example.org/team/box:1.0")
        #expect(try host.checkFails(1, "rmi", "busybox").contains("c"))
        try host.check("rm", "c")
        #expect(try host.check("rmi", "busybox").output.contains("Untagged: busybox:latest"))
        #expect(try host.check("images", "-q").output.isEmpty)
        #expect(try host.checkFails(1, "rmi", "busybox").contains("busybox"))
        #expect(try host.check("rmi", "-f", "busybox").error == "swiftlet: no such image: busybox\n")
        try host.checkFails(1, "rmi", "-f", "Not A Name")
    }

    @Test func savedImagesLoadAgain() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        let id = try host.check("images", "-q", "--no-trunc").line
        for format in ["docker-archive", "oci-archive"] {
            let path = host.root + "/saved.tar"
            try host.check("save", "-o", path, "--format", format, "busybox")
            let other = try Host()
            #expect(try other.check("load", "-i", path).output == "Loaded image: busybox:latest\n")
            #expect(try other.check("images", "-q", "--no-trunc").line == id)
        }
        // A device stays one.
        var status = stat()
        try #require(stat("/dev/null", &status) == 0)
        let device = host.root + "/null"
        try #require(mknod(device, S_IFCHR | 0o600, status.st_rdev) == 0)
        try host.check("save", "-o", device, "busybox")
        #expect(stat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        try host.checkFails(1, "save", "-o", host.root + "/x.tar", "nothing")
        #expect(access(host.root + "/x.tar", F_OK) != 0)
        #expect(try folderNames(host.root).allSatisfy { !$0.contains("partial") })
    }

    @Test func history() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        let id = try host.check("images", "-q").line
        let table = try host.check("history", "busybox").lines
        #expect(table.count >= 2 && table[0].hasPrefix("IMAGE"))
        #expect(table[1].hasPrefix(id))
        #expect(try host.check("image", "history", "-q", "--no-trunc", id).lines[0].hasPrefix("sha256:" + id))
        let json = try host.check("history", "--format", "json", "busybox").lines
        #expect(json.count == table.count - 1 && json[0].contains("\"CreatedBy\":"))
        #expect(try host.checkFails(1, "history", "nothing").contains("nothing"))
    }

    /// What builds reproducibly has no date, or one far away.
    @Test func anyDateIsShown() throws {
        let script = """
            set -e; mkdir \(host.folder)/made; cd \(host.folder)/made; echo text > file
            umoci init --layout image; umoci new --image image:v1; umoci insert --image image:v1 file /file
            umoci config --image image:v1 --created 0001-01-01T00:00:00Z --history.created 9999-12-31T23:59:59Z
            """
        let made = try Program("/bin/sh", ["-c", script], environment: host.environment).finish()
        try #require(made.code == 0, "\(made.error)")
        try host.check("load", "-q", "-i", host.folder + "/made/image")
        let id = try host.check("images", "-q").line
        #expect(try host.check("images").lines.last?.contains(" years ago") == true)
        #expect(try host.check("history", id).output.contains("Less than a second ago"))
        #expect(try host.check("system", "df", "-v").output.contains(" years ago"))
        #expect(try host.check("images", "-q", "-f", "until=1h").line == id)
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        #expect(try host.check("images", "-q", "-f", "before=busybox").line == id)
        #expect(try host.check("images", "-q", "-f", "since=busybox").output.isEmpty)
        #expect(
            try host.check("images", "--format", "{{.Repository}}", "-f", "since=\(id)").line == "busybox")
        #expect(try host.check("images", "-q", "-f", "before=\(id)").output.isEmpty)
        #expect(try host.checkFails(1, "images", "-f", "since=nothing").contains("no such image: nothing"))
    }

    @Test func prune() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("create", "--name", "c", "busybox")
        // Named, and used: it stays, and whoever is asked and says nothing wants nothing removed.
        #expect(try host.check("image", "prune", "-f").output == "Total reclaimed space: 0B\n")
        #expect(try host.check("image", "prune", "-a").output.contains("[y/N]"))
        #expect(try host.check("image", "prune", "-a", "-f").output == "Total reclaimed space: 0B\n")
        try host.check("rm", "c")
        let output = try host.check("image", "prune", "-a", "-f").output
        #expect(output.contains("untagged: busybox:latest") && output.contains("deleted: sha256:"))
        #expect(!output.contains("space: 0B"))
        #expect(try host.check("images", "-q").output.isEmpty)
        #expect(try folderNames(host.root + "/images/blobs/sha256").isEmpty)
    }

    @Test func filters() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/config.tar"))
        try host.check("tag", "busybox", "team/box:v1")
        func listed(_ words: String...) throws -> [String] {
            try host.run(["images", "--format", "json"] + words).lines.compactMap { line in
                ["test/config", "team/box", "busybox"].first { line.contains("\"Repository\":\"\($0)\"") }
            }.sorted()
        }
        #expect(try listed() == ["busybox", "team/box", "test/config"])
        #expect(try listed("busy*") == ["busybox"])
        #expect(try listed("*/*") == ["team/box", "test/config"])
        #expect(try listed("*:v1").isEmpty && listed("*/*:v1") == ["team/box"])
        #expect(
            try listed("--filter", "reference=team/*", "--filter", "reference=busybox:latest")
                == ["busybox", "team/box"])
        #expect(try listed("-f", "label=org.opencontainers.image.title") == ["test/config"])
        #expect(try listed("-f", "label=org.opencontainers.image.title=other").isEmpty)
        #expect(
            try listed("-f", "label=org.opencontainers.image.title=configuration test", "-f", "label=empty=")
                == ["test/config"])
        #expect(try listed("-f", "dangling=true").isEmpty)
        #expect(try listed("-f", "dangling=false").count == 3)
        #expect(try host.checkFails(1, "images", "-f", "label!=x").contains("label!=x"))

        #expect(
            try host.check("image", "prune", "-a", "-f", "--filter", "label=nosuch").output
                == "Total reclaimed space: 0B\n")
        try host.check("image", "prune", "-a", "-f", "--filter", "label!=org.opencontainers.image.title")
        #expect(try listed() == ["test/config"])
        try host.check("image", "prune", "-a", "-f", "--filter", "label=org.opencontainers.image.title")
        #expect(try listed().isEmpty)
    }

    @Test func verify() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        #expect(try host.check("image", "verify").output.contains("1 images, "))
        #expect(try host.check("image", "verify", "-q").output.isEmpty)
        let folder = host.root + "/images/blobs/sha256"
        let blob = try #require(try folderNames(folder).first)
        try FileDescriptor.open("\(folder)/\(blob)", O_WRONLY | O_APPEND).writeAll("more")
        let error = try host.checkFails(1, "image", "verify")
        #expect(error.contains(blob) && error.contains("image store: 1;"))
        // Which images it is about, and what else is wrong.
        let path = try #require(try folderNames(host.root + "/images/snapshots").first)
        #expect(rename("\(host.root)/images/snapshots/\(path)", host.root + "/aside") == 0)
        let problems = try host.run(["image", "verify"])
        #expect(problems.code == 1 && problems.lines.count == 2, "\(problems.output)")
        #expect(problems.lines.allSatisfy { $0.hasSuffix(" (of busybox:latest)") }, "\(problems.output)")
        #expect(
            try host.checkFails(125, "run", "--rm", "busybox", "true").contains(
                "/snapshots/\(path) is missing"))
        #expect(try host.checkFails(1, "save", "-o", host.folder + "/x.tar", "busybox").contains(blob))
        // As it says: then all is well again.
        try host.check("rmi", "-f", "busybox")
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("image", "verify", "-q")
    }

    /// Containers run from the folders of unpacked layers, not from blobs.
    @Test func verifyDeeply() throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("archive/busybox.tar"))
        #expect(try host.check("image", "verify", "--deep").output.contains(" unpacked: all as it should be"))
        let number = try #require(try folderNames(host.root + "/images/snapshots").first)
        let file = "\(host.root)/images/snapshots/\(number)/etc/passwd"
        try FileDescriptor.open(file, O_WRONLY | O_APPEND).writeAll("guest::0:0::/:/bin/sh\n")
        #expect(try host.check("image", "verify").output.contains("unpacked layers were not read"))
        let error = try host.checkFails(1, "image", "verify", "--deep")
        #expect(
            error.contains(
                "(snapshots/\(number)) is not what its blob holds: etc/passwd: another time; etc/pas"))
        #expect(try folderNames(host.root + "/images/ingest").isEmpty)
        // As it says: then all is well again.
        try host.check("rmi", "-f", "busybox")
        try host.check("load", "-q", "-i", try Fixtures.archive("archive/busybox.tar"))
        try host.check("image", "verify", "--deep", "-q")
    }

    @Test func badArchives() throws {
        let path = host.root + "/bad.tar"
        try host.check("images")
        try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644).writeAll("no archive")
        try host.checkFails(1, "load", "-i", path)
        try host.checkFails(1, "load", "-i", "/nowhere.tar")
        #expect(try host.check("images", "-q").output.isEmpty)
    }
}
