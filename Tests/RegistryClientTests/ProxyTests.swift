import Glibc
import ImageStore
import OCISpec
import RegistryClient
import Testing

/// Through proxies to Debian's docker-registry, which answers for a host that nothing else leads to.
@Suite struct ProxyConnectionTests {
    private static let image = TestImage(layers: [pseudoRandomBytes(2_000_000), [1]])

    private func configuration(_ registry: DebianRegistry, proxy: String) -> RegistryConfiguration {
        var configuration = testConfiguration(environment: ["https_proxy": proxy])
        // The registry and the proxy have the same authority.
        configuration.rootCertificates = registry.authority
        return configuration
    }

    /// Pushes and pulls an image of the host that only the proxy knows.
    private func roundTrip(_ configuration: RegistryConfiguration) async throws {
        try await withClient(configuration) { client in
            let repository = try client.repository(try ImageReference("registry.example/team/app"))
            try await Self.image.push(to: repository, tag: "v1")
            #expect(try await repository.manifest(.tag("v1")).bytes == Self.image.manifest.bytes)
            for bytes in Self.image.blobs {
                #expect(try await repository.blob(layerDescriptor(bytes)).collect() == bytes)
            }
        }
    }

    @Test func theWayToTheProxyMayBeByTLS() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let basic = "Basic " + Credential.basicToken("me", "p@ss")
        let proxy = try ConnectProxy(to: registry.port, credential: basic)
        defer { proxy.stop() }
        let front = try await TLSFront(to: proxy.port, registry.folder)
        try await roundTrip(configuration(registry, proxy: "https://me:p%40ss@127.0.0.1:\(front.port)"))
        try await roundTrip(configuration(registry, proxy: "https://me:p%40ss@localhost:\(front.port)"))
        #expect(!proxy.heads.isEmpty)
        #expect(proxy.heads.allSatisfy { $0.hasPrefix("CONNECT registry.example:443 HTTP/1.1\r\n") })
        // What protects the relay inside this process is nobody else's business.
        #expect(proxy.heads.allSatisfy { !$0.lowercased().contains("secret") })
        await front.stop()
    }

    @Test func aProxyThatWantsAPassword() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let basic = "Basic " + Credential.basicToken("me", "secret")
        let proxy = try ConnectProxy(to: registry.port, credential: basic)
        defer { proxy.stop() }
        try await roundTrip(configuration(registry, proxy: "http://me:secret@127.0.0.1:\(proxy.port)"))
        try await withClient(configuration(registry, proxy: "http://127.0.0.1:\(proxy.port)")) { client in
            let error = try await registryError { try await client.ping("registry.example") }
            #expect(error.kind == .unreachable)
            #expect(error.description.hasSuffix("the proxy wants a password"), "\(error)")
        }
    }

    /// By plain HTTP a proxy gets the requests themselves, as from Go's clients: many allow tunnels to port 443 alone.
    @Test func requestsByPlainHTTPAreHandedToTheProxy() async throws {
        let basic = "Basic " + Credential.basicToken("me", "p@ss")
        let layer = Self.image.layers[0]
        let proxy = try FaultServer { request in
            if request.headers["proxy-authorization"] != basic {
                return FaultServer.answer(407, ["Proxy-Authenticate": "Basic"])
            }
            switch request.method {
            case "HEAD": return FaultServer.answer(404)
            case "POST": return FaultServer.answer(202, ["Location": "/upload/1?state=x"])
            case "PUT": return FaultServer.answer(201)
            default: return FaultServer.answer(200, [:], layer)
            }
        }
        defer { proxy.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("registry.example/hosts.toml", "server = \"http://registry.example:5000\"")
        func configuration(_ user: String) -> RegistryConfiguration {
            var configuration = testConfiguration(environment: ["http_proxy": "http://\(user)\(proxy.host)"])
            configuration.hostFolders = [folder.path]
            return configuration
        }
        let reference = try ImageReference("registry.example/team/app")
        try await withClient(configuration("me:p%40ss@")) { client in
            let repository = try client.repository(reference)
            #expect(try await repository.blob(layerDescriptor(layer)).collect() == layer)
            let content = BlobContent(digest: DigestHasher.digest(of: layer), bytes: layer)
            let outcome = try await repository.push(content)
            #expect(outcome == .uploaded)
            #expect(proxy.requests.map(\.method) == ["GET", "HEAD", "POST", "PUT"])
            #expect(proxy.requests.allSatisfy { $0.target.hasPrefix("http://registry.example:5000/") })
            #expect(proxy.requests.allSatisfy { $0.headers["host"] == "registry.example:5000" })
            #expect(
                proxy.requests[3].target.hasPrefix("http://registry.example:5000/upload/1?state=x&digest="))
            #expect(proxy.requests[3].body == layer)
        }
        try await withClient(configuration("")) { client in
            let error = try await registryError { try await client.ping("registry.example") }
            #expect(error.kind == .unreachable)
            #expect(error.description.hasSuffix("the proxy wants a password"), "\(error)")
        }
    }

    @Test func aProxyWhoseCertificateIsNotTrusted() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let proxy = try ConnectProxy(to: registry.port)
        defer { proxy.stop() }
        let front = try await TLSFront(to: proxy.port, registry.folder)
        var configuration = configuration(registry, proxy: "https://127.0.0.1:\(front.port)")
        let other = try TemporaryFolder()
        try DebianRegistry.makeCertificates(in: other)
        configuration.rootCertificates = "\(other.path)/ca.pem"
        try await withClient(configuration) { client in
            let error = try await registryError { try await client.ping("registry.example") }
            #expect(error.kind == .unreachable)
            let why = "the proxy 127.0.0.1:\(front.port): TLS failed: its certificate is not trusted"
            #expect(error.description.contains(why), "\(error)")
            #expect(proxy.heads.isEmpty)
        }
        await front.stop()
    }

    @Test func aProxyThatIsNotThere() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let (silent, port) = try FaultServer.bind(port: 0)
        defer { close(silent) }
        try await withClient(configuration(registry, proxy: "https://127.0.0.1:\(port)")) { client in
            let error = try await registryError { try await client.ping("registry.example") }
            #expect(error.kind == .unreachable)
            #expect(error.description.contains("the proxy 127.0.0.1:\(port): connect to "), "\(error)")
        }
    }
}
