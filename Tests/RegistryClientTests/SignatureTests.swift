import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import RegistryClient
import Testing

/// Signatures in Debian's docker-registry, made by openssl as cosign makes them.
@Suite struct SignatureTests {
    private static let image = TestImage(layers: [[1, 2, 3]])

    /// A registry with an image in it, a key, and a policy that wants its signature.
    private final class Place {
        let folder: TemporaryFolder
        let registry: DebianRegistry
        let signer: Signer
        let digest = SignatureTests.image.manifest.descriptor.digest
        var name: String { "\(registry.host)/team/app" }

        init(_ kind: Signer.Kind = .p256) throws {
            folder = try TemporaryFolder()
            registry = try DebianRegistry()
            signer = try Signer(kind, folder)
        }

        func policy(_ identity: String = "", requirement: String? = nil) throws -> SignaturePolicy {
            let rule =
                requirement ?? #"{"type": "sigstoreSigned", "keyPath": "\#(signer.publicKey)"\#(identity)}"#
            let path = try folder.write(
                "policy.json",
                """
                {"default": [{"type": "reject"}],
                 "transports": {"docker": {"\(registry.host)/team": [\(rule)]}}}
                """)
            return try SignaturePolicy(file: path)
        }

        /// Runs `body` with the image's repository, after the image was pushed with signatures.
        func with(
            _ signatures: [Signer.Signature], asReferrer: Bool = false,
            _ body: (Repository) async throws -> Void
        ) async throws {
            try await withClient { client in
                let repository = try client.repository(try ImageReference(name))
                try await SignatureTests.image.push(to: repository, tag: "v1")
                if !signatures.isEmpty {
                    try await Signer.push(
                        signatures, for: SignatureTests.image.manifest.descriptor, to: repository,
                        asReferrer: asReferrer)
                }
                try await body(repository)
            }
        }

        func refusal(
            _ policy: SignaturePolicy, _ repository: Repository, tag: String = "v1"
        ) async throws -> String {
            let error = try await registryError {
                try await policy.check(try ImageReference("\(name):\(tag)"), [digest], in: repository)
            }
            #expect(error.kind == .denied)
            #expect(error.description.hasPrefix("\(name):\(tag) is refused by rule "))
            return error.description
        }
    }

    @Test(arguments: Signer.Kind.allCases)
    func aSignedImageIsAccepted(kind: Signer.Kind) async throws {
        let place = try Place(kind)
        let signature = try place.signer.signature(place.digest, "\(place.name):v1")
        try await place.with([signature]) { repository in
            let policy = try place.policy()
            let reference = try ImageReference("\(place.name):v1")
            #expect(policy.needsSignatures(reference))
            try await policy.check(reference, [place.digest], in: repository)
            try await policy.check(reference.with(digest: place.digest), [place.digest], in: repository)
            // Another tag of the same image was not signed.
            let other = try await place.refusal(policy, repository, tag: "v2")
            #expect(other.contains("a signature is for \(place.name):v1, not for \(place.name):v2"))
        }
    }

