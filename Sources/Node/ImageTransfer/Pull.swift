import ImageStore
import NIOCore
import OCISpec
import RegistryClient

extension ImageTransfer {
    /// Brings an image into the store, as it is in its registry; what is there already is not fetched again, but the
    /// registry is always asked, and whoever it refuses gets nothing.
    ///
    /// Layers come several at a time and are unpacked while they come. When it is interrupted nothing of the image
    /// is visible, and what was downloaded stays for the next pull.
    /// - Parameters:
    ///   - name: as users write it, with a tag, a digest or both. A short one may be in several registries.
    ///   - platform: which of several; nil: the one for this machine.
    ///   - credential: instead of a stored one.
    ///   - isAccepted: whether the policy of this machine lets an image in, asked before any layer is fetched, with
    ///     the digests of what the name means and of the platform's manifest; throws when it does not.
    ///   - progress: called from several threads.
    /// - Throws: `RegistryError`, of a search one that says of each registry why it has nothing; `ImageError`,
    ///   `KernelError`.
    public func pull(
        _ name: String, platform: Platform? = nil, credential: Credential? = nil,
        isAccepted: @Sendable (ImageReference, [Digest], Repository) async throws -> Void = { _, _, _ in },
        progress: ProgressHandler? = nil
    ) async throws -> PulledImage {
        let image = try await ShortNameSearch.first(
            of: try client.candidates(for: name), passedOver: { progress?(.message("\($0)")) }
        ) { reference in
            try await pull(reference, platform, credential, isAccepted, progress)
        }
        return try image.remembered(name, store)
    }

    private func pull(
        _ reference: ImageReference, _ platform: Platform?, _ credential: Credential?,
        _ isAccepted: @Sendable (ImageReference, [Digest], Repository) async throws -> Void,
        _ progress: ProgressHandler?
    ) async throws -> PulledImage {
        let reference = reference.withDefaultTag
        let repository = try client.repository(reference, credential: credential)
        // The image may be there under this name already, and complete: the session finds that out by itself.
        let before = try known(reference)
        let kept = KeptDocuments(store, of: reference)
        let found = try await RemoteImage.find(
            reference, in: repository, PlatformMatch(platform), kept, isKnown: before != nil)
        // Signatures are made for either.
        let platformDigest = found.manifest.descriptor.digest
        try await isAccepted(
            reference, found.target == platformDigest ? [platformDigest] : [found.target, platformDigest],
            repository)
        let incoming = try found.incoming(
            limits: store.limits,
            configuration: try await found.configuration(
                in: repository, kept, limit: store.limits.documentBytes),
            origin: { layer in .remote(source(layer, repository)) })
        let match = PlatformMatch(platform)
        if !match.accepts(incoming.platform) {
            if let platform {
                throw ImageError(
                    .unsupported, "\(reference.familiar) is for \(incoming.platform), not for \(platform)")
            }
            // The only one there is: of use where an emulator is installed, or to be pushed elsewhere.
            progress?(.message("\(reference.familiar) is for \(incoming.platform), this is \(match.wanted)"))
        }
        try checkWanted()
        let record = try await onThread { [self] in try bring(incoming, as: reference, progress) }
        return PulledImage(
            image: record, reference: reference, digest: found.target,
            isNew: before?.manifest != record.manifest)
    }

    /// What the store has by a name; nil: nothing. A store that cannot tell is no place to pull to.
    private func known(_ reference: ImageReference) throws -> ImageRecord? {
        do {
            return try store.resolve(reference.description)
        } catch let error as ImageError where error.kind == .notFound {
            return nil
        }
    }

    private func bring(
        _ image: IncomingImage, as reference: ImageReference, _ progress: ProgressHandler?
    ) throws -> ImageRecord {
        try store.removeLeftovers()
        let session = try ImportSession(store, purpose: "pull \(reference.familiar)", progress: progress)
        do {
            try withSession(session) { try session.add(image) }
            let records = try session.finish()
            try session.close()
            return records[0]
        } catch {
            try session.abandon(after: error)
            throw error
        }
    }

    private func source(_ layer: Descriptor, _ repository: Repository) -> BlobSource {
        { [self] offset, write in
            try await downloads?.enter()
            defer { downloads?.leave() }
            try checkWanted()
            // The import computes the digest anyway.
            for try await piece in repository.blob(layer, verified: false, from: offset) {
                try checkWanted()
                try piece.withUnsafeReadableBytes { try write($0) }
            }
        }
    }
}

/// Runs work that blocks on a thread of its own: it may wait for what tasks bring.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
    -> Result
{
    try await withCheckedThrowingContinuation { continuation in
        do {
            try DetachedThread.start { continuation.resume(with: Swift.Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

extension PulledImage {
    /// It can be used by the name that it was pulled by.
    fileprivate func remembered(_ name: String, _ store: ImageStore) throws -> PulledImage {
        try store.rememberShortName(name, means: reference)
        return self
    }
}
