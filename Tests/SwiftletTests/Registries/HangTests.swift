import CLinux
import Glibc
import LinuxKernel
import Testing

/// Registries that stop at each stage, as users meet them: one line in bounded time, and a store that is whole.
struct HangTests {
    let host: Host
    let registry: LocalRegistry
    let proxy: FaultProxy

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        try registry.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        proxy = try FaultProxy(to: registry.port)
    }

    /// Seconds of silence that the commands put up with.
    private static let patience = 2
    /// A request that hangs is made twice, after a wait; then what is left is given back.
    private static let bound = 30

    /// Runs a command that has to fail because of a silent registry.
    private func expectTimeout(
        _ words: [String], stage: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let begin = monotonicMilliseconds()
        let all = [words[0], "-q", "--timeout", "\(Self.patience)"] + words.dropFirst()
        let result = try host.start(all).finish(seconds: Self.bound * 2)
        let seconds = (monotonicMilliseconds() - begin) / 1000
        #expect(result.code == 1, "\(stage): \(result.error)", sourceLocation: sourceLocation)
        #expect(result.error.contains("in time"), "\(stage): \(result.error)", sourceLocation: sourceLocation)
        #expect(
            result.error.split(separator: "\n").count == 1, "\(stage): \(result.error)",
            sourceLocation: sourceLocation)
        #expect(seconds <= Self.bound, "\(stage) took \(seconds) s", sourceLocation: sourceLocation)
    }

    /// Nothing of the image is there, what is there is whole, and with a registry that answers it comes.
    private func expectWholeAndWorking() throws {
        #expect(try host.check("image", "verify").error.isEmpty)
        #expect(try host.check("images", "-q").output.isEmpty)
        proxy.change(.init())
        try host.check("pull", "-q", "\(proxy.host)/big:v1")
        #expect(try host.check("image", "verify").error.isEmpty)
        proxy.close()
    }

    private func digests() throws -> (config: String, layers: [String]) {
        let manifest = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/big:v1")
        let found = manifest.components(of: "sha256:").dropFirst().map { String($0.prefix(64)) }
        try #require(found.count == BigImage.layers + 1, "\(manifest)")
        return (found[0], Array(found.dropFirst()))
    }

    @Test func connecting() throws {
        defer { withExtendedLifetime(self) {} }
        // Of a queue that is full the kernel takes no more.
        let (listener, port) = try Loopback.listen(backlog: 0)
        let fillers = (0..<4).map { _ in Loopback.beginToConnect(port) }
        try expectTimeout(["pull", "127.0.0.1:\(port)/big:v1"], stage: "connect")
        for descriptor in fillers + [listener] { close(descriptor) }
        try expectWholeAndWorking()
    }

    @Test func shakingHands() throws {
        defer { withExtendedLifetime(self) {} }
        let (listener, port) = try Loopback.listen()
        defer { close(listener) }
        let folder = host.folder + "/hosts"
        try LocalRegistry.run("/bin/mkdir", "-p", folder + "/quiet.example")
        let file = try FileDescriptor.open(
            folder + "/quiet.example/hosts.toml", O_WRONLY | O_CREAT, mode: 0o644)
        try file.writeAll("server = \"https://127.0.0.1:\(port)\"\n")
        try expectTimeout(["pull", "--hosts-dir", folder, "quiet.example/big:v1"], stage: "TLS")
        try expectWholeAndWorking()
    }

    @Test func waitingForAToken() throws {
        defer { withExtendedLifetime(self) {} }
        let (silent, tokens) = try Loopback.listen()
        defer { close(silent) }
        let asking = try tokenAsker(realm: "http://127.0.0.1:\(tokens)/token")
        defer { asking.close() }
        try expectTimeout(["pull", "127.0.0.1:\(asking.port)/big:v1"], stage: "token")
        try expectWholeAndWorking()
    }

    /// Answers every request by sending the client to a token service (distribution-spec, token authentication).
    private func tokenAsker(realm: String) throws -> LoopbackServer {
        let head = """
            HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="\(realm)",service="test"\r\n\
            Content-Length: 0\r\nConnection: close\r\n\r\n
            """
        let server = try LoopbackServer()
        try server.start { client in
            var buffer = [UInt8](repeating: 0, count: 8192)
            // Of a TLS greeting nothing is understood.
            if read(client, &buffer, buffer.count) > 0, buffer[0] != 0x16 {
                _ = send(client, head, head.utf8.count, Int32(MSG_NOSIGNAL))
            }
        }
        return server
    }

    @Test(arguments: ["manifest", "config", "blob"]) func waitingForHeaders(of what: String) throws {
        defer { withExtendedLifetime(self) {} }
        let digests = try digests()
        let path: [String: String] = [
            "manifest": "/manifests/v1", "config": "/blobs/sha256:\(digests.config)",
            "blob": "/blobs/sha256:\(digests.layers[1])",
        ]
        let request: String = try #require(path[what])
        proxy.change(.init(silentAbout: request))
        try expectTimeout(["pull", "\(proxy.host)/big:v1"], stage: what)
        try expectWholeAndWorking()
    }

    @Test func inTheMiddleOfALayer() throws {
        defer { withExtendedLifetime(self) {} }
        // After that nothing comes on any connection: as long as something comes, a pull goes on.
        proxy.change(.init(faults: (0..<64).map { _ in (2_000_000, .hang) }))
        try expectTimeout(["pull", "\(proxy.host)/big:v1"], stage: "layer")
        try expectWholeAndWorking()
    }

    @Test(arguments: ["POST /v2/", "PATCH /v2/", "PUT /v2/other/blobs", "PUT /v2/other/manifests"])
    func uploading(stopsAt request: String) throws {
        defer { withExtendedLifetime(self) {} }
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        proxy.change(.init(silentAbout: request))
        let name = "\(proxy.host)/other:v1"
        try host.check("tag", "busybox", name)
        // Small blobs go in one request: not all of these are made.
        let program = try host.start(["push", "-q", "--timeout", "\(Self.patience)", name])
        let result = try program.finish(seconds: Self.bound)
        if request != "PATCH /v2/" {
            #expect(result.code == 1 && result.error.contains("in time"), "\(request): \(result.error)")
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
            let seen = try Program(
                "/usr/bin/skopeo", ["inspect", "--tls-verify=false", "docker://\(registry.host)/other:v1"],
                environment: ["PATH=/usr/bin:/bin", "HOME=/root"]
            ).finish()
            #expect(seen.code != 0, "half of an image is visible")
        }
        proxy.change(.init())
        try host.check("push", "-q", name)
        try host.check("rmi", name, "busybox")
        try host.check("pull", "-q", name)
        #expect(try host.check("image", "verify").error.isEmpty)
        proxy.close()
    }
}

extension String {
    /// The text between occurrences of a word.
    fileprivate func components(of word: String) -> [Substring] {
        var rest = self[...]
        var parts: [Substring] = []
        while let range = rest.firstRange(of: word) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
