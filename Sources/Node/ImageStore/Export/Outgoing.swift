import GRDB
import LinuxKernel
import OCISpec

/// An image on its way out, to a registry: documents and blobs that stay where they are as long as this lives.
public struct OutgoingImage: Sendable {
    /// A manifest or an index, byte by byte as it came.
    public struct Document: Sendable {
        public let descriptor: Descriptor
        public let bytes: [UInt8]
    }

    /// What to push, each after what it names; the last one is what a tag is for.
    public let documents: [Document]
    /// Configuration and layers, each once.
    public let blobs: [Descriptor]
    /// Whether the image came as one of several platforms, which are not all here: then only its own manifest goes
    /// out.
    public let isPartOfIndex: Bool
    private let lease: Lease
    private let store: ImageStore

    fileprivate init(_ store: ImageStore, _ image: ImageRecord, name: ImageReference?) throws {
        self.store = store
        lease = try store.catalog.makeLease("push \(image.shownName)")
        let manifest = try store.manifest(image)
        let own = Document(
            descriptor: Descriptor(
                mediaType: manifest.mediaType ?? .ociManifest, digest: image.manifest,
                size: Int64(try store.content(image.manifest).count)),
            bytes: try store.content(image.manifest))
        var blobs: [Descriptor] = []
        for blob in [manifest.config] + manifest.layers
        where !blobs.contains(where: { $0.digest == blob.digest }) {
            blobs.append(blob)
        }
        self.blobs = blobs
        let target = try store.catalog.read { try Catalog.target($0, of: image, name: name) }
        let indexes = try Self.completeIndexes(store, from: target, to: own)
        documents = [own] + (indexes ?? [])
        isPartOfIndex = indexes == nil
        let keys = (documents.map(\.descriptor.digest) + blobs.map(\.digest)).map(\.description)
        try store.catalog.writeVolatile { database in
            try Catalog.pin(database, lease, .content, keys)
            for blob in blobs where try Catalog.contentSize(database, blob.digest) == nil {
                throw ImageError.corrupt("image \(image.shownName): its blob \(blob.digest) is missing")
            }
        }
    }

    /// The indexes that led to the manifest, the innermost first; nil when they name others that are not here.
    private static func completeIndexes(
        _ store: ImageStore, from target: Digest, to manifest: Document
    ) throws -> [Document]? {
        if target == manifest.descriptor.digest { return [] }
        let bytes = try store.content(target)
        let index = try within("index \(target)") { try ImageIndex(json: bytes) }
        guard index.manifests.count == 1 else { return nil }
        guard let inner = try completeIndexes(store, from: index.manifests[0].digest, to: manifest) else {
            return nil
        }
        let descriptor = Descriptor(
            mediaType: index.mediaType ?? .ociIndex, digest: target, size: Int64(bytes.count))
        return inner + [Document(descriptor: descriptor, bytes: bytes)]
    }

    /// Nobody reads it any more.
    public func end() { store.release(lease) }

    /// Opens a blob for reading.
    public func open(_ digest: Digest) throws -> FileDescriptor {
        try StoreFolder.openBlob(digest, in: store.folder.root)
    }

    /// Other repositories of a registry that images with this blob came from, or were named for: the registry may
    /// have it there.
    public func repositories(with digest: Digest, in domain: String) throws -> [String] {
        let names = try store.catalog.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM name JOIN content_link ON content_link.parent = name.manifest
                    WHERE content_link.child = ? ORDER BY name.updated DESC
                    """, arguments: [digest.description])
        }
        var paths: [String] = []
        for name in try names.map({ try ImageReference($0) }) where name.domain == domain {
            if !paths.contains(name.path) { paths.append(name.path) }
        }
        return paths
    }
}

extension ImageStore {
    /// - Parameter name: under which it goes out, if it has one: an image may have come by several indexes.
    public func outgoing(_ image: ImageRecord, name: ImageReference? = nil) throws -> OutgoingImage {
        try whileThere(image) { try OutgoingImage(self, image, name: name) }
    }
}

extension Catalog {
    /// What a name was given for, else what any of the image's names was: an index, or the manifest itself.
    static func target(_ database: Database, of image: ImageRecord, name: ImageReference? = nil) throws
        -> Digest
    {
        let found = try String.fetchOne(
            database, sql: "SELECT target FROM name WHERE manifest = ? ORDER BY name = ? DESC, updated DESC",
            arguments: [image.manifest.description, name?.description ?? ""])
        return try found.map { try Digest($0) } ?? image.manifest
    }
}
