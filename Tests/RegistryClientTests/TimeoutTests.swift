import Glibc
import ImageStore
import OCISpec
import RegistryClient
import Testing

/// Servers that stop at each stage: every one of them ends with one clear line, in time.
@Suite struct TimeoutTests {
    private static let descriptor = layerDescriptor([1, 2, 3])

    private static func hasty() -> RegistryConfiguration {
        var configuration = testConfiguration()
        configuration.timeouts.headers = .milliseconds(600)
        configuration.timeouts.idle = .milliseconds(600)
        return configuration
    }

    @Test func connecting() async throws {
        // Of a queue that is full the kernel takes no more.
        let (listener, port) = try FaultServer.listen(backlog: 0)
        defer { close(listener) }
        let fillers = (0..<4).map { _ in FaultServer.connect(port: port, flags: Int(O_NONBLOCK)) }
        defer { for filler in fillers { close(filler) } }
        try await expectTimeout(port, "no connection in time", .unreachable)
    }

    @Test func handshaking() async throws {
        let (listener, port) = try FaultServer.listen()
        defer { close(listener) }
        try await expectTimeout(port, "in time", .unreachable)
    }

    /// A mirror that is down does not cost what a registry may take.
    @Test func connectingToAMirror() async throws {
        let (listener, port) = try FaultServer.listen(backlog: 0)
        defer { close(listener) }
        let fillers = (0..<4).map { _ in FaultServer.connect(port: port, flags: Int(O_NONBLOCK)) }
        defer { for filler in fillers { close(filler) } }
        let image = TestImage(layers: [[1, 2, 3]])
        let server = try FaultServer { _ in
            FaultServer.answer(200, ["Content-Type": MediaType.ociManifest.name], image.manifest.bytes)
        }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(
            "r.example/hosts.toml",
            """
            server = "http://\(server.host)"
            [host."http://127.0.0.1:\(port)"]
              dial_timeout = "200ms"
            """)
        var configuration = testConfiguration()
        configuration.hostFolders = [folder.path]
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("r.example/x"))
            let begin = ContinuousClock.now
            #expect(try await repository.manifest(.tag("x")).bytes == image.manifest.bytes)
            #expect(ContinuousClock.now - begin < .seconds(20))
        }
    }

    private func expectTimeout(_ port: Int, _ words: String, _ kind: RegistryError.Kind) async throws {
        var configuration = Self.hasty()
        configuration.timeouts.connect = .milliseconds(300)
        configuration.timeouts.headers = .seconds(5)
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("127.0.0.1:\(port)/x"))
            let begin = ContinuousClock.now
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == kind)
            #expect(error.description.contains(words))
            #expect(ContinuousClock.now - begin < .seconds(10))
        }
    }

    @Test func headers() async throws {
        try await withRepository(Self.hasty(), server: { _ in [.hang] }) { repository, server in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .interrupted)
            #expect(error.description.contains("no answer in time"))
            #expect(server.requests.count == RetryPolicy().attemptsAfterTimeout)
        }
    }

    /// Who waits for the token does not ask once more after the service was asked often enough.
    @Test func aTokenService() async throws {
        try await withRepository(
            Self.hasty(),
            server: { request in
                if request.path == "/token" { return [.hang] }
                let realm = "http://\(request.headers["host"]!)/token"
                return FaultServer.answer(
                    401, ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"s\""])
            }
        ) { repository, server in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.description.contains("token service") && error.description.contains("in time"))
            #expect(server.requests.count { $0.path == "/token" } == RetryPolicy().attemptsAfterTimeout)
        }
    }

    @Test func halfOfTheHeaders() async throws {
        try await withRepository(
            Self.hasty(), server: { _ in [.send(Array("HTTP/1.1 200 OK\r\nContent-".utf8)), .hang] }
        ) { repository, _ in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .interrupted)
        }
    }

    @Test func theBodyOfAManifest() async throws {
        let head = FaultServer.head(200, ["Content-Length": "10"])
        try await withRepository(Self.hasty(), server: { _ in [.send(head + [0x7b]), .hang] }) {
            repository, _ in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .interrupted)
            #expect(error.description.contains("no answer in time"))
        }
    }

    /// A byte now and then is never nothing for long, and would be no manifest for days.
    @Test func aManifestByteByByte() async throws {
        var configuration = Self.hasty()
        configuration.timeouts.document = .seconds(1)
        let head = FaultServer.head(200, ["Content-Length": "4000"])
        try await withRepository(
            configuration,
            server: { _ in
                [.send(head)] + (0..<100).flatMap { _ in [FaultServer.Step.pause(100_000), .send([0x20])] }
            }
        ) { repository, server in
            let begin = ContinuousClock.now
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .interrupted)
            #expect(error.description.contains("no answer as a whole in time"))
            #expect(server.requests.count == RetryPolicy().attemptsAfterTimeout)
            #expect(ContinuousClock.now - begin < .seconds(8))
        }
    }

    /// As little is a configuration, or a signature, one for days.
    @Test func aSmallBlobByteByByte() async throws {
        var configuration = Self.hasty()
        configuration.timeouts.document = .seconds(1)
        let blob = layerDescriptor([UInt8](repeating: 0x20, count: 4000))
        let head = FaultServer.head(200, ["Content-Length": "4000"])
        try await withRepository(
            configuration,
            server: { _ in
                [.send(head)] + (0..<100).flatMap { _ in [FaultServer.Step.pause(100_000), .send([0x20])] }
            }
        ) { repository, server in
            let begin = ContinuousClock.now
            let error = try await registryError { _ = try await repository.smallBlob(blob, limit: 4000) }
            #expect(error.kind == .interrupted)
            #expect(
                error.description
                    == "blob \(blob.digest) of \(server.host)/team/app: no answer as a whole in time")
            #expect(ContinuousClock.now - begin < .seconds(8))
        }
    }

    @Test func theBodyOfABlob() async throws {
        let head = FaultServer.head(200, ["Content-Length": "3"])
        try await withRepository(
            Self.hasty(),
            server: { request in
                request.headers["range"] == nil ? [.send(head + [1]), .hang] : [.hang]
            }
        ) { repository, server in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .interrupted)
            #expect(server.requests.count <= 3)
        }
    }

    @Test func anUploadThatNobodyReads() async throws {
        let content = pseudoRandomBytes(32 << 20)
        let (listener, port) = try FaultServer.listen()
        defer { close(listener) }
        try await withRepository(
            Self.hasty(),
            server: { request in
                switch request.method {
                case "HEAD": FaultServer.answer(404)
                // A server that accepts and does not read.
                default: FaultServer.answer(202, ["Location": "http://127.0.0.1:\(port)/upload"])
                }
            }
        ) { repository, _ in
            let blob = BlobContent(digest: DigestHasher.digest(of: content), bytes: content)
            let begin = ContinuousClock.now
            let error = try await registryError { _ = try await repository.push(blob) }
            #expect(error.kind == .interrupted)
            #expect(ContinuousClock.now - begin < .seconds(30))
        }
    }

    /// Of a server that never answered it is told at once.
    @Test func nobodyListens() async throws {
        let (listener, port) = try FaultServer.listen()
        close(listener)
        var configuration = testConfiguration()
        configuration.retry.firstDelay = .seconds(60)
        configuration.retry.longestDelay = .seconds(60)
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("127.0.0.1:\(port)/x"))
            let begin = ContinuousClock.now
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(ContinuousClock.now - begin < .seconds(20))
            #expect(error.kind == .unreachable)
            #expect(error.description.lowercased().contains("connection refused"))
        }
    }

    @Test func noSuchHost() async throws {
        try await withClient { client in
            let repository = try client.repository(try ImageReference("nowhere.invalid/x"))
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .unreachable)
            #expect(error.description.hasPrefix("manifest x of nowhere.invalid/x: nowhere.invalid: "))
        }
    }

    @Test func noHTTP() async throws {
        try await withRepository(server: { _ in [.send(Array("SSH-2.0-x\r\n\r\n".utf8)), .close] }) {
            repository, _ in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .corrupt || error.kind == .interrupted)
        }
    }
}
