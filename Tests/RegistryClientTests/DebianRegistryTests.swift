import Glibc
import ImageStore
import LinuxKernel
import NIOCore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Against Debian's docker-registry, as users run it.
@Suite struct DebianRegistryTests {
    private static let image = TestImage(
        layers: [pseudoRandomBytes(3_000_000), pseudoRandomBytes(10, seed: 2)])

    private func reference(_ registry: DebianRegistry, _ name: String = "team/app") throws -> ImageReference {
        try ImageReference("\(registry.host)/\(name)")
    }

    /// Pushes the image, pulls it, and compares every byte.
    private func roundTrip(_ repository: Repository, _ image: TestImage = image) async throws {
        try await image.push(to: repository, tag: "v1")
        #expect(try await repository.resolve(.tag("v1")) == image.manifest.descriptor)
        let pulled = try await repository.manifest(.tag("v1"))
        #expect(pulled.bytes == image.manifest.bytes)
        #expect(pulled.descriptor == image.manifest.descriptor)
        guard case .image(let manifest) = try pulled.image() else { throw Missing() }
        for (descriptor, bytes) in zip(manifest.layers, image.layers) {
            #expect(try await repository.blob(descriptor).collect() == bytes)
        }
        #expect(try await repository.smallBlob(manifest.config, limit: 1 << 20) == image.config)
    }

