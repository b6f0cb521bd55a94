import ImageStore
import LinuxKernel
import OCISpec
import RegistryClient

extension ImageTransfer {
    /// Puts an image of the store into its registry, manifests byte by byte as they are here.
    /// - Parameters:
    ///   - image: as for `ImageStore.resolve`.
    ///   - destination: what it is called there; nil: as here, and where it was found if that took a search. A digest
    ///     in it has to be the image's own.
    ///   - credential: instead of a stored one.
    /// - Throws: `ImageError`, `RegistryError`, `KernelError`.
    public func push(
        _ image: String, to destination: String? = nil, credential: Credential? = nil,
        progress: @escaping @Sendable (PushProgress) -> Void = { _ in }
    ) async throws -> PushedImage {
        let image = try store.fullName(of: image)
        let record = try store.resolve(image)
        let reference = try ImageReference(destination ?? image).withDefaultTag
        let outgoing = try store.outgoing(record, name: try? ImageReference(image).withDefaultTag)
        defer { outgoing.end() }
        let target = outgoing.documents.last!.descriptor
        if let digest = reference.digest, digest != target.digest {
            throw ImageError(
                .invalid, "\(reference.familiar) is not what would be pushed: that is \(target.digest)")
        }
        let repository = try client.repository(reference, credential: credential)
        try await pushBlobs(of: outgoing, to: repository, reference, progress)
        for document in outgoing.documents {
            let content = ManifestContent(descriptor: document.descriptor, bytes: document.bytes)
            let isLast = document.descriptor.digest == target.digest
            let tag = reference.tag.map { ManifestReference.tag($0) }
            try await repository.push(
                content, as: (isLast ? tag : nil) ?? .digest(document.descriptor.digest))
        }
        return PushedImage(
            reference: reference, descriptor: target,
            onlyPlatform: outgoing.isPartOfIndex ? record.platform : nil)
    }

    /// Several at a time, as with Docker's three layers in the other direction.
    private func pushBlobs(
        of image: OutgoingImage, to repository: Repository, _ reference: ImageReference,
        _ progress: @escaping @Sendable (PushProgress) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in image.blobs.enumerated() {
                if index >= 3 { try await group.next() }
                group.addTask {
                    try await Self.push(blob, of: image, to: repository, reference, progress)
                }
            }
            try await group.waitForAll()
        }
    }

    private static func push(
        _ blob: Descriptor, of image: OutgoingImage, to repository: Repository, _ reference: ImageReference,
        _ progress: @escaping @Sendable (PushProgress) -> Void
    ) async throws {
        let content = try BlobContent(
            digest: blob.digest, size: blob.size, file: try image.open(blob.digest))
        let others = try image.repositories(with: blob.digest, in: reference.domain)
        let outcome = try await repository.push(content, mountFrom: others.first { $0 != reference.path }) {
            progress(.sending(blob.digest, done: $0, total: blob.size))
        }
        progress(.done(blob.digest, outcome, total: blob.size))
    }
}
