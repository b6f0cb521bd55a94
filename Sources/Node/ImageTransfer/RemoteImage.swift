import ImageStore
import OCISpec
import RegistryClient

/// An image as its registry has it, for one platform.
struct RemoteImage: Sendable {
    let reference: ImageReference
    let manifest: ManifestContent
    let document: ImageManifest
    /// What led to the manifest, the outermost first.
    let indexes: [ManifestContent]

    /// What the reference names.
    var target: Digest { (indexes.first ?? manifest).descriptor.digest }

    /// How deep indexes may be in each other: one that names itself would have no end.
    private static let maximumDepth = 8

    static func find(
        _ reference: ImageReference, in repository: Repository, _ platform: PlatformMatch, mustMatch: Bool
    ) async throws -> RemoteImage {
        var content = try await repository.manifest(ManifestReference(reference))
        var indexes: [ManifestContent] = []
        while true {
            switch try content.image() {
            case .image(let document):
                // Registries do not have those: their bytes are with their owner, who is asked by nobody here.
                if let layer = document.layers.first(where: \.mediaType.isNondistributable) {
                    throw RegistryError(
                        .unsupported,
                        "\(reference.familiar): layer \(layer.digest) is a foreign one, which is not fetched")
                }
                return RemoteImage(
                    reference: reference, manifest: content, document: document, indexes: indexes)
            case .index(let index):
                if indexes.count == maximumDepth {
                    throw RegistryError(
                        .unsupported, "\(reference.familiar): indexes in indexes, deeper than \(maximumDepth)"
                    )
                }
                indexes.append(content)
                let chosen = try choose(index, platform, reference, mustMatch: mustMatch)
                content = try await fetch(chosen, from: repository)
            }
        }
    }

    private static func fetch(
        _ descriptor: Descriptor, from repository: Repository
    ) async throws -> ManifestContent {
        let content = try await repository.manifest(.digest(descriptor.digest))
        if content.descriptor.size != descriptor.size {
            throw RegistryError(
                .corrupt,
                "manifest \(descriptor.digest) has \(content.descriptor.size) bytes, not \(descriptor.size)")
        }
        return content
    }

    private static func choose(
        _ index: ImageIndex, _ platform: PlatformMatch, _ reference: ImageReference, mustMatch: Bool
    ) throws -> Descriptor {
        if let found = platform.choose(index.manifests) { return found }
        let candidates = index.manifests.filter { !$0.isAttestation }
        let unnamed = candidates.filter { $0.platform == nil }
        if unnamed.count == 1 { return unnamed[0] }
        let offered = candidates.compactMap { $0.platform?.description }.joined(separator: ", ")
        throw RegistryError(
            .unsupported,
            "\(reference.familiar): no image for \(platform.wanted)"
                + (offered.isEmpty ? "" : ": there are \(offered)"))
    }

    /// For the store.
    func incoming(
        limits: ImportLimits, configuration: [UInt8], origin: (Descriptor) -> IncomingImage.Origin
    ) throws -> IncomingImage {
        try IncomingImage(
            manifest: manifest.bytes, descriptor: manifest.descriptor,
            indexes: indexes.map { ($0.descriptor.digest, $0.bytes) },
            names: [reference.digest == nil ? reference : reference.with(digest: reference.digest!)],
            limits: limits, configuration: { _ in configuration }, origin: origin)
    }
}
