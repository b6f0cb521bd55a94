import ImageStore
import OCISpec
import RegistryClient

/// Signs as cosign does: the payload by openssl, the signature as an annotation of a layer of an artifact.
struct Signer {
    /// What openssl calls the kind.
    enum Kind: String, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"
        case ed25519

        fileprivate var options: [String] {
            self == .ed25519
                ? ["-algorithm", "ED25519"]
                : ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:\(rawValue)"]
        }
    }

    let kind: Kind
    let folder: TemporaryFolder
    private let privateKey: String
    /// A PEM file.
    let publicKey: String

    init(_ kind: Kind = .p256, _ folder: TemporaryFolder, name: String = "key") throws {
        self.kind = kind
        self.folder = folder
        privateKey = "\(folder.path)/\(name).pem"
        publicKey = "\(folder.path)/\(name).pub"
        try DebianRegistry.run(["/usr/bin/openssl", "genpkey"] + kind.options + ["-out", privateKey])
        try DebianRegistry.run([
            "/usr/bin/openssl", "pkey", "-in", privateKey, "-pubout", "-out", publicKey,
        ])
    }

    func sign(_ payload: [UInt8]) throws -> [UInt8] {
        let input = try folder.write("payload", String(decoding: payload, as: UTF8.self))
        let output = "\(folder.path)/signature"
        let command =
            kind == .ed25519
            ? ["pkeyutl", "-sign", "-inkey", privateKey, "-rawin", "-in", input, "-out", output]
            : ["dgst", "-sha256", "-sign", privateKey, "-out", output, input]
        try DebianRegistry.run(["/usr/bin/openssl"] + command)
        return try folder.bytes("signature")
    }

    static func payload(_ digest: Digest, _ reference: String) -> [UInt8] {
        Array(
            """
            {"critical":{"identity":{"docker-reference":"\(reference)"},\
            "image":{"docker-manifest-digest":"\(digest)"},\
            "type":"cosign container image signature"},"optional":{"creator":"test"}}
            """.utf8)
    }

    /// Signs a name for a digest.
    func signature(_ digest: Digest, _ reference: String) throws -> Signature {
        let payload = Self.payload(digest, reference)
        return Signature(payload: payload, signature: try sign(payload))
    }

    struct Signature {
        var payload: [UInt8]
        var signature: [UInt8]

        fileprivate var layer: Descriptor {
            var layer = Descriptor(
                mediaType: MediaType("application/vnd.dev.cosign.simplesigning.v1+json"),
                digest: DigestHasher.digest(of: payload), size: Int64(payload.count))
            layer.annotations["dev.cosignproject.cosign/signature"] = Base64.encode(signature)
            return layer
        }
    }

    // MARK: Bundles

    /// What cosign 3 signs for a digest, and as a bundle what it makes of that.
    struct Bundle {
        var statement: [UInt8]
        var signature: [UInt8]
        /// JSON.
        var material = #"{"publicKey": {"hint": "x4sK3A=="}, "tlogEntries": []}"#

        var json: [UInt8] {
            Array(
                """
                {"mediaType": "\(Signer.bundleType.name)", "verificationMaterial": \(material), \
                "dsseEnvelope": {"payload": "\(Base64.encode(statement))", \
                "payloadType": "application/vnd.in-toto+json", \
                "signatures": [{"sig": "\(Base64.encode(signature))", "keyid": ""}]}}
                """.utf8)
        }
    }

    static let bundleType = MediaType("application/vnd.dev.sigstore.bundle.v0.3+json")
    static let signPredicate = "https://sigstore.dev/cosign/sign/v1"

    /// - Parameter name: what the statement calls the image; cosign says nothing there.
    func bundle(
        _ digest: Digest, name: String? = nil, predicate: String = signPredicate
    ) throws -> Bundle {
        let name = name.map { #""name":"\#($0)","# } ?? ""
        let statement = Array(
            """
            {"_type":"https://in-toto.io/Statement/v1","subject":[{\(name)"digest":\
            {"\(digest.algorithm.rawValue)":"\(digest.hex)"},"annotations":{}}],\
            "predicateType":"\(predicate)","predicate":{}}
            """.utf8)
        let signed = Array("DSSEv1 28 application/vnd.in-toto+json \(statement.count) ".utf8) + statement
        return Bundle(statement: statement, signature: try sign(signed))
    }

    /// Puts bundles for an image into a repository, an artifact for each.
    /// - Parameters:
    ///   - predicate: as the artifact says it; nil: it does not.
    ///   - isListed: as what it is. False: as go-containerregistry lists it where the registry keeps no list, by the type
    ///     of its configuration alone.
    static func push(
        bundles: [[UInt8]], for image: Descriptor, to repository: Repository,
        predicate: String? = signPredicate, isListed: Bool = true
    ) async throws {
        let empty = Array("{}".utf8)
        for blob in [empty] + bundles {
            _ = try await repository.push(BlobContent(digest: DigestHasher.digest(of: blob), bytes: blob))
        }
        for bundle in bundles {
            var manifest = ImageManifest(
                config: Descriptor(
                    mediaType: .ociEmpty, digest: DigestHasher.digest(of: empty), size: Int64(empty.count)),
                layers: [
                    Descriptor(
                        mediaType: bundleType, digest: DigestHasher.digest(of: bundle),
                        size: Int64(bundle.count))
                ])
            manifest.artifactType = bundleType
            manifest.subject = image
            manifest.annotations["dev.sigstore.bundle.content"] = "dsse-envelope"
            manifest.annotations["dev.sigstore.bundle.predicateType"] = predicate
            let content = TestImage.content(.ociManifest, manifest.json())
            try await repository.push(content, as: .digest(content.descriptor.digest))
        }
        if isListed { return }
        let tag = ManifestReference.tag("sha256-\(image.digest.hex)")
        var list = try ImageIndex(json: try await repository.manifest(tag).bytes)
        for index in list.manifests.indices {
            list.manifests[index].artifactType = .ociEmpty
            list.manifests[index].annotations = [:]
        }
        try await repository.push(TestImage.content(.ociIndex, list.json()), as: tag)
    }

    /// Puts signatures for a digest into a repository.
    /// - Parameter asReferrer: as artifacts that refer to the image, not by the tag.
    static func push(
        _ signatures: [Signature], for image: Descriptor, to repository: Repository, asReferrer: Bool = false
    ) async throws {
        let config = Array("{}".utf8)
        let type =
            asReferrer
            ? MediaType("application/vnd.dev.cosign.artifact.sig.v1+json") : MediaType.ociConfig
        var manifest = ImageManifest(
            config: Descriptor(mediaType: type, digest: DigestHasher.digest(of: config), size: 2),
            layers: signatures.map(\.layer))
        if asReferrer { manifest.subject = image }
        for blob in [config] + signatures.map(\.payload) {
            _ = try await repository.push(BlobContent(digest: DigestHasher.digest(of: blob), bytes: blob))
        }
        let content = TestImage.content(.ociManifest, manifest.json())
        let reference: ManifestReference =
            asReferrer ? .digest(content.descriptor.digest) : .tag("sha256-\(image.digest.hex).sig")
        try await repository.push(content, as: reference)
    }
}
