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
        for list in [name, "team/short"] { #expect(try other.check("images", list).lines.count == 2) }
        #expect(try other.check("images", "team/short:v2").lines.count == 1)
        #expect(try other.check("rmi", name).output.contains("Untagged: \(registry.host)/\(name)"))
        let again = try other.start(
            ["run", "--rm", "--network", "none", name, "echo", "again"], environment: environment
        ).finish()
        #expect(again.code == 0 && again.output == "again\n", "\(again.error)")
        #expect(
            try other.start(["image", "tags", "team/short"], environment: environment).finish().output
                == "v1\n")
    }

    /// Also where nothing is shown on the way.
    @Test func aSearchThatFindsNothingSaysWhereItLooked() throws {
        defer { withExtendedLifetime(self) {} }
        let file = host.folder + "/registries.conf"
        try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o600)
            .writeAll("unqualified-search-registries = [\"127.0.0.1:1\", \"\(registry.host)\"]\n")
        let environment = ["CONTAINERS_REGISTRIES_CONF=\(file)"]
        // Who sees progress hears of each that was passed over, too.
        for (words, count) in [
            (["pull", "-q", "team/nosuch:v1"], 1), (["pull", "team/nosuch:v1"], 2),
            (["image", "tags", "team/nosuch"], 1),
        ] {
            let result = try host.start(words, environment: environment).finish()
            let lines = result.error.split(separator: "\n")
            #expect(result.code == 1 && lines.count == count, "\(words): \(result.error)")
            for reason in ["127.0.0.1:1: connection refused", "\(registry.host): 404 Not Found"] {
                #expect(lines.last?.contains(reason) == true, "\(words): \(result.error)")
            }
        }
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
        // Also beside a name that it has elsewhere, of which it takes nothing away.
        try other.check("tag", name, "elsewhere")
        #expect(try other.check("images").lines.count == 3)
        #expect(try other.check("images", "\(registry.host)/layers").lines.count == 2)
        #expect(try other.check("images", name).lines.count == 2)
        #expect(
            try other.check("images", "\(registry.host)/layers@sha256:" + String(repeating: "0", count: 64))
                .lines.count
                == 1)
        try other.check("tag", name, "\(registry.host)/layers:v2")
        #expect(try other.check("images", "\(registry.host)/layers").lines.last?.contains(" v2 ") == true)
        #expect(try other.check("images").lines.count == 3)
        try other.check("rmi", "elsewhere", "\(registry.host)/layers:v2")
        try other.check("create", "--network", "none", "--name", "c", name)
        try other.check("rm", "c")
        #expect(try other.check("rmi", name).output.contains("Deleted: "))
        // Both: the digest counts.
        #expect(
            try other.check("pull", "-q", "\(registry.host)/layers:nosuch@\(digest)").line.hasSuffix(
                "\(digest)"))
        // It can be pushed as what it is, and as nothing else.
        #expect(
            try other.check("push", name, "\(registry.host)/copy@\(digest)").line.hasPrefix(
                "\(digest): digest: \(digest)"))
        let wrong = "\(registry.host)/layers@sha256:" + String(repeating: "0", count: 64)
        #expect(try other.checkFails(1, "push", "-q", name, wrong).contains("is not what would be pushed"))
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
        // As with docker, the one for another platform is fetched for whoever wants that.
        let id = try host.check("images", "-q").line
        let made = try host.check(
            "create", "--network", "none", "--platform", "linux/arm64", "--name", "c", name)
        #expect(made.error.hasPrefix("Unable to find image '\(name)' for linux/arm64 locally\n"))
        #expect(try host.check("inspect", "c").output.contains("linux/arm64"))
        try host.check("rm", "c")
        #expect(
            try host.checkFails(125, "create", "--network", "none", "--platform", "linux/arm64", id).contains(
                "is for linux/amd64, not for linux/arm64"))
        #expect(
            try host.checkFails(
                125, "create", "--network", "none", "--pull", "never", "--platform", "linux/s390x", name
            ).contains("is for linux/arm64/v8, not for linux/s390x"))
        try host.check("pull", "-q", name)
        // Only one platform is here: it goes out alone, and that is said.
        let pushed = try host.check("push", name)
        #expect(
            pushed.error.contains("of the platforms of \(name) only linux/amd64 is here and was pushed\n"))
        let foreign = try arm.check("push", name)
        #expect(
            foreign.error.contains("of the platforms of \(name) only linux/arm64/v8 is here and was pushed\n")
        )
        try host.check("push", "-q", name)
        try host.check("pull", "-q", name)
    }

    /// The only one there is comes; that it will hardly run is said, as for an archive.
    @Test func anImageForAnotherMachine() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/foreign:v1"
        try LocalRegistry.run(
            "/usr/bin/skopeo", "--override-arch", "arm64", "--override-variant", "v8", "copy", "-q",
            "--dest-tls-verify=false", "oci:\(try Fixtures.archive("oci/multiarch")):test/multiarch:latest",
            "docker://\(name)")
        let pulled = try host.check("pull", name)
        #expect(pulled.error.contains("\(name) is for linux/arm64/v8, this is linux/"))
        #expect(try host.check("pull", "-q", name).error == "")
        try host.check("save", "-o", host.folder + "/foreign.tar", name)
        let other = try Host(ownNetwork: false)
        let loaded = try other.check("load", "-i", host.folder + "/foreign.tar")
        #expect(loaded.error.contains(" is for linux/arm64/v8, this is linux/"))
        #expect(try other.check("load", "-q", "-i", host.folder + "/foreign.tar").error == "")
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
        let quiet = try other.check(
            "run", "-q", "--rm", "--network", "none", "--pull", "always", name, "echo", "x")
        #expect(quiet.output == "x\n" && quiet.error.isEmpty, "\(quiet)")
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
        try registry.push(layout: try LargeImage.layout() + ":v1", as: "large:v1")
        #expect(
            try LargeImage.memory(ofPulling: "\(registry.host)/large:v1", by: host) < LargeImage.memoryBound)
        #expect(try host.check("image", "verify").error.isEmpty)
    }

    /// Each layer has a window of up to eight megabytes at the levels that are in use.
    @Test func aLayerOfHalfAGigabyteByZstd() throws {
        defer { withExtendedLifetime(self) {} }
        try LargeImage.push(byZstdTo: registry, as: "large:v1")
        let raw = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/large:v1")
        #expect(raw.contains("tar+zstd") && !raw.contains("tar+gzip"))
        #expect(
            try LargeImage.memory(ofPulling: "\(registry.host)/large:v1", by: host) < LargeImage.memoryBound)
        #expect(try host.check("image", "verify").error.isEmpty)
    }

    /// What a layer may repeat of itself is kept in a file where it is much.
    @Test func layersWithWindowsOf128Megabytes() throws {
        defer { withExtendedLifetime(self) {} }
        try LargeImage.push(withWideWindowsTo: registry, as: "large:v1")
        #expect(
            try LargeImage.memory(ofPulling: "\(registry.host)/large:v1", by: host) < LargeImage.memoryBound)
        #expect(try host.check("image", "verify").error.isEmpty)
    }

    /// Each layer takes descriptors, and an image may have 499: what is usually allowed is not what may be had.
    @Test func moreLayersThanOpenFilesAreAllowed() throws {
        defer { withExtendedLifetime(self) {} }
        let folder = host.folder + "/many"
        let script = """
            import hashlib, io, json, os, tarfile
            os.makedirs("\(folder)/blobs/sha256")
            def put(kind, data):
                name = hashlib.sha256(data).hexdigest()
                with open("\(folder)/blobs/sha256/" + name, "wb") as file: file.write(data)
                return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + name, "size": len(data)}
            def layer(number):
                archive = io.BytesIO()
                with tarfile.open(fileobj=archive, mode="w") as tar: tar.addfile(tarfile.TarInfo(f"file{number}"))
                return put("layer.v1.tar", archive.getvalue())
            layers = [layer(number) for number in range(50)]
            config = {"architecture": "amd64", "os": "linux",
                      "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}}
            manifest = put("manifest.v1+json", json.dumps({"schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": put("config.v1+json", json.dumps(config).encode()), "layers": layers}).encode())
            manifest["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
            with open("\(folder)/index.json", "w") as file: json.dump({"schemaVersion": 2, "manifests": [manifest]}, file)
            with open("\(folder)/oci-layout", "w") as file: file.write('{"imageLayoutVersion": "1.0.0"}')
            """
        try LocalRegistry.run("/usr/bin/python3", "-c", script)
        try registry.push(layout: folder + ":v1", as: "many:v1")
        let other = try Host(ownNetwork: false)
        for (host, words) in [
            (host, ["load", "-i", folder]), (other, ["pull", "\(registry.host)/many:v1"]),
        ] {
            let program = try Program(
                "/usr/bin/prlimit",
                ["--nofile=50:4096", try Host.builtProgram("swiftlet"), words[0], "-q"] + words.dropFirst(),
                environment: host.environment)
            let result = try program.finish()
            #expect(result.code == 0, "\(words): \(result.error)")
            #expect(try host.check("image", "verify").error.isEmpty)
        }
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
        let pushed = try other.check("push", "--progress", "json", name, "\(registry.host)/json:v2").lines
        #expect(pushed.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "\(pushed)")
        #expect(pushed.last?.hasPrefix("{\"status\":\"done\",\"name\":\"\(registry.host)/json:v2\"") == true)
        let quiet = try other.check("pull", "--progress", "none", name)
        #expect(quiet.error.isEmpty && quiet.lines.count == 3)
    }

    /// However small the pieces are in which a layer comes.
    @Test func progressAsJSONIsNotAFlood() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        let begin = monotonicMilliseconds()
        let lines = try host.check("pull", "--progress", "json", "\(registry.host)/big:v1").lines
        let tenths = (monotonicMilliseconds() - begin) / 100 + 1
        // For each layer one in a tenth of a second, and one for each of its three steps.
        #expect(lines.count <= BigImage.layers * (tenths + 3) + 1, "\(lines.count) lines in \(tenths) tenths")
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

    /// As an editor's shell is one.
    @Test func nothingIsDrawnOnADumbTerminal() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/dumb:v1"
        try loadAndPush(name)
        let other = try Host(ownNetwork: false)
        let program = try other.start(
            ["pull", name], environment: ["TERM=dumb"], terminal: TerminalSize(rows: 24, columns: 100))
        let result = try program.finish()
        #expect(result.code == 0 && result.output.contains(": Pull complete"), "\(result.output)")
        #expect(!result.output.contains("\u{1b}"), "\(result.output)")
    }

    /// Also on the narrowest that is usual.
    @Test func speedAndTimeLeftAreShown() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        let proxy = try FaultProxy(to: registry.port, .init(speed: 1_500_000))
        defer { proxy.close() }
        let program = try host.start(
            ["pull", "\(proxy.host)/big:v1"], terminal: TerminalSize(rows: 24, columns: 80))
        let result = try program.finish()
        #expect(result.code == 0, "\(result.output)")
        let drawn = result.output.split(whereSeparator: \.isNewline)
            .map { $0.split(separator: "\u{1b}[2K").last ?? "" }
        let measured = drawn.filter { $0.contains(": Downloading [") && $0.contains("MB/s") }
        #expect(measured.count > 10, "\(result.output)")
        for line in measured {
            let last = line.split(separator: " ").last ?? ""
            #expect(line.count < 80 && last.hasSuffix("s") && Int(last.dropLast()) != nil, "\(line)")
        }
        // Of six megabytes, at one and a half a second.
        #expect(measured.contains { $0.hasSuffix("MB/s 2s") })
    }

    @Test func onlyWhoIsLoggedInMayPull() throws {
        defer { withExtendedLifetime(self) {} }
        let closed = try LocalRegistry(user: ("maria", "secret"))
        defer { withExtendedLifetime(closed) {} }
        let name = "\(closed.host)/box:v1"
        let authentication = host.root + "/../auth.json"
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        try host.check("tag", "busybox", name)
        #expect(try host.checkFails(1, "push", "-q", name).contains("401"))
        for words in [["push", "-q"], ["pull", "-q"], ["image", "tags"], ["logout"]] {
            let result = try host.run(words + ["--authfile", authentication, name])
            #expect(result.code == 1, "\(words)")
            #expect(
                result.error == "swiftlet: --authfile: open \(authentication): no such file or directory\n",
                "\(words)")
        }
        let wrong = try host.run(
            ["login", "--authfile", authentication, "-u", "maria", "--password-stdin", closed.host],
            input: "wrong\n")
        #expect(wrong.code == 1 && wrong.error.contains("401"))
        let login = try host.run(
            ["login", "--authfile", authentication, "-u", "maria", "--password-stdin", closed.host],
            input: "secret\n")
        #expect(login.code == 0 && login.output == "Login Succeeded\n", "\(login.error)")
        let address = try host.run(
            [
                "login", "--authfile", authentication, "-u", "maria", "--password-stdin",
                "https://\(closed.host)/v1/",
            ],
            input: "secret\n")
        #expect(address.code == 0, "\(address.error)")
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
        for words in [
            ["pull", "-q", "x/y"], ["push", "-q", "x/y"], ["login", "-u", "me", "-p", "s", "x.example"],
        ] {
            let missing = try host.run(words + ["--hosts-dir", host.folder + "/nosuch"])
            #expect(
                missing.code == 1 && missing.error.contains("--hosts-dir: open "),
                "\(words): \(missing.error)")
        }
        #expect(
            try host.checkFails(1, "pull", "-q", "--hosts-dir", "/dev/null", "x/y").contains(
                "is not a folder"))
        // What a command has no use for it does not take.
        for words in [
            ["login", "--creds", "a:b"], ["login", "--signature-policy", "f"],
            ["logout", "--hosts-dir", "d"],
            ["logout", "--signature-policy", "f"], ["logout", "--timeout", "1"],
            ["push", "--signature-policy", "f", "x"], ["image", "tags", "--signature-policy", "f", "x"],
        ] {
            let option: String = try #require(words.first { $0.hasPrefix("--") })
            let result = try host.run(words)
            #expect(result.code == 125 && result.error.contains(option), "\(words): \(result.error)")
        }
    }
}
