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

    /// - Parameters:
    ///   - kept: what need not be fetched.
    ///   - isKnown: whether the store has something by this name. Then the registry is asked what it means, and seldom
    ///     has to send it; else that would be a question more.
    static func find(
        _ reference: ImageReference, in repository: Repository, _ platform: PlatformMatch,
        _ kept: KeptDocuments, isKnown: Bool
    ) async throws -> RemoteImage {
        let name = ManifestReference(reference)
        var content =
            isKnown
            ? try await repository.manifest(name, unlessKept: { try kept.manifest($0) })
            : try await repository.manifest(name)
        var indexes: [ManifestContent] = []
        while true {
            switch try kind(content, reference) {
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
                let chosen = try choose(index, platform, reference)
                content = try await manifest(chosen, in: repository, kept)
            }
        }
    }

    /// A refusal says what was asked for: who gave a tag knows no digest.
    private static func kind(
        _ content: ManifestContent, _ reference: ImageReference
    ) throws -> ManifestContent.Kind {
        do {
            return try content.image()
        } catch let error as RegistryError {
            throw error.within(reference.familiar)
        }
    }

    private static func manifest(
        _ descriptor: Descriptor, in repository: Repository, _ kept: KeptDocuments
    ) async throws -> ManifestContent {
        let content: ManifestContent
        if let bytes = try kept.manifest(descriptor.digest) {
            content = try ManifestContent(kept: bytes, descriptor.digest)
        } else {
            content = try await repository.manifest(.digest(descriptor.digest))
        }
        if content.descriptor.size != descriptor.size {
            throw RegistryError(
                .corrupt,
                "manifest \(descriptor.digest) has \(content.descriptor.size) bytes, not \(descriptor.size)")
        }
        return content
    }

    private static func choose(
        _ index: ImageIndex, _ platform: PlatformMatch, _ reference: ImageReference
    ) throws -> Descriptor {
        if let found = platform.choose(index.manifests) { return found }
        let offered = PlatformMatch.offered(index.manifests)
        throw RegistryError(
            .unsupported,
            "\(reference.familiar): no image for \(platform.wanted)"
                + (offered.isEmpty ? "" : ": there are \(offered)"))
    }

    /// The bytes of its configuration.
    /// - Parameter limit: how many at most.
    func configuration(
        in repository: Repository, _ kept: KeptDocuments, limit: Int
    ) async throws -> [UInt8] {
        if let bytes = try kept.configuration(document.config, of: manifest.descriptor.digest) {
            return bytes
        }
        return try await repository.smallBlob(document.config, limit: limit)
    }

    /// For the store.
    func incoming(
        limits: ImportLimits, configuration: [UInt8], origin: (Descriptor) -> IncomingImage.Origin
    ) throws -> IncomingImage {
        do {
            return try IncomingImage(
                manifest: manifest.bytes, descriptor: manifest.descriptor,
                indexes: indexes.map { ($0.descriptor.digest, $0.bytes) },
                names: [reference.digest == nil ? reference : reference.with(digest: reference.digest!)],
                limits: limits, configuration: { _ in configuration }, origin: origin)
        } catch let error as ImageError {
            throw ImageError(error.kind, "\(reference.familiar): \(error)")
        }
    }
}
