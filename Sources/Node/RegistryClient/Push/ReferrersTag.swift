import ImageStore
import NIOHTTP1
import OCISpec

extension Repository {
    /// The tag that stands in for a list of referrers (distribution-spec, "Referrers Tag Schema").
    static func referrersTag(_ digest: Digest) -> String {
        "\(digest.algorithm.rawValue.prefix(32))-\(digest.hex.prefix(64))"
    }

    /// How often the list is written when somebody else writes it at the same time.
    private static let referrersAttempts = 4

    /// Enters a manifest into the list of those that refer to another one, for a registry that keeps no such list
    /// by itself (distribution-spec, "Pushing Manifests with Subject").
    func enterReferrer(_ descriptor: Descriptor, to subject: Digest, at endpoint: RegistryEndpoint)
        async throws
    {
        let tag = Self.referrersTag(subject)
        for attempt in 1...Self.referrersAttempts {
            var index = try await referrersIndex(tag, endpoint) ?? ImageIndex(manifests: [])
            if index.manifests.contains(where: { $0.digest == descriptor.digest }) { return }
            if attempt == Self.referrersAttempts { break }
            index.mediaType = .ociIndex
            index.manifests.append(descriptor)
            let bytes = index.json()
            if bytes.count > limits.manifestBytes {
                throw RegistryError(.limit, "tag \(tag): the list of referrers is full")
            }
            var request = request(
                .PUT, "manifests/\(tag)", headers: ["Content-Type": MediaType.ociIndex.name],
                actions: ["pull", "push"])
            request.body = .bytes(bytes)
            _ = try await run(request, at: endpoint)
            // Registries know no condition for a tag: whether somebody wrote over it is seen by looking again.
        }
        throw RegistryError(.interrupted, "tag \(tag): others write the list of referrers at the same time")
    }

    /// - Returns: nil when there is no such tag.
    func referrersIndex(_ tag: String, _ endpoint: RegistryEndpoint) async throws -> ImageIndex? {
        do {
            let (_, bytes) = try await runWhole(
                request(.GET, "manifests/\(tag)", headers: ["Accept": MediaType.ociIndex.name]), at: endpoint,
                limit: limits.manifestBytes)
            return try ImageIndex(json: bytes)
        } catch let error as RegistryError where error.kind == .notFound {
            return nil
        } catch let error as JSONError {
            throw RegistryError(.corrupt, "tag \(tag) is not a list of referrers: \(error)")
        }
    }
}

extension ManifestContent {
    /// What this manifest is about, and how it stands in the list of what is about that.
    func referrer() throws -> (subject: Digest, descriptor: Descriptor)? {
        var entry = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
        let subject: Descriptor?
        switch try document() {
        case .image(let manifest):
            subject = manifest.subject
            entry.artifactType = manifest.artifactType ?? manifest.config.mediaType
            entry.annotations = manifest.annotations
        case .index(let index):
            subject = index.subject
            entry.artifactType = index.artifactType
            entry.annotations = index.annotations
        }
        return subject.map { ($0.digest, entry) }
    }
}
