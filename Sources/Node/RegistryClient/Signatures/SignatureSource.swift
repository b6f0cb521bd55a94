import ImageStore
import OCISpec

/// The signatures that a repository has for an image, in the forms in which cosign leaves them there: as the layers of
/// the artifact with the tag `sha256-HEX.sig`, and of artifacts that refer to the image (distribution-spec,
/// Referrers), bundles among them. They are asked for when somebody looks at them, and once.
final class SignatureSource {
    struct Signature {
        let content: Content
        /// What it was found for; what it is for is written in what was signed.
        let digest: Digest

        enum Content {
            case payload([UInt8], signature: [UInt8])
            case bundle(SigstoreBundle)
        }

        func isValid(by key: SignatureKey) -> Bool {
            switch content {
            case .payload(let payload, let signature): key.isValid(signature, for: payload)
            case .bundle(let bundle): key.isValid(bundle.signature, for: bundle.signedBytes)
            }
        }

        var isByCertificate: Bool {
            if case .bundle(let bundle) = content { bundle.isByCertificate } else { false }
        }

        /// What it says, once it was found valid.
        /// - Throws: `RegistryError` (`.corrupt`).
        func claims() throws -> [SignedClaim] {
            switch content {
            case .payload(let payload, _): [try SignaturePayload(payload).claim]
            case .bundle(let bundle): try SignedStatement(bundle.payload).claims
            }
        }
    }

    private let repository: Repository
    private let digests: [Digest]
    private var found: [[Signature]] = []
    /// What was found and cannot be read.
    private(set) var problems: [String] = []
    private var count = 0

    init(_ repository: Repository, _ digests: [Digest]) {
        self.repository = repository
        self.digests = digests
    }

    private static let layerType = MediaType("application/vnd.dev.cosign.simplesigning.v1+json")
    private static let artifactType = MediaType("application/vnd.dev.cosign.artifact.sig.v1+json")
    private static let annotation = "dev.cosignproject.cosign/signature"
    /// Bytes of a payload, which is one name and one digest, or of a bundle, which has some kilobytes more.
    private static let payloadLimit = 64 << 10
    /// Characters of a signature in base64: the largest, of P-521, has 188.
    private static let signatureLimit = 1 << 10
    /// Signatures that are looked at, and artifacts in which they may be. A registry that hides the right one behind
    /// others could leave it out, too.
    private static let countLimit = 128

    /// - Returns: whether a signature satisfies `isAccepted`; the others are not fetched then.
    func first(where isAccepted: (Signature) throws -> Bool) async throws -> Bool {
        for (place, (digest, isTag)) in digests.flatMap({ [($0, true), ($0, false)] }).enumerated() {
            if place == found.count {
                found.append(isTag ? try await tagged(digest) : try await referring(digest))
            }
            if try found[place].contains(where: isAccepted) { return true }
        }
        return false
    }

    private func tagged(_ digest: Digest) async throws -> [Signature] {
        let tag = "\(digest.algorithm.rawValue)-\(digest.hex).sig"
        // Longer tags than that there are none.
        if tag.utf8.count > 128 { return [] }
        return try await readable("an artifact", else: []) {
            let artifact: ManifestContent
            do {
                artifact = try await repository.manifest(.tag(tag))
            } catch let error as RegistryError where error.kind == .notFound {
                return []
            }
            return try await signatures(artifact, digest)
        }
    }

    private func referring(_ digest: Digest) async throws -> [Signature] {
        var all: [Signature] = []
        let artifacts = try await readable("the list of artifacts", else: []) {
            // One more tells whether there are more.
            try await repository.referrers(
                of: digest, atMost: Self.countLimit + 1, where: Self.mayBeSigned)
        }
        if artifacts.count > Self.countLimit { noteLimit() }
        for descriptor in artifacts.prefix(Self.countLimit) {
            if count >= Self.countLimit { break }
            all += try await readable("an artifact", else: []) {
                try await signatures(try await repository.manifest(.digest(descriptor.digest)), digest)
            }
        }
        return all
    }

    /// What is not what it should be, or not there, is no signature; and it hides no other one, since whoever may push
    /// could put it there.
    private func readable<Part>(
        _ what: String, else none: Part, _ read: () async throws -> Part
    ) async throws -> Part {
        do {
            return try await read()
        } catch let error as RegistryError
            where [.corrupt, .limit, .unsupported, .notFound].contains(error.kind)
        {
            problems.append("\(what) cannot be read: \(error)")
            return none
        }
    }

    /// Whether an artifact may have signatures in it, by its entry in a list. Where a registry keeps no list,
    /// go-containerregistry (0.20) writes one for cosign, with the type of the artifact's configuration.
    private static func mayBeSigned(_ artifact: Descriptor) -> Bool {
        guard let type = artifact.artifactType, type != .ociEmpty else {
            return !isOtherStatement(artifact.annotations)
        }
        return type == artifactType
            || SigstoreBundle.isType(type) && !isOtherStatement(artifact.annotations)
    }

    /// A bundle that says so is an attestation, of which an image may have many.
    private static func isOtherStatement(_ annotations: SortedMap<String>) -> Bool {
        annotations[SigstoreBundle.predicateAnnotation].map { $0 != SignedStatement.predicateType } ?? false
    }

    private func noteLimit() {
        problems.append("only \(Self.countLimit) signatures were looked at")
    }

    private func signatures(_ content: ManifestContent, _ digest: Digest) async throws -> [Signature] {
        guard case .image(let manifest) = try content.document(),
            !Self.isOtherStatement(manifest.annotations)
        else { return [] }
        var all: [Signature] = []
        for layer in manifest.layers {
            let isBundle = SigstoreBundle.isType(layer.mediaType)
            if !isBundle && layer.mediaType != Self.layerType { continue }
            count += 1
            if count > Self.countLimit {
                noteLimit()
                break
            }
            let content = try await readable("a signature", else: nil) {
                isBundle ? try await bundle(layer) : try await payload(layer)
            }
            if let content { all.append(Signature(content: content, digest: digest)) }
        }
        return all
    }

    private func payload(_ layer: Descriptor) async throws -> Signature.Content? {
        guard let text = layer.annotations[Self.annotation], text.utf8.count <= Self.signatureLimit,
            let signature = Base64.decode(text), layer.size <= Self.payloadLimit
        else {
            problems.append("a signature is malformed")
            return nil
        }
        let payload = try await repository.smallBlob(layer, limit: Self.payloadLimit)
        return .payload(payload, signature: signature)
    }

    private func bundle(_ layer: Descriptor) async throws -> Signature.Content? {
        if layer.size > Self.payloadLimit {
            problems.append("a bundle is larger than \(Self.payloadLimit) bytes")
            return nil
        }
        let bytes = try await repository.smallBlob(layer, limit: Self.payloadLimit)
        do {
            return .bundle(try SigstoreBundle(bytes))
        } catch {
            problems.append("a bundle is refused: \(error)")
            return nil
        }
    }
}
