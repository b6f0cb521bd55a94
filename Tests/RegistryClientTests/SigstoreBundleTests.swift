import ImageStore
import OCISpec
import RegistryClient
import Testing

/// Signatures in the form of cosign 3, sigstore bundles, in Debian's docker-registry, which keeps no list of what refers
/// to an image.
@Suite struct SigstoreBundleTests {
    private static let image = TestImage(layers: [[1, 2, 3]])
    private static let anyTag = #"{"type": "matchRepository"}"#

    /// A registry with an image in it, and a key.
    private final class Place {
        let folder: TemporaryFolder
        let registry: DebianRegistry
        let signer: Signer
        let image = SigstoreBundleTests.image.manifest.descriptor
        var name: String { "\(registry.host)/team/app" }

        init(_ kind: Signer.Kind = .p256) throws {
            folder = try TemporaryFolder()
            registry = try DebianRegistry()
            signer = try Signer(kind, folder)
        }

        /// A policy that wants a signature by the key.
        /// - Parameters:
        ///   - scope: what the rule is for; nil: the image's repository.
        ///   - identity: JSON; nil: the usual one.
        func policy(scope: String? = nil, identity: String? = anyTag) throws -> SignaturePolicy {
            let identity = identity.map { #", "signedIdentity": \#($0)"# } ?? ""
            let path = try folder.write(
                "policy.json",
                """
                {"default": [{"type": "reject"}], "transports": {"docker": {"\(scope ?? name)": [
                  {"type": "sigstoreSigned", "keyPath": "\(signer.publicKey)"\(identity)}]}}}
                """)
            return try SignaturePolicy(file: path)
        }

        /// Runs `body` with the image's repository.
        func with(_ body: (Repository) async throws -> Void) async throws {
            try await withClient { client in
                let repository = try client.repository(try ImageReference(name))
                try await SigstoreBundleTests.image.push(to: repository, tag: "v1")
                try await body(repository)
            }
        }

        func check(_ policy: SignaturePolicy, _ repository: Repository, _ name: String? = nil) async throws {
            let reference = try ImageReference(name ?? "\(self.name):v1")
            try await policy.check(reference, [image.digest], in: repository)
        }

        func refusal(_ policy: SignaturePolicy, _ repository: Repository) async throws -> String {
            let error = try await registryError { try await check(policy, repository) }
            #expect(error.kind == .denied)
            return error.description
        }
    }

    @Test(arguments: Signer.Kind.allCases)
    func whatCosignSignsIsAccepted(kind: Signer.Kind) async throws {
        let place = try Place(kind)
        try await place.with { repository in
            let bundle = try place.signer.bundle(place.image.digest)
            try await Signer.push(bundles: [bundle.json], for: place.image, to: repository)
            try await place.check(try place.policy(), repository)
            // A digest has no tag that could be another one.
            let byDigest = "\(place.name)@\(place.image.digest)"
            try await place.check(try place.policy(identity: nil), repository, byDigest)
        }
    }

    @Test func itIsFoundInListsThatDoNotSayWhatItIs() async throws {
        let place = try Place()
        try await place.with { repository in
            let bundle = try place.signer.bundle(place.image.digest)
            try await Signer.push(bundles: [bundle.json], for: place.image, to: repository, isListed: false)
            let listed = try await repository.referrers(of: place.image.digest)
            #expect(listed.map(\.artifactType) == [.ociEmpty])
            try await place.check(try place.policy(), repository)
        }
    }

    @Test func amongAttestations() async throws {
        let place = try Place()
        try await place.with { repository in
            let other = "https://slsa.dev/provenance/v1"
            let statement = try place.signer.bundle(place.image.digest, predicate: other)
            try await Signer.push(
                bundles: [statement.json], for: place.image, to: repository, predicate: other)
            #expect(try await place.refusal(try place.policy(), repository).hasSuffix("it has no signature"))
            // One that does not say so is read, and is none either, although the key has signed it.
            let silent = try place.signer.bundle(place.image.digest, predicate: "https://vuln.example/v1")
            try await Signer.push(
                bundles: [silent.json], for: place.image, to: repository, predicate: nil, isListed: false)
            let refusal = try await place.refusal(try place.policy(), repository)
            #expect(
                refusal.contains("it is no signature, but says \"https://vuln.example/v1\""), "\(refusal)")
            let bundle = try place.signer.bundle(place.image.digest)
            try await Signer.push(bundles: [bundle.json], for: place.image, to: repository)
            try await place.check(try place.policy(), repository)
        }
    }

