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
