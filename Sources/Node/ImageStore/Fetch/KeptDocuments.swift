import OCISpec

/// What the store has of a repository's documents, which a pull then need not fetch. Only of images that have come by
/// a name of the same repository: who knows a digest and no more must not get by it what no registry gave him.
package struct KeptDocuments: Sendable {
    private let store: ImageStore
    private let repository: ImageReference

    package init(_ store: ImageStore, of repository: ImageReference) {
        self.store = store
        self.repository = repository
    }

    /// A manifest, or the index that an image came by.
    /// - Returns: nil unless it is there, and is what its digest says.
    package func manifest(_ digest: Digest) throws -> [UInt8]? {
        try document(digest, of: digest)
    }

    /// The configuration that a manifest names.
    /// - Returns: as `manifest`.
    package func configuration(_ descriptor: Descriptor, of manifest: Digest) throws -> [UInt8]? {
        let bytes = try document(descriptor.digest, of: manifest)
        return bytes.flatMap { Int64($0.count) == descriptor.size ? $0 : nil }
    }

    private func document(_ digest: Digest, of image: Digest) throws -> [UInt8]? {
        let isThere = try store.catalog.read { database in
            try Catalog.image(database, repository: repository, digest: image) != nil
                && Catalog.contentSize(database, digest) != nil
        }
        // One that is damaged is fetched.
        guard isThere, let bytes = try? store.content(digest),
            DigestHasher.digest(of: bytes, digest.algorithm) == digest
        else { return nil }
        return bytes
    }
}