    @Test func pushesAndPullsByPlainHTTP() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in
            try await client.ping(registry.host)
            try await roundTrip(try client.repository(try reference(registry)))
            let docker = TestImage(layers: [[1, 2, 3]], type: .dockerManifest)
            try await roundTrip(try client.repository(try reference(registry, "docker")), docker)
        }
    }

    @Test func pushesAndPullsIndexes() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        let other = TestImage(layers: [[9]])
        try await withClient { client in
            let repository = try client.repository(try reference(registry))
            try await Self.image.push(to: repository, tag: "one")
            try await other.push(to: repository, tag: "two")
            for type in [MediaType.ociIndex, .dockerIndex] {
                let bytes = ImageIndex(
                    mediaType: type, manifests: [Self.image.manifest.descriptor, other.manifest.descriptor]
                ).json()
                let index = TestImage.content(type, bytes)
                try await repository.push(index, as: .tag("all"))
                let pulled = try await repository.manifest(.tag("all"))
                #expect(pulled.bytes == bytes)
                guard case .index(let document) = try pulled.image() else { throw Missing() }
                for descriptor in document.manifests {
                    #expect(
                        try await repository.manifest(.digest(descriptor.digest)).descriptor.size
                            == descriptor.size)
                }
            }
            #expect(try await repository.tags().sorted() == ["all", "one", "two"])
            #expect(try await repository.tags(pageSize: 1).sorted() == ["all", "one", "two"])
            // This registry has no list of referrers.
            #expect(try await repository.referrers(of: other.manifest.descriptor.digest).isEmpty)
        }
    }

    @Test func saysWhatIsNotThere() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in
            let repository = try client.repository(try reference(registry))
            let missing = layerDescriptor([1])
            for reference in [ManifestReference.tag("gone"), .digest(missing.digest)] {
                let error = try await registryError { _ = try await repository.manifest(reference) }
                #expect(error.kind == .notFound)
                #expect(error.codes == ["MANIFEST_UNKNOWN"])
                let second = try await registryError { _ = try await repository.resolve(reference) }
                #expect(second.kind == .notFound)
            }
            let error = try await registryError { _ = try await repository.blob(missing).collect() }
            #expect(error.kind == .notFound)
            #expect(error.codes == ["BLOB_UNKNOWN"])
            #expect(try await repository.hasBlob(missing.digest) == false)
            let tags = try await registryError { _ = try await repository.tags() }
            #expect(tags.codes == ["NAME_UNKNOWN"])
            // What a manifest names has to be there first.
            let early = try await registryError {
                try await repository.push(Self.image.manifest, as: .tag("x"))
            }
            #expect(early.codes.contains("MANIFEST_BLOB_UNKNOWN"))
        }
    }

    // MARK: Uploads

    @Test func uploadsInChunks() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        var configuration = testConfiguration()
        configuration.limits.chunkBytes = 700_000
        let bytes = Self.image.layers[0]
        let descriptor = layerDescriptor(bytes)
        let file = try FileDescriptor.memoryFile("layer")
        try file.writeAll(bytes)
        let progress = Mutex<[Int64]>([])
        let content = try BlobContent(digest: descriptor.digest, size: descriptor.size, file: file)
        try await withClient(configuration) { client in
            let repository = try client.repository(try reference(registry))
            let outcome = try await repository.push(content) { done in progress.withLock { $0.append(done) } }
            #expect(outcome == .uploaded)
            #expect(progress.withLock { $0.last } == descriptor.size)
            #expect(progress.withLock { $0 == $0.sorted() && $0.count >= 5 })
            #expect(try await repository.blob(descriptor).collect() == bytes)
            #expect(try await repository.push(content) == .exists)
        }
    }

    @Test func uploadsAStream() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        let bytes = Self.image.layers[0]
        let descriptor = layerDescriptor(bytes)
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        for start in stride(from: 0, to: bytes.count, by: 500_000) {
            continuation.yield(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 500_000)]))
        }
        continuation.finish()
        try await withClient { client in
            let repository = try client.repository(try reference(registry))
            let content = BlobContent(digest: descriptor.digest, size: descriptor.size, chunks: stream)
            #expect(try await repository.push(content) == .uploaded)
            #expect(try await repository.blob(descriptor).collect() == bytes)
        }
    }

    @Test func refusesContentThatIsNotWhatItSays() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in
            let repository = try client.repository(try reference(registry))
            let wrong = BlobContent(digest: layerDescriptor([1]).digest, bytes: [2])
            let error = try await registryError { _ = try await repository.push(wrong) }
            #expect(error.kind == .invalid)
            #expect(error.codes == ["DIGEST_INVALID"])
            let short = BlobContent(digest: layerDescriptor([1]).digest, size: 10) { offset, _ in
                ByteBuffer(bytes: offset == 0 ? [1, 2, 3] : [])
            }
            let ended = try await registryError { _ = try await repository.push(short) }
            #expect(ended.description.contains("the content ends after 3 of 10 bytes"))
        }
    }

    @Test func mountsFromAnotherRepository() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in
            let first = try client.repository(try reference(registry, "base"))
            let second = try client.repository(try reference(registry, "derived"))
            let third = try client.repository(try reference(registry, "third"))
            let bytes = Self.image.layers[1]
            let content = BlobContent(digest: DigestHasher.digest(of: bytes), bytes: bytes)
            #expect(try await first.push(content) == .uploaded)
            #expect(try await second.push(content, mountFrom: "base") == .mounted)
            #expect(try await second.blob(layerDescriptor(bytes)).collect() == bytes)
            // What the other repository has not is uploaded.
            let other = BlobContent(digest: DigestHasher.digest(of: [5]), bytes: [5])
            #expect(try await third.push(other, mountFrom: "base") == .uploaded)
        }
    }

    // MARK: A bad line

    @Test func downloadsOverALineThatBreaks() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        let proxy = try FaultProxy(to: registry.port) { _ in 700_000 }
        defer { proxy.stop() }
        let bytes = Self.image.layers[0]
        let descriptor = layerDescriptor(bytes)
        try await withClient { client in
            let direct = try client.repository(try reference(registry))
            _ = try await direct.push(BlobContent(digest: descriptor.digest, bytes: bytes))
            let broken = try client.repository(try ImageReference("127.0.0.1:\(proxy.port)/team/app"))
            #expect(try await broken.blob(descriptor).collect() == bytes)
            #expect(proxy.connections >= 4)
        }
    }

    @Test func uploadsOverALineThatBreaks() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        // This registry forgets an upload of which half a chunk arrives, so the line has to get better.
        let proxy = try FaultProxy(to: registry.port) { number in number < 6 ? 450_000 : .max }
        defer { proxy.stop() }
        var configuration = testConfiguration()
        configuration.limits.chunkBytes = 300_000
        let bytes = Self.image.layers[0]
        let descriptor = layerDescriptor(bytes)
        try await withClient(configuration) { client in
            let broken = try client.repository(try ImageReference("127.0.0.1:\(proxy.port)/team/app"))
            let content = BlobContent(digest: descriptor.digest, bytes: bytes)
            #expect(try await broken.push(content) == .uploaded)
            #expect(proxy.connections >= 3)
            let direct = try client.repository(try reference(registry))
            #expect(try await direct.blob(descriptor).collect() == bytes)
        }
    }

    // MARK: Passwords

    @Test func logsIn() async throws {
        let registry = try DebianRegistry(users: ["me": "secret"])
        defer { withExtendedLifetime(registry) {} }
        let mine = Credential.basic(username: "me", password: "secret")
        try await withClient { client in
            try await client.ping(registry.host, credential: mine)
        }
        try await withClient { client in
            let wrong = Credential.basic(username: "me", password: "wrong")
            let error = try await registryError { try await client.ping(registry.host, credential: wrong) }
            #expect(error.kind == .unauthorized)
            let none = try await registryError { try await client.ping(registry.host) }
            #expect(none.kind == .unauthorized)
        }
        let store = CredentialStore(environment: [:], file: "\(registry.folder.path)/auth.json")
        try await store.save(mine, for: registry.host)
        try await withClient(credentials: store) { client in
            try await roundTrip(try client.repository(try reference(registry)))
        }
        #expect(try await store.remove(for: registry.host))
        try await withClient(credentials: store) { client in
            let repository = try client.repository(try reference(registry))
            let error = try await registryError { _ = try await repository.manifest(.tag("v1")) }
            #expect(error.kind == .unauthorized)
        }
    }

    // MARK: TLS

    /// A client for a registry, by a `hosts.toml` with these lines.
    private func configuration(_ registry: DebianRegistry, _ lines: String) throws -> RegistryConfiguration {
        try registry.folder.write("certs.d/\(registry.host)/hosts.toml", lines)
        var configuration = testConfiguration()
        configuration.hostFolders = ["\(registry.folder.path)/certs.d"]
        return configuration
    }

    @Test func trustsAnAuthorityOfItsOwn() async throws {
        let registry = try DebianRegistry(.tls, users: ["me": "secret"])
        defer { withExtendedLifetime(registry) {} }
        let trusting = try configuration(
            registry, "server = \"https://\(registry.host)\"\nca = \"\(registry.authority)\"")
        let mine = Credential.basic(username: "me", password: "secret")
        try await withClient(trusting) { client in
            try await roundTrip(try client.repository(try reference(registry), credential: mine))
        }
        var bundle = testConfiguration(environment: ["SSL_CERT_FILE": registry.authority])
        bundle.hostFolders = []
        try await withClient(bundle) { client in try await client.ping(registry.host, credential: mine) }
    }

    @Test func refusesAnAuthorityThatNobodyTrusts() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let strict = try configuration(registry, "server = \"https://\(registry.host)\"")
        try await withClient(strict) { client in
            let error = try await registryError { try await client.ping(registry.host) }
            #expect(error.kind == .unreachable)
            #expect(error.description.contains("TLS failed: its certificate is not trusted"))
        }
        let careless = try configuration(
            registry, "server = \"https://\(registry.host)\"\nskip_verify = true")
        try await withClient(careless) { client in try await client.ping(registry.host) }
    }

    @Test func looksAtNoCertificateOfThisMachine() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in try await roundTrip(try client.repository(try reference(registry))) }
    }

    @Test(arguments: [DebianRegistry.Security.plain, .tls])
    func triesTLSWhereSomethingIsSaidOfIt(_ security: DebianRegistry.Security) async throws {
        let registry = try DebianRegistry(security)
        defer { withExtendedLifetime(registry) {} }
        let trust = security == .tls ? "ca = \"\(registry.authority)\"" : "skip_verify = true"
        let both = try configuration(registry, "server = \"http://\(registry.host)\"\n" + trust)
        try await withClient(both) { client in
            try await roundTrip(try client.repository(try reference(registry)))
        }
    }

    /// Certificates are renewed while a daemon runs.
    @Test func readsCertificatesAgainWhenTheyChange() async throws {
        let registry = try DebianRegistry(.tls)
        defer { withExtendedLifetime(registry) {} }
        let other = try TemporaryFolder()
        try DebianRegistry.makeCertificates(in: other)
        let trusting = try configuration(
            registry, "server = \"https://\(registry.host)\"\nca = \"trusted.pem\"")
        func trust(_ folder: TemporaryFolder) async throws {
            // File systems do not tell times apart that are closer together than the kernel's clock ticks.
            try await Task.sleep(for: .milliseconds(50))
            try registry.folder.write("certs.d/\(registry.host)/trusted.pem", try folder.read("ca.pem"))
        }
        try await trust(other)
        try await withClient(trusting) { client in
            let error = try await registryError { try await client.ping(registry.host) }
            #expect(error.description.contains("its certificate is not trusted"))
            try await trust(registry.folder)
            try await client.ping(registry.host)
            // What is trusted no more is not believed on a connection from before.
            try await trust(other)
            let again = try await registryError { try await client.ping(registry.host) }
            #expect(again.description.contains("its certificate is not trusted"))
        }
    }

    @Test func showsACertificateOfItsOwn() async throws {
        let registry = try DebianRegistry(.mutualTLS)
        defer { withExtendedLifetime(registry) {} }
        let base = "server = \"https://\(registry.host)\"\nca = \"\(registry.authority)\"\n"
        let path = registry.folder.path
        let known = try configuration(
            registry, base + "client = [[\"\(path)/client.pem\", \"\(path)/client.key\"]]")
        try await withClient(known) { client in
            try await roundTrip(try client.repository(try reference(registry)))
        }
        let unknown = try configuration(registry, base)
        try await withClient(unknown) { client in
            let error = try await registryError { try await client.ping(registry.host) }
            #expect([.unreachable, .interrupted].contains(error.kind))
        }
        let missing = try configuration(registry, base + "client = \"/nowhere.pem\"")
        try await withClient(missing) { client in
            let error = try await registryError { try await client.ping(registry.host) }
            #expect(error.kind == .configuration)
            #expect(error.description.contains("/nowhere.pem"))
        }
    }

    @Test func showsTheCertificateThatIsTaken() async throws {
        let registry = try DebianRegistry(.mutualTLS)
        defer { withExtendedLifetime(registry) {} }
        let other = try TemporaryFolder()
        try DebianRegistry.makeCertificates(in: other)
        let base = "server = \"https://\(registry.host)\"\nca = \"\(registry.authority)\"\n"
        func pair(_ folder: TemporaryFolder) -> String {
            "[\"\(folder.path)/client.pem\", \"\(folder.path)/client.key\"]"
        }
        for list in [[other, registry.folder], [registry.folder, other]] {
            let text = base + "client = [" + list.map(pair).joined(separator: ", ") + "]"
            try await withClient(try configuration(registry, text)) { client in
                try await roundTrip(try client.repository(try reference(registry)))
            }
        }
        let stranger = try TemporaryFolder()
        try DebianRegistry.makeCertificates(in: stranger)
        let useless = base + "client = [\(pair(other)), \(pair(stranger))]"
        try await withClient(try configuration(registry, useless)) { client in
            let error = try await registryError { try await client.ping(registry.host) }
            #expect([.unreachable, .interrupted].contains(error.kind))
        }
        // Docker's layout: in the order of their names.
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("\(registry.host)/ca.crt", try registry.folder.read("ca.pem"))
        for (name, source) in [("a", other), ("b", registry.folder)] {
            try folder.write("\(registry.host)/\(name).cert", try source.read("client.pem"))
            try folder.write("\(registry.host)/\(name).key", try source.read("client.key"))
        }
        var docker = testConfiguration()
        docker.hostFolders = [folder.path]
        try await withClient(docker) { client in
            try await roundTrip(try client.repository(try reference(registry)))
        }
    }
}
