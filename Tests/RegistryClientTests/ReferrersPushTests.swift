import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Manifests that are about others, in registries with and without a list of them (distribution-spec, "Pushing
/// Manifests with Subject").
@Suite struct ReferrersPushTests {
    private static let image = TestImage(layers: [[1, 2, 3]])

    private static func artifact(_ number: Int, about subject: Descriptor) -> ManifestContent {
        var manifest = ImageManifest(config: image.manifest.descriptor, layers: [])
        manifest.config = Descriptor(
            mediaType: .ociEmpty, digest: DigestHasher.digest(of: Array("{}".utf8)), size: 2)
        manifest.artifactType = MediaType("application/x.test.\(number)")
        manifest.subject = subject
        manifest.annotations["number"] = "\(number)"
        return TestImage.content(.ociManifest, manifest.json())
    }

    @Test func theListIsKeptInATagWhereTheRegistryHasNone() async throws {
        let registry = try DebianRegistry()
        defer { withExtendedLifetime(registry) {} }
        try await withClient { client in
            let repository = try client.repository(try ImageReference("\(registry.host)/team/app"))
            try await Self.image.push(to: repository, tag: "v1")
            let empty = Array("{}".utf8)
            _ = try await repository.push(
                BlobContent(digest: DigestHasher.digest(of: empty), bytes: empty))
            let subject = Self.image.manifest.descriptor
            let artifacts = (1...3).map { Self.artifact($0, about: subject) }
            for artifact in artifacts + [artifacts[0]] {
                try await repository.push(artifact, as: .digest(artifact.descriptor.digest))
            }
            let found = try await repository.referrers(of: subject.digest)
            #expect(found.map(\.digest) == artifacts.map(\.descriptor.digest))
            #expect(found.map { $0.artifactType?.name } == (1...3).map { "application/x.test.\($0)" })
            #expect(found.map { $0.annotations["number"] } == ["1", "2", "3"])
            let second = MediaType("application/x.test.2")
            #expect(try await repository.referrers(of: subject.digest, artifactType: second).count == 1)
            let tags = try await repository.tags().sorted()
            #expect(tags == ["sha256-\(subject.digest.hex)", "v1"])
            let list = try await repository.manifest(.tag(tags[0]))
            #expect(list.descriptor.mediaType == .ociIndex)
            // An index may have a subject, too.
            var index = ImageIndex(manifests: [])
            index.subject = subject
            index.artifactType = MediaType("application/x.test.index")
            let content = TestImage.content(.ociIndex, index.json())
            try await repository.push(content, as: .tag("index"))
            #expect(
                try await repository.referrers(of: subject.digest).last?.digest == content.descriptor.digest)
        }
    }

    @Test func aRegistryThatKeepsTheListIsLeftAlone() async throws {
        let subject = Self.image.manifest.descriptor
        let artifact = Self.artifact(1, about: subject)
        try await withRepository(server: { _ in
            FaultServer.answer(201, ["OCI-Subject": subject.digest.description])
        }) { repository, server in
            try await repository.push(artifact, as: .tag("sig"))
            #expect(server.requests.map(\.method) == ["PUT"])
        }
    }

    /// Two who write the list at once: the one whose entry was written over enters it again.
    @Test func anEntryThatIsWrittenOverIsWrittenAgain() async throws {
        let subject = Self.image.manifest.descriptor
        let mine = Self.artifact(1, about: subject)
        let other = Self.artifact(2, about: subject)
        let tag = "/v2/team/app/manifests/sha256-\(subject.digest.hex)"
        let list = Mutex<[UInt8]?>(nil)
        let puts = Mutex(0)
        try await withRepository(server: { request in
            guard request.path == tag else { return FaultServer.answer(201) }
            if request.method == "PUT" {
                let count = puts.withLock { count in
                    count += 1
                    return count
                }
                let theirs = ImageIndex(manifests: [other.descriptor]).json()
                list.withLock { $0 = count == 1 ? theirs : request.body }
                return FaultServer.answer(201)
            }
            guard let bytes = list.withLock({ $0 }) else { return FaultServer.answer(404) }
            return FaultServer.answer(200, ["Content-Type": MediaType.ociIndex.name], bytes)
        }) { repository, _ in
            try await repository.push(mine, as: .tag("sig"))
            let final = try ImageIndex(json: try #require(list.withLock { $0 }))
            #expect(final.manifests.map(\.digest) == [other, mine].map(\.descriptor.digest))
            #expect(puts.withLock { $0 } == 2)
        }
    }

    @Test func aTagThatIsNoListIsNotWrittenOver() async throws {
        let artifact = Self.artifact(1, about: Self.image.manifest.descriptor)
        try await withRepository(server: { request in
            request.method == "PUT"
                ? FaultServer.answer(201)
                : FaultServer.answer(200, ["Content-Type": "application/json"], Array("[]".utf8))
        }) { repository, server in
            let error = try await registryError { try await repository.push(artifact, as: .tag("sig")) }
            #expect(error.kind == .corrupt)
            #expect(error.description.contains("is not a list of referrers"))
            #expect(server.requests.filter { $0.method == "PUT" }.count == 1)
        }
    }
}