    @Test func cosignsNamesHaveNoTag() async throws {
        let place = try Place()
        try await place.with([try place.signer.signature(place.digest, place.name)]) { repository in
            let reference = try ImageReference("\(place.name):v1")
            let strict = try await place.refusal(try place.policy(), repository)
            #expect(strict.contains("a signature is for \(place.name), not for \(place.name):v1"))
            try await place.policy(#", "signedIdentity": {"type": "matchRepository"}"#)
                .check(reference, [place.digest], in: repository)
        }
    }

    @Test func signaturesThatReferToTheImageAreFound() async throws {
        let place = try Place()
        let signature = try place.signer.signature(place.digest, "\(place.name):v1")
        try await place.with([signature], asReferrer: true) { repository in
            try await place.policy().check(
                try ImageReference("\(place.name):v1"), [place.digest], in: repository)
            #expect(try await repository.tags().contains { $0.hasSuffix(".sig") } == false)
        }
    }

    @Test func theIndexMayBeSignedForItsManifests() async throws {
        let place = try Place()
        let index = TestImage.content(
            .ociIndex, ImageIndex(manifests: [Self.image.manifest.descriptor]).json())
        let signature = try place.signer.signature(index.descriptor.digest, "\(place.name):all")
        try await place.with([]) { repository in
            try await repository.push(index, as: .tag("all"))
            try await Signer.push([signature], for: index.descriptor, to: repository)
            let reference = try ImageReference("\(place.name):all")
            try await place.policy().check(
                reference, [index.descriptor.digest, place.digest], in: repository)
            let error = try await registryError {
                try await place.policy().check(reference, [place.digest], in: repository)
            }
            #expect(error.description.contains("it has no signature"))
        }
    }

    @Test func oneOfSeveralSignaturesAndKeysIsEnough() async throws {
        let place = try Place()
        let other = try Signer(.ed25519, place.folder, name: "other")
        let signatures = [
            try other.signature(place.digest, "elsewhere.example/app:v1"),
            try place.signer.signature(place.digest, "\(place.name):v1"),
        ]
        try await place.with(signatures) { repository in
            let reference = try ImageReference("\(place.name):v1")
            try await place.policy().check(reference, [place.digest], in: repository)
            let both = #"""
                {"type": "sigstoreSigned", "keyPaths": ["\#(other.publicKey)", "\#(place.signer.publicKey)"]}
                """#
            try await place.policy(requirement: both).check(reference, [place.digest], in: repository)
            // All requirements count: the other key's signature is for another name.
            let each = [place.signer.publicKey, other.publicKey].map {
                #"{"type": "sigstoreSigned", "keyPath": "\#($0)"}"#
            }.joined(separator: ",")
            let why = try await place.refusal(try place.policy(requirement: each), repository)
            #expect(why.contains("no signature by key \(other.publicKey): "))
            #expect(why.contains("a signature is for elsewhere.example/app:v1, not for "))
        }
    }

    @Test func keysMayStandInThePolicy() async throws {
        let place = try Place()
        let data = Base64.encode(try FileDescriptor.readFile(place.signer.publicKey))
        try await place.with([try place.signer.signature(place.digest, "\(place.name):v1")]) { repository in
            let rule = #"{"type": "sigstoreSigned", "keyData": "\#(data)"}"#
            try await place.policy(requirement: rule).check(
                try ImageReference("\(place.name):v1"), [place.digest], in: repository)
        }
    }

    // MARK: Refusals

    @Test func noSignature() async throws {
        let place = try Place()
        try await place.with([]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.hasSuffix("no signature by key \(place.signer.publicKey): it has no signature"))
        }
    }

    @Test func aSignatureByAnotherKey() async throws {
        let place = try Place()
        let other = try Signer(.p256, place.folder, name: "other")
        try await place.with([try other.signature(place.digest, "\(place.name):v1")]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.hasSuffix("a signature is not by this key"))
        }
    }

    @Test func aSignatureForAnotherDigest() async throws {
        let place = try Place()
        let other = DigestHasher.digest(of: [9])
        try await place.with([try place.signer.signature(other, "\(place.name):v1")]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.hasSuffix("a signature is for \(other), not \(place.digest)"))
        }
    }

    @Test func aPayloadThatWasChanged() async throws {
        let place = try Place()
        var signature = try place.signer.signature(DigestHasher.digest(of: [9]), "\(place.name):v1")
        signature.payload = Signer.payload(place.digest, "\(place.name):v1")
        try await place.with([signature]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.hasSuffix("a signature is not by this key"))
        }
    }

    @Test func signaturesThatAreNone() async throws {
        let place = try Place()
        var large = try place.signer.signature(place.digest, "\(place.name):v1")
        large.payload += [UInt8](repeating: 0x20, count: 65 << 10)
        large.signature = try place.signer.sign(large.payload)
        var odd = try place.signer.signature(place.digest, "\(place.name):v1")
        odd.signature = [UInt8](repeating: 1, count: 2000)
        try await place.with([large, odd]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.hasSuffix("a signature is malformed"))
        }
        // What a key signed is read strictly all the same.
        let text = Array(#"{"critical": {}}"#.utf8)
        let strange = Signer.Signature(payload: text, signature: try place.signer.sign(text))
        try await place.with([strange]) { repository in
            let why = try await place.refusal(try place.policy(), repository)
            #expect(why.contains("a signature's payload is refused: "))
        }
    }

    @Test func rulesThatAskNobody() async throws {
        let place = try Place()
        try await place.with([]) { repository in
            let elsewhere = try ImageReference("\(place.registry.host)/other/app:v1")
            let error = try await registryError {
                try await place.policy().check(elsewhere, [place.digest], in: repository)
            }
            #expect(error.description.contains(#"rule "default""#))
            #expect(error.description.hasSuffix("images of this scope are rejected"))
            let open = try place.policy(requirement: #"{"type": "insecureAcceptAnything"}"#)
            try await open.check(try ImageReference("\(place.name):v1"), [place.digest], in: repository)
            let missing = try await registryError {
                let rule = #"{"type": "sigstoreSigned", "keyPath": "/none/key.pub"}"#
                try await place.policy(requirement: rule).check(
                    try ImageReference("\(place.name):v1"), [place.digest], in: repository)
            }
            #expect(missing.kind == .configuration)
            #expect(missing.description.contains("/none/key.pub"))
        }
    }
}
