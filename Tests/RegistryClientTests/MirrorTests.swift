import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Several servers for one registry, as `hosts.toml` lists them.
@Suite struct MirrorTests {
    private static let image = TestImage(layers: [pseudoRandomBytes(200_000)])
    private static let layer = layerDescriptor(image.layers[0])

    /// What has all of the image.
    private static let good: FaultServer.Handler = { request in
        let name = request.path.split(separator: "/").last ?? ""
        if request.path.contains("/manifests/") {
            return FaultServer.answer(
                200, ["Content-Type": MediaType.ociManifest.name], image.manifest.bytes)
        }
        guard name == "\(layer.digest)" else { return FaultServer.answer(404) }
        guard let range = request.headers["range"], let start = Int(range.dropFirst(6).prefix { $0 != "-" })
        else { return FaultServer.answer(200, [:], image.layers[0]) }
        let content = "bytes \(start)-\(image.layers[0].count - 1)/\(image.layers[0].count)"
        return FaultServer.answer(206, ["Content-Range": content], Array(image.layers[0][start...]))
    }

    private func withServers(
        mirror: @escaping FaultServer.Handler, options: String = "",
        registry: @escaping FaultServer.Handler = good,
        store: (TemporaryFolder) throws -> CredentialStore? = { _ in nil }, credential: Credential? = nil,
        _ body: (Repository, _ mirror: FaultServer, _ registry: FaultServer) async throws -> Void
    ) async throws {
        let first = try FaultServer(mirror)
        defer { first.stop() }
        let second = try FaultServer(registry)
        defer { second.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(
            "r.example/hosts.toml",
            """
            server = "http://\(second.host)"
            [host."http://\(first.host)"]
            \(options)
            """)
        var configuration = testConfiguration()
        configuration.hostFolders = [folder.path]
        try await withClient(configuration, credentials: try store(folder)) { client in
            let reference = try ImageReference("r.example/team/app")
            try await body(try client.repository(reference, credential: credential), first, second)
        }
    }

    @Test func asksTheMirrorFirst() async throws {
        try await withServers(mirror: Self.good, options: "[host.\"http://ignored.example\"]") {
            repository, mirror, registry in
            _ = try await repository.manifest(.tag("latest"))
            #expect(try await repository.blob(Self.layer).collect() == Self.image.layers[0])
            #expect(mirror.requests.count == 2)
            #expect(mirror.requests.allSatisfy { $0.target.hasSuffix("?ns=r.example") })
            #expect(registry.requests.isEmpty)
        }
    }

    @Test func asksOnlyForWhatTheMirrorIsFor() async throws {
        try await withServers(mirror: Self.good, options: "capabilities = [\"pull\"]") {
            repository, mirror, registry async throws in
            _ = try await repository.manifest(.tag("latest"))
            #expect(mirror.requests.isEmpty)
            _ = try await repository.manifest(.digest(Self.image.manifest.descriptor.digest))
            #expect(mirror.requests.count == 1)
            #expect(registry.requests.count == 1)
        }
    }

    /// As with containerd: who lists referrers is asked for them, and who resolves tags when no other has an answer.
    @Test func asksForReferrersWhoListsThem() async throws {
        let list: FaultServer.Handler = { _ in
            FaultServer.answer(
                200, ["Content-Type": MediaType.ociIndex.name],
                Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8))
        }
        let digest = Self.image.manifest.descriptor.digest
        for (capabilities, isAsked) in [("\"referrers\"", true), ("\"pull\", \"resolve\"", false)] {
            try await withServers(
                mirror: list, options: "capabilities = [\(capabilities)]", registry: list
            ) { repository, mirror, registry async throws in
                #expect(try await repository.referrers(of: digest).isEmpty)
                #expect(mirror.requests.count == (isAsked ? 1 : 0))
                #expect(registry.requests.count == (isAsked ? 0 : 1))
            }
        }
        try await withServers(
            mirror: list, options: "capabilities = [\"pull\", \"resolve\"]",
            registry: { _ in FaultServer.answer(403) }
        ) { repository, mirror, registry async throws in
            #expect(try await repository.referrers(of: digest).isEmpty)
            #expect(registry.requests.count == 1 && mirror.requests.count == 1)
        }
    }

    /// Why a mirror does not have it is not worth a second question.
    @Test func asksAMirrorThatRefusesOnce() async throws {
        let image = Self.image.manifest
        let headers = [
            "Content-Type": image.descriptor.mediaType.name, "Content-Length": "\(image.bytes.count)",
            "Docker-Content-Digest": "\(image.descriptor.digest)",
        ]
        try await withServers(
            mirror: { _ in FaultServer.answer(403) },
            registry: { _ in [.send(FaultServer.head(200, headers))] }
        ) { repository, mirror, registry async throws in
            #expect(try await repository.resolve(.tag("latest")) == image.descriptor)
            #expect(mirror.requests.map(\.method) == ["HEAD"])
            #expect(registry.requests.map(\.method) == ["HEAD"])
        }
    }

    @Test func asksTheNextServer() async throws {
        let bad: [FaultServer.Handler] = [
            { _ in FaultServer.answer(404) }, { _ in FaultServer.answer(500) }, { _ in [.reset] },
            { _ in FaultServer.answer(401) }, { _ in FaultServer.answer(200, [:], [1, 2, 3]) },
        ]
        for handler in bad {
            try await withServers(mirror: handler) { repository, _, _ async throws in
                let digest = Self.image.manifest.descriptor.digest
                #expect(try await repository.manifest(.digest(digest)).bytes == Self.image.manifest.bytes)
                #expect(try await repository.blob(Self.layer).collect() == Self.image.layers[0])
            }
        }
    }

