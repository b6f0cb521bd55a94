import OCISpec

/// An image that comes in, with its documents verified and its layers still to be read: from an archive, or
/// from a registry.
package struct IncomingImage: Sendable {
    /// One layer: what it should be, and where its bytes come from.
    package struct Layer: Sendable {
        package let descriptor: Descriptor
        package let diffID: Digest
        package let chain: ChainID
        package let origin: Origin
    }

    /// Where a layer's blob comes from.
    package enum Origin: Sendable {
        /// A file of an archive, read from its beginning to its end; called when the bytes are needed.
        case archive(@Sendable () throws -> any ByteSource)
        /// The network.
        case remote(BlobSource)
    }

    package let manifest: Digest
    package let config: Digest
    package let layers: [Layer]
    package let platform: Platform
    package let created: String?
    /// What names are given for: the index that led here, else the manifest.
    package let target: Digest
    package private(set) var names: [ImageReference]
    /// Manifest, configuration and the indexes above, byte by byte.
    package let documents: [Digest: [UInt8]]
    /// Which document needs which blob.
    package let links: [(parent: Digest, child: Digest)]

    /// - Parameters:
    ///   - manifest: verified bytes, and what they were found under.
    ///   - indexes: verified documents that led to the manifest, the outermost first.
    ///   - configuration: gives the verified bytes of the configuration.
    ///   - origin: says where a layer's blob comes from.
    package init(
        manifest bytes: [UInt8], descriptor: Descriptor, indexes: [(digest: Digest, bytes: [UInt8])] = [],
        names: [ImageReference], limits: ImportLimits,
        configuration: (Descriptor) throws -> [UInt8],
        origin: (Descriptor) -> Origin
    ) throws {
        let manifest = try within("manifest \(descriptor.digest)") {
            let manifest = try ImageManifest(json: bytes)
            try Self.check(manifest, descriptor.mediaType, limits)
            return manifest
        }
        let configBytes = try configuration(manifest.config)
        if !manifest.config.mediaType.isConfig, !ImageConfig.isOne(configBytes) {
            throw Self.isArtifact(manifest).within("manifest \(descriptor.digest)")
        }
        let config = try within("configuration \(manifest.config.digest)") {
            let config = try ImageConfig(json: configBytes)
            if config.diffIDs.count != manifest.layers.count {
                throw ImageError.corrupt(
                    "it has \(config.diffIDs.count) layers, the manifest \(manifest.layers.count)")
            }
            return config
        }
        self.manifest = descriptor.digest
        self.config = manifest.config.digest
        platform = config.platform
        created = config.created
        target = indexes.first?.digest ?? descriptor.digest
        self.names = names
        let chains = ChainID.chains(of: config.diffIDs)
        layers = manifest.layers.indices.map { index in
            let layer = manifest.layers[index]
            return Layer(
                descriptor: layer, diffID: config.diffIDs[index], chain: chains[index], origin: origin(layer))
        }
        var documents = [descriptor.digest: bytes, manifest.config.digest: configBytes]
        var links = [(parent: descriptor.digest, child: manifest.config.digest)]
        links += manifest.layers.map { (descriptor.digest, $0.digest) }
        for (above, below) in zip(indexes, indexes.dropFirst().map(\.digest) + [descriptor.digest]) {
            documents[above.digest] = above.bytes
            links.append((above.digest, below))
        }
        self.documents = documents
        self.links = links
    }

    /// The same image with more names.
    func adding(names more: [ImageReference]) -> IncomingImage {
        var image = self
        image.names += more.filter { !names.contains($0) }
        return image
    }

    private static func check(_ manifest: ImageManifest, _ type: MediaType, _ limits: ImportLimits) throws {
        guard manifest.mayBeImage(as: type) else { throw isArtifact(manifest) }
        for layer in manifest.layers where layer.mediaType.layerCompression == nil {
            throw ImageError(
                .unsupported,
                "layer \(layer.digest) has the unknown type \(shown(Array(layer.mediaType.name.utf8)))")
        }
        if manifest.layers.count > limits.layers {
            throw ImageError(.limit, "it has \(manifest.layers.count) layers; \(limits.layers) are the most")
        }
    }

    private static func isArtifact(_ manifest: ImageManifest) -> ImageError {
        let type = manifest.artifactType ?? manifest.config.mediaType
        return ImageError(
            .unsupported, "it is an artifact of type \(shown(Array(type.name.utf8))), not an image")
    }
}
