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
        #expect(proxy.passed < 20_000, "\(proxy.passed)")
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
}
