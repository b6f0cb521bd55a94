import ImageStore
import OCISpec

/// The signatures that a repository has for an image, in both forms in which cosign leaves them there: as the
/// layers of the artifact with the tag `sha256-HEX.sig`, and of artifacts that refer to the image
/// (distribution-spec, Referrers). They are asked for when somebody looks at them, and once.
final class SignatureSource {
    struct Signature {
        let payload: [UInt8]
        let signature: [UInt8]
        /// What it was found for; what it is for is written in the payload.
        let digest: Digest
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
    /// Bytes of a payload, which is one name and one digest.
    private static let payloadLimit = 64 << 10
    /// Characters of a signature in base64: the largest, of P-521, has 188.
    private static let signatureLimit = 1 << 10
    /// Signatures that are looked at. A registry that hides the right one behind others could leave it out, too.
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
        do {
            return try await signatures(try await repository.manifest(.tag(tag)), digest)
        } catch let error as RegistryError where error.kind == .notFound {
            return []
        }
    }

    private func referring(_ digest: Digest) async throws -> [Signature] {
        var all: [Signature] = []
        for descriptor in try await repository.referrers(of: digest, artifactType: Self.artifactType) {
            if count >= Self.countLimit { break }
            all += try await signatures(try await repository.manifest(.digest(descriptor.digest)), digest)
        }
        return all
    }

    private func signatures(_ content: ManifestContent, _ digest: Digest) async throws -> [Signature] {
        guard case .image(let manifest) = try content.document() else { return [] }
        var all: [Signature] = []
        for layer in manifest.layers where layer.mediaType == Self.layerType {
            count += 1
            if count > Self.countLimit {
                problems.append("only \(Self.countLimit) signatures were looked at")
                break
            }
            guard let text = layer.annotations[Self.annotation], text.utf8.count <= Self.signatureLimit,
                let signature = Base64.decode(text), layer.size <= Self.payloadLimit
            else {
                problems.append("a signature is malformed")
                continue
            }
            let payload = try await repository.smallBlob(layer, limit: Self.payloadLimit)
            all.append(Signature(payload: payload, signature: signature, digest: digest))
        }
        return all
    }
}
