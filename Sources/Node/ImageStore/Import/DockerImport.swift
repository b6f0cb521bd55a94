import OCISpec

/// Finds the images of an archive that `docker save` wrote before version 25, or podman in that format. It
/// has no manifests and no digests of blobs, only of the uncompressed layers: the manifest is made here, as
/// an OCI manifest of the blobs as they are.
struct DockerImport {
    let files: any ImageFiles
    let platform: PlatformMatch
    let limits: ImportLimits
    let note: (String) -> Void

    func images() throws -> [IncomingImage] {
        guard let bytes = try files.document("manifest.json", limits: limits) else { return [] }
        let entries = try within("manifest.json") { try [DockerArchiveEntry](json: bytes) }
        if entries.isEmpty { throw ImageError.corrupt("manifest.json has no images") }
        return try entries.map(image)
    }

    private func image(_ entry: DockerArchiveEntry) throws -> IncomingImage {
        let names = try entry.repoTags.map(Self.name)
        guard let config = try files.document(entry.config, limits: limits) else {
            throw ImageError.corrupt("'\(shown(Array(entry.config.utf8)))' is missing")
        }
        let configDigest = DigestHasher.digest(of: config)
        let diffIDs = try within("configuration '\(shown(Array(entry.config.utf8)))'") {
            try ImageConfig(json: config).diffIDs
        }
        if diffIDs.count != entry.layers.count {
            throw ImageError.corrupt(
                "the configuration has \(diffIDs.count) layers, manifest.json \(entry.layers.count)")
        }
        // The configuration names itself by its digest, wherever the archive was made.
        try checkName(entry.config, configDigest)
        var paths: [Digest: String] = [:]
        let layers = try zip(entry.layers, diffIDs).map { path, diffID in
            let descriptor = try within("layer '\(shown(Array(path.utf8)))'") { try describe(path, diffID) }
            paths[descriptor.digest] = path
            return descriptor
        }
        let manifest = ImageManifest(
            config: Descriptor(mediaType: .ociConfig, digest: configDigest, size: Int64(config.count)),
            layers: layers
        ).json()
        let found = paths
        let image = try IncomingImage(
            manifest: manifest,
            descriptor: Descriptor(
                mediaType: .ociManifest, digest: DigestHasher.digest(of: manifest),
                size: Int64(manifest.count)),
            names: names, limits: limits,
            configuration: { _ in config },
            origin: { [files] descriptor in .archive { try files.open(found[descriptor.digest]!)!.source } })
        if !platform.accepts(image.platform) {
            note("\(image.config.short) is for \(image.platform), this is \(platform.wanted)")
        }
        return image
    }

    /// As with docker, a digest alone is none: `latest` would be a name that nobody has given.
    private static func name(_ text: String) throws -> ImageReference {
        let name = try ImageReference(text)
        if name.digest != nil, name.tag == nil {
            throw ImageError.corrupt("manifest.json: '\(name)' is no name with a tag")
        }
        return name.tagged
    }

    private func checkName(_ path: String, _ digest: Digest) throws {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.hasSuffix(".json") ? String(name.dropLast(".json".count)) : name
        if let named = Digest(.sha256, hex: stem), named != digest {
            throw ImageError.corrupt(
                "the configuration '\(shown(Array(path.utf8)))' has the digest \(digest)")
        }
    }

    /// The descriptor of a layer. Of an uncompressed one the configuration has the digest; of a compressed
    /// one it has to be computed, since only what it unpacks to is known.
    private func describe(_ path: String, _ diffID: Digest) throws -> Descriptor {
        guard let (source, size) = try files.open(path) else { throw ImageError.corrupt("it is missing") }
        let start = PeekableSource(source)
        let compression = Compression(signature: try start.peek())
        let type = try compression.layerType()
        if compression == .none { return Descriptor(mediaType: type, digest: diffID, size: size) }
        let hashing = HashingSource(start, .sha256)
        try hashing.drain()
        return Descriptor(mediaType: type, digest: hashing.digest, size: size)
    }
}