    @Test func goesOnAtTheNextServerInTheMiddle() async throws {
        try await withServers(mirror: { request in
            request.headers["range"] != nil
                ? FaultServer.answer(404)
                : [
                    .send(
                        FaultServer.head(200, ["Content-Length": "200000"])
                            + Self.image.layers[0][..<120_000]), .close,
                ]
        }) { repository, _, registry async throws in
            #expect(try await repository.blob(Self.layer).collect() == Self.image.layers[0])
            #expect(registry.requests[0].headers["range"]?.hasPrefix("bytes=") == true)
        }
    }

    @Test func saysWhatEachServerSaid() async throws {
        try await withServers(
            mirror: { _ in FaultServer.answer(500) }, registry: { _ in FaultServer.answer(404) }
        ) { repository, mirror, registry in
            let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(error.kind == .notFound)
            #expect(mirror.requests.count == 1, "nobody waits for a mirror")
            #expect(
                error.description
                    == "manifest x of r.example/team/app: \(registry.host): 404 Not Found (before it "
                    + "\(mirror.host): 500 Internal Server Error)")
        }
    }

    @Test func sendsHeadersAndPathsAsConfigured() async throws {
        let options = "override_path = true\n[host.\"http://HOST\".header]\nX-Token = [\"a\", \"b\"]"
        let mirror = try FaultServer(Self.good)
        defer { mirror.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(
            "r.example/hosts.toml",
            "[host.\"http://\(mirror.host)/deep/path\"]\n"
                + options.replacing("HOST", with: mirror.host + "/deep/path"))
        var configuration = testConfiguration()
        configuration.hostFolders = [folder.path]
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("r.example/team/app"))
            _ = try await repository.manifest(.tag("latest"))
            #expect(mirror.requests[0].path == "/deep/path/team/app/manifests/latest")
            #expect(mirror.requests[0].headers["x-token"] == "a, b")
        }
    }

    /// Wants tokens of a service.
    private static func guarded(realm: @escaping @Sendable (FaultServer.Request) -> String)
        -> FaultServer.Handler
    {
        { request in
            if request.path == "/token" { return FaultServer.answer(200, json: #"{"token":"T"}"#) }
            if request.headers["authorization"] == "Bearer T" { return good(request) }
            return FaultServer.answer(
                401, ["WWW-Authenticate": "Bearer realm=\"\(realm(request))\",service=\"s\""])
        }
    }

    /// A gateway guards all of a server, the service that gives tokens for it, too.
    @Test func sendsHeadersToTheServersOwnTokenService() async throws {
        let guarded = Self.guarded { "http://\($0.headers["host"]!)/token" }
        try await withServers(
            mirror: { $0.headers["x-gate"] == "a, b" ? guarded($0) : FaultServer.answer(403) },
            options: "header = { X-Gate = [\"a\", \"b\"] }"
        ) { repository, mirror, registry async throws in
            #expect(try await repository.manifest(.tag("x")).bytes == Self.image.manifest.bytes)
            #expect(mirror.requests.map(\.path).contains("/token"))
            #expect(registry.requests.isEmpty)
        }
    }

    @Test func sendsNoHeadersToOtherTokenServices() async throws {
        let realm = Mutex("")
        try await withServers(
            mirror: Self.guarded { _ in realm.withLock { $0 } }, options: "header = { X-Gate = \"secret\" }",
            registry: Self.guarded { _ in "" }
        ) { repository, mirror, registry async throws in
            realm.withLock { $0 = "http://\(registry.host)/token" }
            #expect(try await repository.manifest(.tag("x")).bytes == Self.image.manifest.bytes)
            #expect(mirror.requests.allSatisfy { $0.headers["x-gate"] == "secret" })
            #expect(registry.requests.map(\.path) == ["/token"])
            #expect(registry.requests.allSatisfy { $0.headers["x-gate"] == nil })
        }
    }

    @Test func givesEachServerItsOwnCredentials() async throws {
        let challenge: FaultServer.Handler = { request in
            request.headers["authorization"] == nil
                ? FaultServer.answer(401, ["WWW-Authenticate": "Basic realm=\"r\""])
                : FaultServer.answer(404)
        }
        let mine = Credential.basic(username: "given", password: "p")
        try await withServers(mirror: challenge, registry: challenge, credential: mine) {
            repository, mirror, registry in
            _ = try await registryError { _ = try await repository.manifest(.tag("x")) }
            #expect(mirror.requests.allSatisfy { $0.headers["authorization"] == nil })
            #expect(
                registry.requests.last?.headers["authorization"]
                    == "Basic " + Credential.basicToken("given", "p"))
        }
    }

    @Test func refusesWhatNoServerIsFor() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(
            "r.example/hosts.toml", "server = \"http://127.0.0.1:1\"\ncapabilities = [\"pull\"]")
        var configuration = testConfiguration()
        configuration.hostFolders = [folder.path]
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("r.example/app"))
            let error = try await registryError {
                _ = try await repository.push(BlobContent(digest: Self.layer.digest, bytes: []))
            }
            #expect(error.kind == .configuration)
            #expect(error.description.contains("no server to push to"))
        }
    }
}
