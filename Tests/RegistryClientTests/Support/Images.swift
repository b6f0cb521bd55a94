import ImageStore
import OCISpec
import RegistryClient

/// A manifest with a configuration and layers, none of which need to mean anything to a registry.
struct TestImage: Sendable {
    let layers: [[UInt8]]
    let config: [UInt8]
    let manifest: ManifestContent

    init(layers: [[UInt8]], type: MediaType = .ociManifest) {
        self.layers = layers
        let isDocker = type == .dockerManifest
        var configuration = ImageConfig(
            platform: Platform(os: "linux", architecture: "amd64"),
            diffIDs: layers.map { DigestHasher.digest(of: $0) })
        configuration.author = "test"
        config = configuration.json()
        let descriptors = layers.map {
            Descriptor(
                mediaType: isDocker ? .dockerLayer : .ociLayer, digest: DigestHasher.digest(of: $0),
                size: Int64($0.count))
        }
        let document = ImageManifest(
            mediaType: type,
            config: Descriptor(
                mediaType: isDocker ? .dockerConfig : .ociConfig, digest: DigestHasher.digest(of: config),
                size: Int64(config.count)),
            layers: descriptors)
        manifest = Self.content(type, document.json())
    }

    var blobs: [[UInt8]] { layers + [config] }

    static func content(_ type: MediaType, _ bytes: [UInt8]) -> ManifestContent {
        ManifestContent(
            descriptor: Descriptor(
                mediaType: type, digest: DigestHasher.digest(of: bytes), size: Int64(bytes.count)),
            bytes: bytes)
    }

    /// Pushes all of it.
    func push(to repository: Repository, tag: String) async throws {
        for blob in blobs {
            _ = try await repository.push(BlobContent(digest: DigestHasher.digest(of: blob), bytes: blob))
        }
        try await repository.push(manifest, as: .tag(tag))
    }
}
