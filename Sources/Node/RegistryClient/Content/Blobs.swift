import ImageStore
import NIOHTTP1
import OCISpec

extension Repository {
    /// A blob's bytes as they come, never more than a few pieces in memory; see `BlobDownload`.
    /// - Parameters:
    ///   - verified: the digest is checked here. False where the consumer computes it anyway.
    ///   - offset: where to begin; the rest of a blob is never verified here.
    public func blob(_ descriptor: Descriptor, verified: Bool = true, from offset: Int64 = 0) -> BlobDownload
    {
        BlobDownload(repository: self, descriptor: descriptor, offset: offset, isVerified: verified)
    }

    /// A small blob, whole: an image's configuration.
    /// - Parameter limit: bytes.
    /// - Throws: `RegistryError`: `.limit` when it is larger; `.interrupted` when it does not come in the time of a document.
    public func smallBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        if descriptor.size > limit {
            throw RegistryError(
                .limit,
                "\(descriptor.digest) has \(descriptor.size) bytes; \(limit) are the most for a document")
        }
        do {
            return try await runner.transport.inTime {
                var bytes: [UInt8] = []
                bytes.reserveCapacity(Int(descriptor.size))
                for try await chunk in blob(descriptor) { bytes += chunk.readableBytesView }
                return bytes
            }
        } catch let error as RegistryError where error.symptom == .timeout {
            throw error.within("blob \(descriptor.digest) of \(name)")
        }
    }

    /// Whether the server that is pushed to has a blob.
    public func hasBlob(_ digest: Digest) async throws -> Bool {
        try await pushing("blob \(digest) of \(name)") { try await hasBlob(digest, at: $0) }
    }

    func hasBlob(_ digest: Digest, at endpoint: RegistryEndpoint) async throws -> Bool {
        do {
            _ = try await run(request(.HEAD, "blobs/\(digest)", actions: ["pull", "push"]), at: endpoint)
            return true
        } catch let error as RegistryError where error.kind == .notFound {
            return false
        }
    }
}