    // MARK: Names

    /// It names no image: another one by the same key could be given in its place, unless the rule is about one
    /// repository.
    @Test func withoutANameItNeedsARuleForTheRepository() async throws {
        let place = try Place()
        try await place.with { repository in
            let bundle = try place.signer.bundle(place.image.digest)
            try await Signer.push(bundles: [bundle.json], for: place.image, to: repository)
            let why =
                "a signature is a bundle, which names no image: that needs a rule for \(place.name) alone,"
                + " with signedIdentity matchRepository"
            let exact = #"{"type": "exactReference", "dockerReference": "\#(place.name):v1"}"#
            for identity in [nil, #"{"type": "matchExact"}"#, exact] {
                let refusal = try await place.refusal(try place.policy(identity: identity), repository)
                #expect(refusal.hasSuffix(why), "\(refusal)")
            }
            for scope in [place.registry.host, "\(place.registry.host)/team"] {
                let refusal = try await place.refusal(try place.policy(scope: scope), repository)
                #expect(refusal.hasSuffix(why), "\(refusal)")
            }
            try await place.check(try place.policy(scope: place.name + ":v1"), repository)
            let elsewhere = #"{"type": "exactRepository", "dockerRepository": "origin.example/app"}"#
            try await place.check(try place.policy(identity: elsewhere), repository)
        }
    }

