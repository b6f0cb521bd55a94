import Glibc
import LinuxKernel
import Testing

/// Layers that more than one pull wants, by processes and by the daemon.
struct SharedLayerTests {
    let host: Host
    let registry: LocalRegistry
    let proxy: FaultProxy

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        for tag in ["v1", "v2"] {
            try registry.push(layout: try BigImage.layout() + ":" + tag, as: "big:\(tag)")
        }
        proxy = try FaultProxy(to: registry.port)
    }

    private static let total = BigImage.layers * BigImage.layerBytes

    private func name(_ tag: String) -> String { "\(proxy.host)/big:\(tag)" }

    @Test func anImageThatSharesAllButOneLayerCostsThatOne() throws {
        defer { withExtendedLifetime(self) {} }
        try host.check("pull", "-q", name("v1"))
        #expect(proxy.passed > Self.total)
        proxy.change(.init())
        try host.check("pull", "-q", name("v2"))
        let passed = proxy.passed
        #expect(passed > BigImage.layerBytes && passed < BigImage.layerBytes + 100_000, "\(passed)")
        #expect(try host.check("image", "verify").error.isEmpty)
        // Once more it costs nothing but the question.
        proxy.change(.init())
        try host.check("pull", "-q", name("v2"))
        #expect(proxy.requests == ["HEAD /v2/big/manifests/v2"])
        proxy.close()
    }

    /// Registries count manifests that are fetched (Docker's hub), and a kubelet asks often.
    @Test func whatIsThereIsNotFetchedAgain() throws {
        defer { withExtendedLifetime(self) {} }
        try registry.push(
            layout: try Fixtures.archive("oci/multiarch") + ":test/multiarch:latest", as: "multi:v1")
        let name = "\(proxy.host)/multi:v1"
        func asked(_ words: String...) throws -> [String] {
            proxy.change(.init())
            #expect(try host.run(["pull", "-q"] + words).code == 0)
            return proxy.requests
        }
        // At first nothing is asked for that has to be fetched anyway.
        let first = try asked(name)
        #expect(first.first == "GET /v2/multi/manifests/v1" && first.allSatisfy { $0.hasPrefix("GET ") })
        #expect(try asked(name) == ["HEAD /v2/multi/manifests/v1"])
        let digest = try #require(try host.check("pull", name).lines[0].split(separator: " ").last)
        let byDigest = "\(proxy.host)/multi@\(digest)"
        #expect(try asked(byDigest) == ["HEAD /v2/multi/manifests/\(digest)"])
        // Another platform of the same index.
        let other = try asked("--platform", "linux/arm64", name)
        #expect(other.first == "HEAD /v2/multi/manifests/v1")
        #expect(other.count { $0.contains("/manifests/") } == 2)
        // Another image by the same name, which is fetched by what it was just said to be.
        try registry.push(layout: try BigImage.layout() + ":v1", as: "multi:v1")
        let moved = try asked(name)
        #expect(moved.first == "HEAD /v2/multi/manifests/v1")
        #expect(moved.dropFirst().first?.hasPrefix("GET /v2/multi/manifests/sha256:") == true)
        #expect(moved.count { $0.contains("/manifests/") } == 2)
        #expect(try host.check("image", "verify").error.isEmpty)
        proxy.close()
    }

    /// A name that is there may mean another repository's image all of a sudden: by a registry that has nothing of it
    /// but its digest. It has to show it first.
    @Test func whatCameFromElsewhereIsFetched() throws {
        defer { withExtendedLifetime(self) {} }
        try host.check("pull", "-q", name("v1"))
        try host.check("pull", "-q", name("v2"))
        for tag in ["v1", "v2"] {
            try registry.push(layout: try BigImage.layout() + ":" + tag, as: "other:\(tag)")
        }
        try host.check("pull", "-q", "\(proxy.host)/other:v1")
        try registry.push(layout: try BigImage.layout() + ":v2", as: "other:v1")
        proxy.change(.init())
        try host.check("pull", "-q", "\(proxy.host)/other:v1")
        let asked = proxy.requests
        #expect(asked.count == 3 && asked[0] == "HEAD /v2/other/manifests/v1", "\(asked)")
        #expect(asked.dropFirst().first?.hasPrefix("GET /v2/other/manifests/sha256:") == true)
        #expect(asked.last?.hasPrefix("GET /v2/other/blobs/sha256:") == true)
        proxy.close()
    }

    @Test func twoImagesAtOnceFetchWhatTheyShareOnce() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 12_000_000))
        let pulls = try ["v1", "v2"].map { try host.start(["pull", "-q", name($0)]) }
        for pull in pulls {
            let result = try pull.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        let wanted = Self.total + BigImage.layerBytes
        #expect(proxy.passed < wanted + BigImage.layerBytes / 2, "\(proxy.passed) of \(wanted)")
        #expect(try host.check("image", "verify").error.isEmpty)
        #expect(try host.check("images").lines.count == 3)
        proxy.close()
    }

    // MARK: Beside the daemon

    /// The node's daemon, with the same store.
    private func startDaemon() throws -> Program {
        let configuration = host.folder + "/cri.toml"
        try FileDescriptor.open(configuration, O_WRONLY | O_CREAT, mode: 0o600).writeAll("")
        let daemon = try host.start([
            "cri", "--config", configuration, "--root", host.root, "--state", host.folder + "/run",
            "--listen",
            socket, "--cni-conf-dir", host.folder + "/net.d",
        ])
        let deadline = monotonicMilliseconds() + 30_000
        while access(socket, F_OK) != 0 {
            try #require(monotonicMilliseconds() < deadline, "the daemon does not listen")
            usleep(20_000)
        }
        return daemon
    }

    private var socket: String { host.folder + "/cri.sock" }

    /// Pulls as a kubelet does.
    private func pullByDaemon(_ name: String) throws -> Program {
        let tree = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let client = tree + "/.fixtures/cri-client"
        try #require(
            access(client + "/made-from", R_OK) == 0, "the CRI client is missing: run scripts/cri-client")
        let script = """
            import grpc, api_pb2 as cri, api_pb2_grpc as services
            channel = grpc.insecure_channel("unix:\(socket)", options=[("grpc.default_authority", "localhost")])
            request = cri.PullImageRequest(image=cri.ImageSpec(image="\(name)"))
            print(services.ImageServiceStub(channel).PullImage(request, timeout=120, wait_for_ready=True).image_ref)
            """
        return try Program(
            client + "/venv/bin/python", ["-c", script],
            environment: ["PATH=/usr/bin:/bin", "PYTHONPATH=\(client)", "PYTHONDONTWRITEBYTECODE=1"])
    }

    /// Ends the daemon, after which nothing of the pulls is left but the images.
    private func expectWhole(_ daemon: Program, images: Int) throws {
        kill(daemon.pid, SIGTERM)
        let end = try daemon.finish()
        #expect(end.code == 0, "\(end.error.suffix(2000))")
        #expect(try host.check("image", "verify").error.isEmpty)
        #expect(try host.check("images").lines.count == images + 1)
        #expect(try folderNames(host.root + "/images/partial").isEmpty)
    }

    @Test func theDaemonAndTheCommandLineFetchALayerOnce() throws {
        defer { withExtendedLifetime(self) {} }
        let daemon = try startDaemon()
        proxy.change(.init(speed: 8_000_000))
        let own = try host.start(["pull", "-q", name("v1")])
        let other = try pullByDaemon(name("v2"))
        for pull in [own, other] {
            let result = try pull.finish(seconds: 120)
            #expect(result.code == 0, "\(result.error)")
        }
        let wanted = Self.total + BigImage.layerBytes
        #expect(proxy.passed < wanted + BigImage.layerBytes / 2, "\(proxy.passed) of \(wanted)")
        try expectWhole(daemon, images: 2)
        proxy.close()
    }

    @Test func aCommandLineThatIsStoppedDoesNotHoldUpTheDaemon() throws {
        defer { withExtendedLifetime(self) {} }
        let daemon = try startDaemon()
        proxy.change(.init(speed: 6_000_000))
        let stopped = try host.start(["pull", "-q", name("v1")])
        while proxy.passed < Self.total / 4 { usleep(10_000) }
        kill(stopped.pid, SIGSTOP)
        proxy.change(.init())
        let begin = monotonicMilliseconds()
        let other = try pullByDaemon(name("v1")).finish(seconds: 120)
        #expect(other.code == 0, "\(other.error)")
        #expect(monotonicMilliseconds() - begin < 60_000)
        // The daemon goes on with other things, too, and what it has is whole.
        #expect(try pullByDaemon(name("v2")).finish(seconds: 120).code == 0)
        #expect(try host.check("image", "verify").error.isEmpty)
        kill(stopped.pid, SIGCONT)
        let late = try stopped.finish()
        #expect(late.code == 0, "\(late.error)")
        try expectWhole(daemon, images: 2)
        proxy.close()
    }

    /// The bound of a pull by the command line, for the daemon with all that it is besides.
    @Test func theDaemonHoldsNothingOfALayer() throws {
        defer { withExtendedLifetime(self) {} }
        try LargeImage.push(byZstdTo: registry, as: "large:v1")
        let daemon = try startDaemon()
        let pull = try pullByDaemon("\(registry.host)/large:v1").finish(seconds: 120)
        #expect(pull.code == 0, "\(pull.error)")
        let status = try FileDescriptor.readFile("/proc/\(daemon.pid)/status")
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("VmHWM:")
        }
        let peak = try #require(
            line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
        #expect(peak < LargeImage.memoryBound)
        kill(daemon.pid, SIGTERM)
        #expect(try daemon.finish().code == 0)
        proxy.close()
    }
}
