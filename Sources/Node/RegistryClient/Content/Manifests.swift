import ImageStore
import NIOHTTP1
import OCISpec

/// A tag or a digest: what a manifest is asked for by.
public enum ManifestReference: Hashable, Sendable, CustomStringConvertible {
    case tag(String)
    case digest(Digest)

    /// A reference's digest, else its tag, else `latest`.
    public init(_ reference: ImageReference) {
        if let digest = reference.digest {
            self = .digest(digest)
        } else {
            self = .tag(reference.withDefaultTag.tag!)
        }
    }

    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }

    /// Content by digest is the same wherever it comes from.
    var capability: RegistryEndpoint.Capabilities {
        switch self {
        case .tag: .resolve
        case .digest: .pull
        }
    }
}

extension Repository {
    /// What a tag or digest names, without fetching it where the registry can tell (distribution-spec,
    /// "Checking if content exists in the registry").
    /// - Throws: `RegistryError`: `.notFound`.
    public func resolve(_ reference: ManifestReference) async throws -> Descriptor {
        try await atFirst(reference.capability, "manifest \(reference) of \(name)") { endpoint in
            switch try await look(for: reference, endpoint) {
            case .described(let descriptor): descriptor
            case .fetched(let content): content.descriptor
            }
        }
    }

    /// Fetches a manifest or an index. Its bytes are verified against the digest that was asked for, else
    /// against the one that the registry gives it.
    /// - Throws: `RegistryError`: `.notFound`, `.corrupt`, `.unsupported`, `.limit` …
    public func manifest(_ reference: ManifestReference) async throws -> ManifestContent {
        try await atFirst(reference.capability, "manifest \(reference) of \(name)") { endpoint in
            try await get(reference, endpoint)
        }
    }

    /// The same for who may have it already: what the reference means is asked without fetching it, which some
    /// registries count (Docker's hub).
    /// - Parameter kept: gives the document with a digest, verified; nil: it has to be fetched.
    public func manifest(
        _ reference: ManifestReference, unlessKept kept: (Digest) throws -> [UInt8]?
    ) async throws -> ManifestContent {
        try await atFirst(reference.capability, "manifest \(reference) of \(name)") { endpoint in
            switch try await look(for: reference, endpoint) {
            case .fetched(let content): return content
            case .described(let found):
                guard let bytes = try kept(found.digest) else {
                    return try await get(.digest(found.digest), endpoint)
                }
                return try ManifestContent(kept: bytes, found.digest, type: found.mediaType)
            }
        }
    }

    /// What HEAD led to.
    private enum Look {
        case described(Descriptor)
        /// HEAD told too little.
        case fetched(ManifestContent)
    }

    private func look(
        for reference: ManifestReference, _ endpoint: RegistryEndpoint
    ) async throws -> Look {
        let answer: RegistryAnswer
        do {
            answer = try await run(
                request(.HEAD, "manifests/\(reference)", headers: ["Accept": ManifestSniffer.accept]),
                at: endpoint)
        } catch let refusal as RegistryError {
            return .fetched(try await get(reference, endpoint, after: refusal))
        }
        if let descriptor = descriptor(of: reference, answer) { return .described(descriptor) }
        return .fetched(try await get(reference, endpoint))
    }

    /// Asks by GET after HEAD was refused: some registries and proxies know no HEAD, and of the others the answer to GET
    /// says why. So does Docker (distribution, `tags.Get`).
    private func get(
        _ reference: ManifestReference, _ endpoint: RegistryEndpoint, after refusal: RegistryError
    ) async throws -> ManifestContent {
        if [400, 405, 501].contains(refusal.status) { return try await get(reference, endpoint) }
        // Why a mirror has it not is not worth a question: the next server may have it.
        guard case .wordless = refusal.symptom, !endpoint.hasNext else { throw refusal }
        do {
            return try await get(reference, endpoint, isRetried: false)
        } catch let error as RegistryError
            where error.status == nil && [.unreachable, .interrupted].contains(error.kind)
        {
            throw refusal
        }
    }

    /// - Returns: nil when the answer to HEAD tells too little.
    private func descriptor(of reference: ManifestReference, _ answer: RegistryAnswer) -> Descriptor? {
        guard let type = ManifestSniffer.name(of: answer.headers.first(name: "Content-Type")),
            let size = answer.headers.first(name: "Content-Length").flatMap({ Int64($0) }), size > 0
        else { return nil }
        let media = MediaType(type)
        guard media.isIndex || media.isManifest else { return nil }
        switch reference {
        case .digest(let digest): return Descriptor(mediaType: media, digest: digest, size: size)
        case .tag:
            guard let digest = try? answer.headers.first(name: "Docker-Content-Digest").map(Digest.init)
            else {
                return nil
            }
            return Descriptor(mediaType: media, digest: digest, size: size)
        }
    }

    private func get(
        _ reference: ManifestReference, _ endpoint: RegistryEndpoint, isRetried: Bool = true
    ) async throws -> ManifestContent {
        var request = request(.GET, "manifests/\(reference)", headers: ["Accept": ManifestSniffer.accept])
        request.isRetried = isRetried
        if case .digest = reference { request.isVerified = true }
        let (answer, bytes) = try await runWhole(request, at: endpoint, limit: limits.manifestBytes)
        let digest: Digest
        switch reference {
        case .digest(let wanted): digest = wanted
        case .tag:
            // A registry may name digests by an algorithm that we do not know; then ours is as good.
            let named = try? answer.headers.first(name: "Docker-Content-Digest").map(Digest.init)
            digest = named ?? DigestHasher.digest(of: bytes)
        }
        let found = DigestHasher.digest(of: bytes, digest.algorithm)
        if found != digest { throw RegistryError(.corrupt, "its digest is \(found), not \(digest)") }
        let type = try ManifestSniffer.type(
            contentType: answer.headers.first(name: "Content-Type"), bytes)
        return ManifestContent(
            descriptor: Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), bytes: bytes)
    }
}
