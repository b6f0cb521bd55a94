import LinuxKernel
import OCISpec

/// The form of a saved archive.
public enum SaveFormat: Sendable {
    /// As `docker save` from version 25 on writes it: an OCI layout with a manifest.json beside its index.
    /// Every version of `docker load`, podman and skopeo reads it, as a Docker archive or, unless the image's manifest is
    /// Docker's, as an OCI archive.
    case docker
    /// An OCI layout and nothing else. A manifest of Docker's becomes one of OCI, as with podman and skopeo: OCI's tools
    /// do not find others in a layout.
    case oci
}

extension ImageStore {
    /// Writes images with their names into one archive. Blobs and manifests are written as they came, byte by
    /// byte, so that every digest stays, but for Docker's manifests in an OCI archive (`SaveFormat.oci`).
    ///
    /// - Parameters:
    ///   - images: as for `resolve`. By a name the archive has that name; by an id all of the image's names.
    ///   - output: an open descriptor, which stays the caller's.
    ///   - outputName: for messages.
    public func save(
        _ images: [String], format: SaveFormat = .docker, to output: Int32, outputName: String
    ) throws {
        let lease = try catalog.makeLease("save")
        defer { release(lease) }
        let entries = try catalog.writeVolatile { database in
            let entries = try images.map { text in
                let text = try Self.meaning(database, text)
                let image = try Self.resolve(database, text)
                return (image, try Self.savedNames(of: image, meantBy: text))
            }
            try Catalog.pin(database, lease, .content, entries.map(\.0.manifest.description))
            return entries
        }
        let tar = TarWriter(try FileDescriptor.duplicate(output, name: outputName), name: outputName)
        try SavedArchive(store: self, format: format).write(entries.map { ($0, $1) }, to: tar)
    }

    private static func savedNames(of image: ImageRecord, meantBy text: String) throws -> [ImageReference] {
        guard let reference = try? ImageReference(text), reference.digest == nil,
            image.names.contains(reference.withDefaultTag)
        else { return image.names }
        return [reference.withDefaultTag]
    }
}

private struct SavedArchive {
    let store: ImageStore
    let format: SaveFormat

    func write(_ images: [(image: ImageRecord, names: [ImageReference])], to tar: borrowing TarWriter) throws
    {
        var written: Set<Digest> = []
        var manifests: [Descriptor] = []
        var listing: [DockerArchiveEntry] = []
        for folder in ["blobs", "blobs/sha256"] { try tar.folder(folder) }
        for (image, names) in images {
            let stored = try store.content(image.manifest)
            let manifest = try within("manifest \(image.manifest)") { try ImageManifest(json: stored) }
            let isRewritten = format == .oci && manifest.mediaType == .dockerManifest
            let bytes = isRewritten ? manifest.inOCI.json() : stored
            let descriptor = Descriptor(
                mediaType: isRewritten ? .ociManifest : manifest.mediaType ?? .ociManifest,
                digest: isRewritten ? DigestHasher.digest(of: bytes) : image.manifest,
                size: Int64(bytes.count),
                platform: image.platform.architecture.isEmpty ? nil : image.platform)
            if isRewritten, written.insert(descriptor.digest).inserted {
                try tar.file(StoreFolder.blobPath(descriptor.digest), bytes)
            }
            for blob in [descriptor, manifest.config] + manifest.layers
            where written.insert(blob.digest).inserted {
                do {
                    try tar.file(
                        StoreFolder.blobPath(blob.digest), size: blob.size,
                        from: VerifyingSource(
                            try FileRangeSource(try store.folder.openBlob(blob.digest)), digest: blob.digest,
                            size: blob.size))
                } catch let error as ImageError {
                    throw error.within("image \(image.shownName): \(blob.digest)")
                }
            }
            manifests += Self.named(descriptor, names)
            add(
                DockerArchiveEntry(
                    config: StoreFolder.blobPath(manifest.config.digest), repoTags: names.map(\.familiar),
                    layers: manifest.layers.map { StoreFolder.blobPath($0.digest) }), to: &listing)
        }
        try tar.file("index.json", ImageIndex(manifests: manifests).json())
        if format == .docker { try tar.file("manifest.json", listing.json()) }
        try tar.file("oci-layout", ImageLayout().json())
        try tar.finish()
    }

    /// One entry for each name, with both annotations that are in use for it.
    private static func named(_ descriptor: Descriptor, _ names: [ImageReference]) -> [Descriptor] {
        if names.isEmpty { return [descriptor] }
        return names.map { name in
            var named = descriptor
            named.annotations["io.containerd.image.name"] = name.description
            named.annotations["org.opencontainers.image.ref.name"] = name.tag
            return named
        }
    }

    /// The same image under two names is one entry.
    private func add(_ entry: DockerArchiveEntry, to listing: inout [DockerArchiveEntry]) {
        if let index = listing.firstIndex(where: { $0.config == entry.config && $0.layers == entry.layers }) {
            listing[index].repoTags += entry.repoTags.filter { !listing[index].repoTags.contains($0) }
        } else {
            listing.append(entry)
        }
    }
}
