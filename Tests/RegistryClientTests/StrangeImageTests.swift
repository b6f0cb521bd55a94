import Glibc
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Testing

/// Pulls of images of which a registry has something else than a manifest with layers.
@Suite struct StrangeImageTests {
    /// What a registry has of `team/app`.
    private struct Shelf: Sendable {
        /// By tag and by digest.
        var manifests: [String: ManifestContent] = [:]
        var blobs: [String: [UInt8]] = [:]
        /// What it gives for a manifest that it has not.
        var other: ManifestContent?
        /// What it answers to HEAD for a tag, whatever it has.
        var heads: [String: [String: String]] = [:]

        @discardableResult
        mutating func add(_ type: MediaType, _ bytes: [UInt8], tag: String? = nil) -> Descriptor {
            let content = TestImage.content(type, bytes)
            for name in [tag, content.descriptor.digest.description].compactMap({ $0 }) {
                manifests[name] = content
            }
            return content.descriptor
        }

        mutating func addBlob(_ bytes: [UInt8], _ type: MediaType) -> Descriptor {
            let digest = DigestHasher.digest(of: bytes)
            blobs[digest.description] = bytes
            return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }

        /// An image for this machine.
        mutating func addImage(_ layer: Descriptor, _ diffID: Digest, tag: String? = nil) -> Descriptor {
            let config = ImageConfig(platform: PlatformMatch.host(), diffIDs: [diffID])
            let manifest = ImageManifest(config: addBlob(config.json(), .ociConfig), layers: [layer])
            return add(.ociManifest, manifest.json(), tag: tag)
        }

        func answer(_ request: FaultServer.Request) -> [FaultServer.Step] {
            let parts = request.path.split(separator: "/").map(String.init)
            let isHead = request.method == "HEAD"
            switch parts.dropLast().last {
            case "manifests":
                if isHead, let headers = heads[parts.last!] { return [.send(FaultServer.head(200, headers))] }
                guard let content = manifests[parts.last!] ?? other else { break }
                let headers = [
                    "Content-Type": content.descriptor.mediaType.name,
                    "Docker-Content-Digest": content.descriptor.digest.description,
                    "Content-Length": "\(content.bytes.count)",
                ]
                return FaultServer.answer(200, headers, isHead ? [] : content.bytes)
            case "blobs":
                guard let bytes = blobs[parts.last!] else { break }
                return FaultServer.answer(
                    200, ["Content-Length": "\(bytes.count)"], isHead ? [] : bytes)
            default: if parts == ["v2"] { return FaultServer.answer(200) }
            }
            return FaultServer.answer(404, json: #"{"errors": [{"code": "NAME_UNKNOWN"}]}"#)
        }
    }

    /// A server with such a shelf, and an empty store.
    private func with(
        _ shelf: Shelf, _ body: (ImageTransfer, FaultServer) async throws -> Void
    ) async throws {
        let server = try FaultServer { shelf.answer($0) }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try ImageStore(root: folder.path + "/images")
        try await withClient { client in
            try await body(ImageTransfer(store: store, client: client), server)
        }
    }

    /// Why `team/app:v1` is not pulled: one line, after which the store has nothing.
    private func refusal(
        _ shelf: Shelf, _ look: ([FaultServer.Request]) -> Void = { _ in }
    ) async throws -> String {
        var text = "it was pulled"
        try await with(shelf) { transfer, server async throws in
            do {
                _ = try await transfer.pull("\(server.host)/team/app:v1")
            } catch {
                text = "\(error)"
            }
            look(server.requests)
            #expect(try transfer.store.images().isEmpty)
            #expect(try transfer.store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
        }
        #expect(!text.contains("\n"))
        return text
    }

    /// An archive with a file, and its path.
    private func archive(in folder: TemporaryFolder) throws -> (bytes: [UInt8], path: String) {
        try folder.write("file", "content")
        let path = folder.path + "/layer.tar"
        try DebianRegistry.run(["/usr/bin/tar", "-C", folder.path, "-cf", path, "file"])
        return (try folder.bytes("layer.tar"), path)
    }

    // MARK: Layers

    /// Their bytes are with their owner, whom nobody asks.
    @Test(arguments: [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ])
    func aForeignLayer(type: String) async throws {
        var shelf = Shelf()
        let layer = shelf.addBlob([1, 2, 3], MediaType(type))
        _ = shelf.addImage(layer, layer.digest, tag: "v1")
        let text = try await refusal(shelf) { requests in
            #expect(requests.allSatisfy { !$0.path.contains("/blobs/") })
        }
        #expect(text.hasSuffix("layer \(layer.digest) is a foreign one, which is not fetched"), "\(text)")
    }

