import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Pulling and pushing, with Debian's docker-registry.
struct PullTests {
    let host: Host
    let registry: LocalRegistry

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
    }

    private func loadAndPush(_ name: String) throws {
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("tag", "busybox", name)
        try host.check("push", "-q", name)
    }

    @Test func whatIsPushedComesBackByteByByte() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/team/busybox:v1"
        try loadAndPush(name)
        let other = try Host(ownNetwork: false)
        let pulled = try other.check("pull", name)
        #expect(pulled.lines.count == 3)
        #expect(pulled.lines[0].hasPrefix("Digest: sha256:"))
        #expect(pulled.lines[1] == "Status: Downloaded newer image for \(name)")
        #expect(pulled.lines[2] == name)
        #expect(
            try other.check("run", "--rm", "--network", "none", name, "echo", "it runs").line == "it runs")
        #expect(
            try other.check("images", "-q", "--no-trunc").line
                == host.check("images", "-q", "--no-trunc").lines[0])
        #expect(try other.check("pull", name).lines[1] == "Status: Image is up to date for \(name)")
        #expect(try other.check("pull", "-q", name).line == name)
        // The same bytes, whoever asks.
        let raw = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(name)")
        try other.check("tag", name, "\(registry.host)/again:v2")
        let pushed = try other.check("push", "\(registry.host)/again:v2")
        #expect(pulled.lines[0].hasSuffix(pushed.line.split(separator: " ")[2]))
        #expect(
            try LocalRegistry.run(
                "/usr/bin/skopeo", "inspect", "--raw", "--tls-verify=false",
                "docker://\(registry.host)/again:v2")
                == raw)
    }

    /// Where a search has found it, it is what its short name goes on to mean.
    @Test func aShortNameIsUsedAsItWasPulled() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "team/short:v1"
        try loadAndPush("\(registry.host)/\(name)")
        let other = try Host(ownNetwork: false)
        let file = other.folder + "/registries.conf"
        try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o600)
            .writeAll("unqualified-search-registries = [\"\(registry.host)\"]\n")
        let environment = ["CONTAINERS_REGISTRIES_CONF=\(file)"]
        #expect(try other.start(["pull", "-q", name], environment: environment).finish().code == 0)
        // Nobody has to know of the search any more.
        #expect(
            try other.check("run", "--rm", "--network", "none", name, "echo", "found").line == "found")
        try other.check("image", "history", name)
        #expect(try other.check("rmi", name).output.contains("Untagged: \(registry.host)/\(name)"))
        let again = try other.start(
            ["run", "--rm", "--network", "none", name, "echo", "again"], environment: environment
        ).finish()
        #expect(again.code == 0 && again.output == "again\n", "\(again.error)")
        #expect(
            try other.start(["image", "tags", "team/short"], environment: environment).finish().output
                == "v1\n")
    }

    @Test func anImageByItsDigest() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(layout: try Fixtures.archive("oci/layers") + ":test/layers:latest", as: "layers:v1")
        let tagged = "\(registry.host)/layers:v1"
        let digest = try #require(try host.check("pull", tagged).lines.first?.split(separator: " ").last)
        let other = try Host(ownNetwork: false)
        let name = "\(registry.host)/layers@\(digest)"
        #expect(try other.check("pull", name).lines[1].hasSuffix(name))
        #expect(try other.check("images").lines[1].hasPrefix("\(registry.host)/layers   <none>"))
        try other.check("create", "--network", "none", "--name", "c", name)
        try other.check("rm", "c")
        #expect(try other.check("rmi", name).output.contains("Deleted: "))
        // Both: the digest counts.
        #expect(
            try other.check("pull", "-q", "\(registry.host)/layers:nosuch@\(digest)").line.hasSuffix(
                "\(digest)"))
        let wrong = "\(registry.host)/layers@sha256:" + String(repeating: "0", count: 64)
        #expect(try other.checkFails(1, "pull", "-q", wrong).contains("404 Not Found"))
    }

    @Test func theRightPlatformOfSeveral() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(
            layout: try Fixtures.archive("oci/multiarch") + ":test/multiarch:latest", as: "multi:v1")
        let name = "\(registry.host)/multi:v1"
        try host.check("pull", "-q", name)
        #expect(try host.check("images", "--format", "json").output.contains("\"Platform\":\"linux/amd64\""))
        let arm = try Host(ownNetwork: false)
        try arm.check("pull", "-q", "--platform", "linux/arm64", name)
        #expect(try arm.check("images", "--format", "json").output.contains("\"Platform\":\"linux/arm64"))
        #expect(
            try arm.checkFails(1, "pull", "-q", "--platform", "linux/s390x", name).contains(
                "no image for linux/s390x"))
        // Only one platform is here: it goes out alone, and that is said.
        let pushed = try host.check("push", name)
        #expect(pushed.error.contains("only this machine's platform"))
        try host.check("pull", "-q", name)
    }

    @Test func aMissingImageIsFetchedWhenItIsRun() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/auto"
        try loadAndPush(name)
        let other = try Host(ownNetwork: false)
        #expect(
            try other.checkFails(125, "run", "--rm", "--network", "none", "--pull", "never", name, "true")
                .contains(
                    "swiftlet pull"))
        let run = try other.check("run", "--rm", "--network", "none", name, "echo", "here")
        // What the container prints stands alone.
        #expect(run.output == "here\n")
        #expect(run.error.hasPrefix("Unable to find image '\(name)' locally\n"))
        #expect(
            try other.check("run", "--rm", "--network", "none", "--pull", "always", name, "echo", "x").error
                .contains("up to date")
        )
        let missing = try other.run(["create", "--network", "none", "\(registry.host)/nosuch"])
        #expect(missing.code == 125 && missing.error.contains("404 Not Found"))
        #expect(try other.check("ps", "-aq").output.isEmpty)
    }

    @Test func tagsAndAllOfThem() throws {
        defer { withExtendedLifetime(self) {} }
        try loadAndPush("\(registry.host)/box:one")
        try host.check("tag", "busybox", "\(registry.host)/box:two")
        try host.check("push", "-q", "\(registry.host)/box:two")
        #expect(try host.check("image", "tags", "\(registry.host)/box").lines.sorted() == ["one", "two"])
        let other = try Host(ownNetwork: false)
        try other.check("pull", "-q", "--all-tags", "\(registry.host)/box")
        #expect(try other.check("images", "\(registry.host)/box").lines.count == 3)
        #expect(try other.checkFails(1, "image", "tags", "\(registry.host)/none").contains("404 Not Found"))
    }

    @Test func aBlobThatAnotherRepositoryHasIsNotSentAgain() throws {
        defer { withExtendedLifetime(self) {} }
        try loadAndPush("\(registry.host)/first:v1")
        try host.check("tag", "busybox", "\(registry.host)/second:v1")
        let pushed = try host.check("push", "\(registry.host)/second:v1")
        #expect(pushed.error.contains("Mounted from another repository") && !pushed.error.contains("Pushed"))
    }

    /// umoci leaves out what fills the last block of a layer's archive.
    @Test func anArchiveThatEndsWithItsLastFile() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        try host.check("pull", "-q", "\(registry.host)/big:v1")
        try host.check("create", "--network", "none", "--name", "c", "\(registry.host)/big:v1", "/nothing")
        try host.check("cp", "c:/data/2/file", host.root + "/file")
        let file = try FileDescriptor.open(host.root + "/file", O_RDONLY)
        #expect(try file.status().st_size == BigImage.layerBytes)
    }

    /// Nothing of a layer is held in memory, however large it is and however small it came.
    @Test func aLayerOfHalfAGigabyte() throws {
        defer { withExtendedLifetime(self) {} }
        let folder = host.folder + "/large"
        let script = """
            set -e; mkdir \(folder); cd \(folder)
            umoci init --layout image && umoci new --image image:v1 && umoci new --image image:small
            echo small > small && umoci insert --image image:small small /small
            python3 -c 'import os, sys
            for _ in range(8000): sys.stdout.buffer.write(os.urandom(1024) + bytes(64512))' > sparse
            openssl enc -aes-128-ctr -K 01 -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                | head -c 60000000 > random || true
            for file in sparse random; do umoci insert --image image:v1 $file /$file; done
            rm sparse random
            """
        try LocalRegistry.run("/bin/bash", "-c", script)
        try registry.push(layout: folder + "/image:v1", as: "large:v1")
        try registry.push(layout: folder + "/image:small", as: "small:v1")
        // How much of the program's file counts as its memory depends on how the file came into the page cache: what a
        // pull takes that has nothing to do is subtracted.
        let small = try host.check("pull", "-q", "\(registry.host)/small:v1")
        let pull = try host.check("pull", "-q", "\(registry.host)/large:v1")
        #expect(pull.peak - small.peak < 48 << 10, "\(pull.peak) KiB, a small one \(small.peak)")
        #expect(try host.check("image", "verify").error.isEmpty)
    }

    @Test func progressAsLinesOfJSON() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/json:v1"
        try loadAndPush(name)
        let other = try Host(ownNetwork: false)
        let lines = try other.check("pull", "--progress", "json", name).lines
        #expect(lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        #expect(lines.contains { $0.contains("\"status\":\"Pull complete\"") })
        #expect(lines.last?.contains("\"status\":\"done\"") == true)
        let quiet = try other.check("pull", "--progress", "none", name)
        #expect(quiet.error.isEmpty && quiet.lines.count == 3)
    }

    @Test func progressOnATerminal() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/terminal:v1"
        try loadAndPush(name)
        let other = try Host(ownNetwork: false)
        let program = try other.start(["pull", name], terminal: TerminalSize(rows: 24, columns: 100))
        try program.expect(": Pull complete")
        try program.expect("Status: Downloaded newer image for \(name)")
        #expect(try program.finish().code == 0)
    }

    @Test func onlyWhoIsLoggedInMayPull() throws {
        defer { withExtendedLifetime(self) {} }
        let closed = try LocalRegistry(user: ("maria", "secret"))
        defer { withExtendedLifetime(closed) {} }
        let name = "\(closed.host)/box:v1"
        let authentication = host.root + "/../auth.json"
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("tag", "busybox", name)
        #expect(try host.checkFails(1, "push", "-q", "--authfile", authentication, name).contains("401"))
        let wrong = try host.run(
            ["login", "--authfile", authentication, "-u", "maria", "--password-stdin", closed.host],
            input: "wrong\n")
        #expect(wrong.code == 1 && wrong.error.contains("401"))
        let login = try host.run(
            ["login", "--authfile", authentication, "-u", "maria", "--password-stdin", closed.host],
            input: "secret\n")
        #expect(login.code == 0 && login.output == "Login Succeeded\n", "\(login.error)")
        try host.check("push", "-q", "--authfile", authentication, name)
        let other = try Host(ownNetwork: false)
        try other.check("pull", "-q", "--creds", "maria:secret", name)
        #expect(try other.checkFails(1, "pull", "-q", "--creds", "maria:no", name).contains("401"))
        #expect(
            try host.check("logout", "--authfile", authentication, closed.host).line
                == "Removed login credentials for \(closed.host)")
        #expect(
            try host.check("logout", "--authfile", authentication, closed.host).line
                == "Not logged in to \(closed.host)")
        #expect(try host.checkFails(1, "pull", "-q", "--authfile", authentication, name).contains("401"))
    }

    @Test func wordsThatMakeNoSense() throws {
        defer { withExtendedLifetime(self) {} }
        #expect(try host.checkFails(1, "pull", "Not A Name").contains("not an image name"))
        #expect(try host.checkFails(125, "pull", "--progress", "fast", "x").contains("--progress"))
        #expect(try host.checkFails(1, "pull", "-q", "127.0.0.1:1/x").contains("127.0.0.1:1"))
        #expect(try host.checkFails(1, "push", "-q", "nosuch").contains("no such image"))
        #expect(try host.checkFails(1, "pull", "--creds", "nocolon", "x/y").contains("USER:PASSWORD"))
        #expect(try host.checkFails(1, "pull", "-a", "x/y:tag").contains("without tag"))
    }
}