    @Test func aNameThatItHasCounts() async throws {
        let place = try Place()
        try await place.with { repository in
            let team = "\(place.registry.host)/team"
            let other = try place.signer.bundle(place.image.digest, name: "\(team)/other")
            try await Signer.push(bundles: [other.json], for: place.image, to: repository)
            let refusal = try await place.refusal(try place.policy(), repository)
            #expect(
                refusal.hasSuffix("a signature is for \(team)/other, not for \(place.name)"), "\(refusal)")
            let named = try place.signer.bundle(place.image.digest, name: place.name)
            try await Signer.push(bundles: [named.json], for: place.image, to: repository)
            try await place.check(try place.policy(scope: team), repository)
        }
    }

    // MARK: Refusals

    private func refusal(_ change: (Place) throws -> [UInt8]) async throws -> String {
        let place = try Place()
        var text = ""
        try await place.with { repository in
            try await Signer.push(bundles: [try change(place)], for: place.image, to: repository)
            text = try await place.refusal(try place.policy(), repository)
        }
        return text
    }

    @Test func aBundleByAnotherKey() async throws {
        let text = try await refusal { place in
            try Signer(.p256, place.folder, name: "other").bundle(place.image.digest).json
        }
        #expect(text.hasSuffix("a signature is not by this key"), "\(text)")
    }

    @Test func aBundleByACertificate() async throws {
        let text = try await refusal { place in
            var bundle = try Signer(.p256, place.folder, name: "other").bundle(place.image.digest)
            bundle.material = #"{"certificate": {"rawBytes": "MIIC"}}"#
            return bundle.json
        }
        #expect(
            text.hasSuffix("a signature is by a certificate, and only public keys are supported"), "\(text)")
    }

    @Test func aBundleForAnotherDigest() async throws {
        let other = DigestHasher.digest(of: [9])
        let text = try await refusal { try $0.signer.bundle(other).json }
        #expect(text.contains("a signature is for \(other), not sha256:"), "\(text)")
    }

    @Test func aStatementThatWasChanged() async throws {
        let text = try await refusal { place in
            var bundle = try place.signer.bundle(DigestHasher.digest(of: [9]))
            bundle.statement = try place.signer.bundle(place.image.digest).statement
            return bundle.json
        }
        #expect(text.hasSuffix("a signature is not by this key"), "\(text)")
    }

    /// The statement itself was signed, and not what an envelope makes of it.
    @Test func aSignatureOfSomethingElse() async throws {
        let text = try await refusal { place in
            var bundle = try place.signer.bundle(place.image.digest)
            bundle.signature = try place.signer.sign(bundle.statement)
            return bundle.json
        }
        #expect(text.hasSuffix("a signature is not by this key"), "\(text)")
    }

    @Test func aBundleThatIsLarge() async throws {
        let text = try await refusal { place in
            try place.signer.bundle(place.image.digest).json + [UInt8](repeating: 0x20, count: 65 << 10)
        }
        #expect(text.hasSuffix("a bundle is larger than 65536 bytes"), "\(text)")
    }

    // MARK: Documents

    @Test(arguments: [
        ("x", "line 1"), ("{}", "dsseEnvelope is missing"),
        (#"{"messageSignature": {}}"#, "it signs bytes, and does not say of which image"),
        (#"{"dsseEnvelope": {"payload": "", "signatures": []}}"#, "payloadType, payload or signatures is"),
        (envelope(type: "text/plain"), "it is not application/vnd.in-toto+json"),
        (envelope(payload: "!"), "it is not base64"), (envelope(signatures: "[]"), "this one 0"),
        (envelope(signatures: #"[{"sig": "AA=="}, {"sig": "AA=="}]"#), "this one 2"),
        (envelope(signatures: #"[{"keyid": "x"}]"#), "sig is missing"),
        (envelope(signatures: #"[{"sig": "AA==", "sig": "AB=="}]"#), "is there twice"),
    ])
    func bundlesThatAreNoneAreRefused(text: String, why: String) throws {
        let error = #expect(throws: RegistryError.self) { try SigstoreBundle(Array(text.utf8)) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(why) == true, "\(String(describing: error))")
    }

    private static func envelope(
        type: String = "application/vnd.in-toto+json", payload: String = "e30=",
        signatures: String = #"[{"sig": "AA=="}]"#
    ) -> String {
        #"""
        {"dsseEnvelope": {"payloadType": "\#(type)", "payload": "\#(payload)", "signatures": \#(signatures)}}
        """#
    }

    /// Either alphabet of base64, with padding or without.
    @Test func bundlesAreRead() throws {
        let text = Self.envelope(payload: "-_8", signatures: #"[{"sig": "+/8="}]"#)
        let bundle = try SigstoreBundle(Array(text.utf8))
        #expect(bundle.payload == [0xfb, 0xff] && bundle.signature == [0xfb, 0xff])
        #expect(!bundle.isByCertificate)
        #expect(bundle.signedBytes == Array("DSSEv1 28 application/vnd.in-toto+json 2 ".utf8) + [0xfb, 0xff])
    }

    @Test(arguments: [
        ("[]", "an object"), (#"{"_type": "https://in-toto.io/Statement/v0.1"}"#, "_type is not"),
        (statement("null"), "an array"), (statement("[{}]"), "digest is missing"),
        (statement("[]"), "it has no digest that is known here"),
        (statement(#"[{"digest": {"sha1": "00"}}]"#), "it has no digest that is known here"),
        (statement(#"[{"name": "A B", "digest": {}}]"#), "A B"),
        (statement("[]", predicate: "https://slsa.dev/provenance/v1"), "it is no signature, but says"),
    ])
    func statementsThatAreNoneAreRefused(text: String, why: String) throws {
        let error = #expect(throws: RegistryError.self) { try SignedStatement(Array(text.utf8)) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(why) == true, "\(String(describing: error))")
    }

    private static func statement(_ subject: String, predicate: String = Signer.signPredicate) -> String {
        #"""
        {"_type": "https://in-toto.io/Statement/v1", "subject": \#(subject), "predicateType": "\#(predicate)"}
        """#
    }

    @Test func statementsAreRead() throws {
        let (one, two) = (DigestHasher.digest(of: [1]), DigestHasher.digest(of: [2], .sha512))
        let text = Self.statement(
            """
            [{"digest": {"sha256": "\(one.hex)"}, "annotations": {}},
             {"name": "busybox", "digest": {"sha512": "\(two.hex)", "sha1": "00"}}]
            """)
        let claims = try SignedStatement(Array(text.utf8)).claims
        #expect(claims.map(\.digest) == [one, two])
        #expect(claims.map { $0.reference?.description } == [nil, "docker.io/library/busybox"])
    }
}