    /// What counts is how a layer begins, not what its type says.
    @Test(arguments: [("/usr/bin/xz", "xz"), ("/usr/bin/bzip2", "bz2")])
    func aLayerOfNoImageFormat(program: String, ending: String) async throws {
        let folder = try TemporaryFolder()
        let (bytes, path) = try archive(in: folder)
        try DebianRegistry.run([program, "-k", path])
        var shelf = Shelf()
        let layer = shelf.addBlob(try folder.bytes("layer.tar.\(ending)"), .ociLayerGzip)
        _ = shelf.addImage(layer, DigestHasher.digest(of: bytes), tag: "v1")
        let text = try await refusal(shelf)
        let name = program.split(separator: "/").last!
        #expect(text.contains("it is compressed by \(name), which no image format has"), "\(text)")
    }

    /// What its registry sends is not what the manifest says.
    @Test(arguments: [
        ([1, 2], "it has 2 bytes, not 3"), ([1, 2, 3, 4], "it has 4 bytes, not 3"),
        ([3, 2, 1], "its digest is sha256:"),
    ])
    func aLayerOfOtherBytes(bytes: [UInt8], why: String) async throws {
        var shelf = Shelf()
        let layer = shelf.addBlob([1, 2, 3], .ociLayer)
        _ = shelf.addImage(layer, layer.digest, tag: "v1")
        shelf.blobs[layer.digest.description] = bytes
        let text = try await refusal(shelf)
        #expect(text.contains("\(layer.digest)") && text.contains(why), "\(text)")
    }

    // MARK: Configurations

    /// Old registries have Docker's images whose configuration has a type that says nothing.
    @Test(arguments: ["", "application/octet-stream", "application/json"])
    func aConfigurationWithoutAType(type: String) async throws {
        let folder = try TemporaryFolder()
        var shelf = Shelf()
        let layer = shelf.addBlob(try archive(in: folder).bytes, .dockerLayer)
        let image = ImageConfig(platform: PlatformMatch.host(), diffIDs: [layer.digest])
        let manifest = ImageManifest(
            mediaType: .dockerManifest, config: shelf.addBlob(image.json(), MediaType(type)), layers: [layer])
        let content = shelf.add(.dockerManifest, manifest.json(), tag: "v1")
        try await with(shelf) { transfer, server async throws in
            #expect(try await transfer.pull("\(server.host)/team/app:v1").digest == content.digest)
            #expect(try transfer.store.verify() == [])
        }
        // What is in it tells that this is none, and the refusal says of what.
        let other = ImageManifest(
            mediaType: .dockerManifest, config: shelf.addBlob(Array("{}".utf8), MediaType(type)),
            layers: [layer])
        shelf.add(.dockerManifest, other.json(), tag: "v1")
        let text = try await refusal(shelf)
        #expect(text.contains("/team/app:v1: manifest sha256:"), "\(text)")
        #expect(text.hasSuffix("it is an artifact of type \(type), not an image"), "\(text)")
    }

    /// Named as it was asked for.
    @Test func anArtifact() async throws {
        var shelf = Shelf()
        let config = shelf.addBlob(Array("{}".utf8), MediaType("application/vnd.cncf.helm.config.v1+json"))
        let chart = shelf.add(.ociManifest, ImageManifest(config: config, layers: []).json(), tag: "v1")
        let text = try await refusal(shelf)
        #expect(
            text.hasSuffix(
                "/team/app:v1: \(chart.digest) is an artifact of type application/vnd.cncf.helm.config.v1+json, not an image"
            ), "\(text)")
    }

    // MARK: Answers that contradict each other

    /// A registry that has two images, and what it answers to HEAD for the tag of the first.
    private func contradictory(
        _ head: (_ first: Descriptor, _ second: Descriptor) -> [String: String]
    ) throws -> (shelf: Shelf, first: Descriptor, second: Descriptor) {
        let folder = try TemporaryFolder()
        var shelf = Shelf()
        let layer = shelf.addBlob(try archive(in: folder).bytes, .ociLayer)
        let first = shelf.addImage(layer, layer.digest, tag: "v1")
        var configuration = ImageConfig(platform: PlatformMatch.host(), diffIDs: [layer.digest])
        configuration.author = "somebody else"
        let config = shelf.addBlob(configuration.json(), .ociConfig)
        let second = shelf.add(.ociManifest, ImageManifest(config: config, layers: [layer]).json())
        shelf.heads["v1"] = head(first, second)
        return (shelf, first, second)
    }

    private static func head(
        _ digest: Digest, size: Int64, type: MediaType = .ociManifest
    ) -> [String: String] {
        ["Content-Type": type.name, "Content-Length": "\(size)", "Docker-Content-Digest": "\(digest)"]
    }

    /// The digest is what counts, as for Docker: what comes by it is checked, whatever size was announced.
    @Test func headOfAnotherSize() async throws {
        let (shelf, first, second) = try contradictory { Self.head($1.digest, size: $1.size + 1000) }
        try await with(shelf) { transfer, server async throws in
            let name = "\(server.host)/team/app:v1"
            // What is not known is not asked for by HEAD.
            #expect(try await transfer.pull(name).image.manifest == first.digest)
            let pulled = try await transfer.pull(name)
            #expect(pulled.image.manifest == second.digest && pulled.isNew)
            #expect(try transfer.store.resolve(name).manifest == second.digest)
            #expect(try transfer.store.verify(isDeep: true) == [])
        }
    }

    /// What was there before stays, whole, and nothing else comes.
    private func expectsFirst(_ shelf: Shelf, _ first: Descriptor) async throws -> String {
        var text = "it was pulled"
        try await with(shelf) { transfer, server async throws in
            let name = "\(server.host)/team/app:v1"
            _ = try await transfer.pull(name)
            let usage = try transfer.store.diskUsage()
            do {
                _ = try await transfer.pull(name)
            } catch {
                text = "\(error)"
            }
            #expect(try transfer.store.images().map(\.manifest) == [first.digest])
            #expect(try transfer.store.resolve(name).manifest == first.digest)
            #expect(try transfer.store.diskUsage() == usage)
            #expect(try transfer.store.verify(isDeep: true) == [])
        }
        #expect(!text.contains("\n"))
        return text
    }

    @Test func headOfADigestThatNothingHas() async throws {
        let nothing = DigestHasher.digest(of: [1])
        let (shelf, first, _) = try contradictory { first, _ in Self.head(nothing, size: first.size) }
        let text = try await expectsFirst(shelf, first)
        #expect(text.hasPrefix("manifest v1 of ") && text.contains("404 Not Found"), "\(text)")
    }

    @Test func headOfADigestThatGetDoesNotDeliver() async throws {
        let nothing = DigestHasher.digest(of: [1])
        let made = try contradictory { _, second in Self.head(nothing, size: second.size) }
        var shelf = made.shelf
        shelf.other = shelf.manifests["\(made.second.digest)"]
        let text = try await expectsFirst(shelf, made.first)
        #expect(text.hasSuffix("its digest is \(made.second.digest), not \(nothing)"), "\(text)")
    }

    @Test func headOfAnotherType() async throws {
        let (shelf, first, _) = try contradictory { first, _ in
            Self.head(first.digest, size: first.size, type: .ociIndex)
        }
        let text = try await expectsFirst(shelf, first)
        #expect(text.contains("it is called \(MediaType.ociIndex.name) and calls itself"), "\(text)")
    }

    // MARK: Indexes

    /// - Parameter depth: indexes in each other, of which the innermost has the image.
    private func nested(_ depth: Int) throws -> (Shelf, outermost: Descriptor) {
        let folder = try TemporaryFolder()
        var shelf = Shelf()
        let layer = shelf.addBlob(try archive(in: folder).bytes, .ociLayer)
        var inner = shelf.addImage(layer, layer.digest)
        for level in 1...depth {
            let index = ImageIndex(manifests: [inner])
            inner = shelf.add(.ociIndex, index.json(), tag: level == depth ? "v1" : nil)
        }
        return (shelf, inner)
    }

    @Test(arguments: [2, 8])
    func indexesInIndexes(depth: Int) async throws {
        let (shelf, outermost) = try nested(depth)
        try await with(shelf) { transfer, server async throws in
            let pulled = try await transfer.pull("\(server.host)/team/app:v1")
            #expect(pulled.digest == outermost.digest)
            let rootfs = try transfer.store.rootFilesystem(of: pulled.image)
            #expect(access(rootfs.lowerDirectories[0] + "/file", R_OK) == 0)
            #expect(try transfer.store.verify() == [])
        }
    }

    @Test func indexesThatAreDeeperThanAnybodyMakesThem() async throws {
        let text = try await refusal(try nested(9).0)
        #expect(text.hasSuffix("indexes in indexes, deeper than 8"), "\(text)")
    }

    /// None can name itself by its digest. A registry that gives one for every digest is found out at the first.
    @Test func anIndexThatLeadsToItself() async throws {
        var shelf = Shelf()
        let some = DigestHasher.digest(of: [1])
        let index = ImageIndex(manifests: [Descriptor(mediaType: .ociIndex, digest: some, size: 300)])
        let own = shelf.add(.ociIndex, index.json(), tag: "v1")
        shelf.other = shelf.manifests["v1"]
        let text = try await refusal(shelf) { requests in
            #expect(requests.count { $0.path.contains("/manifests/") } <= 6, "\(requests.map(\.target))")
        }
        #expect(text.contains("its digest is \(own.digest), not \(some)"), "\(text)")
    }
}
