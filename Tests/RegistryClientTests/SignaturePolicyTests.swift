import ImageStore
import OCISpec
import RegistryClient
import Testing

/// The policy file, and what it says about a name, without a registry.
@Suite struct SignaturePolicyTests {
    private func policy(_ text: String) throws -> SignaturePolicy {
        try SignaturePolicy(json: Array(text.utf8), path: "policy.json")
    }

    private static let reject = #"[{"type": "reject"}]"#
    private static let accept = #"[{"type": "insecureAcceptAnything"}]"#

    @Test(arguments: [
        ("docker.io/library/busybox:1", "docker.io/library/busybox:1"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("busybox", "docker.io/library/busybox"),
        ("busybox:2", "docker.io/library/busybox"),
        ("debian", "docker.io/library"),
        ("team/app", "docker.io"),
        ("docker.io/libraryx/app", "docker.io"),
        ("localhost:5000/app", "localhost:5000"),
        ("localhost:5001/app", "docker"),
        ("a.b.example.org/app", "*.b.example.org"),
        ("x.example.org/app", "*.example.org"),
        ("example.org/app", "docker"),
        ("q.example/x@sha256:\(String(repeating: "0", count: 64))", "docker"),
        (
            "docker.io/library/x@sha256:\(String(repeating: "0", count: 64))",
            "docker.io/library/x@sha256:\(String(repeating: "0", count: 64))"
        ),
    ])
    func theMostSpecificScopeCounts(name: String, scope: String) throws {
        let scopes = [
            "docker.io/library/busybox:1", "docker.io/library/busybox", "docker.io/library", "docker.io",
            "localhost:5000", "*.b.example.org", "*.example.org", "", "busybox",
            "docker.io/library/x@sha256:\(String(repeating: "0", count: 64))",
        ]
        let rules = scopes.map { "\"\($0)\": \(Self.accept)" }.joined(separator: ", ")
        let policy = try policy(#"{"default": \#(Self.reject), "transports": {"docker": {\#(rules)}}}"#)
        #expect(policy.rule(for: try ImageReference(name)).scope == scope)
    }

    @Test func otherTransportsDoNotCount() throws {
        let text = """
            {"default": \(Self.reject), "transports": {"dir": {"": \(Self.accept)},
             "docker-daemon": {"docker.io": \(Self.accept)}}}
            """
        #expect(try policy(text).rule(for: try ImageReference("busybox")).scope == "default")
    }

    @Test(arguments: [
        ("{}", "the member default is missing"),
        (#"{"default": []}"#, "must not be empty"),
        (#"{"default": [{}]}"#, "default[0].type: missing"),
        (#"{"default": [{"type": "reject", "x": 1}]}"#, #"unknown member "x""#),
        (#"{"default": [{"type": "reject"}], "default": [{"type": "reject"}]}"#, "is there twice"),
        (#"{"default": [{"type": "reject"}], "transport": {}}"#, #"unknown member "transport""#),
        (#"{"default": [{"type": "sigstoreSigned"}]}"#, "exactly one of keyPath"),
        (#"{"default": [{"type": "sigstoreSigned", "keyPath": "/a", "keyData": "b"}]}"#, "exactly one of"),
        (#"{"default": [{"type": "sigstoreSigned", "keyPaths": []}]}"#, "it names no key"),
        (
            #"{"default": [{"type": "sigstoreSigned", "keyPath": "/a", "signedIdentity": {"type": "x"}}]}"#,
            #"unknown type "x" of an identity"#
        ),
        (
            #"{"default": [{"type": "sigstoreSigned", "keyPath": "/a", "signedIdentity": "#
                + #"{"type": "exactReference", "dockerReference": "busybox"}}]}"#,
            "neither a tag nor a digest"
        ),
        (
            #"{"default": [{"type": "sigstoreSigned", "keyPath": "/a", "signedIdentity": "#
                + #"{"type": "remapIdentity", "prefix": "a.example"}}]}"#, "signedPrefix is missing"
        ),
        ("[", "line 1"),
    ])
    func aMalformedFileIsRefused(text: String, problem: String) throws {
        let error = #expect(throws: RegistryError.self) { try policy(text) }
        #expect(error?.kind == .configuration)
        #expect(error?.description.hasPrefix("signature policy policy.json: ") == true)
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    /// A file that somebody has for podman serves for what this program can check.
    @Test(arguments: [
        (#"{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}"#, "GPG signature"),
        (#"{"type": "signedBaseLayer"}"#, #"requires "signedBaseLayer", which is unknown"#),
        (#"{"type": "sigstoreSigned", "fulcio": {}, "rekorPublicKeyPath": "/r"}"#, "certificates of Fulcio"),
        (#"{"type": "sigstoreSigned", "keyPath": "/k", "rekorPublicKeyPath": "/r"}"#, "transparency log"),
    ])
    func whatCannotBeCheckedIsRefusedByName(rule: String, why: String) async throws {
        let text = #"{"default": \#(Self.accept), "transports": {"docker": {"gpg.example": [\#(rule)]}}}"#
        let policy = try policy(text)
        try await withClient { client in
            let digest = DigestHasher.digest(of: [1])
            let other = try ImageReference("other.example/app")
            try await policy.check(other, [digest], in: try client.repository(other))
            let reference = try ImageReference("gpg.example/app")
            let error = try await registryError {
                try await policy.check(reference, [digest], in: try client.repository(reference))
            }
            #expect(error.kind == .denied)
            #expect(
                error.description.hasPrefix(#"gpg.example/app:latest is refused by rule "gpg.example" of "#))
            #expect(error.description.contains(why), "\(error)")
            #expect(!policy.needsSignatures(reference))
        }
    }

    @Test func theUsersFileComesFirst() throws {
        let folder = try TemporaryFolder()
        let system = "\(folder.path)/etc/policy.json"
        let environment = ["HOME": folder.path]
        #expect(try SignaturePolicy.standard(environment: environment, system: system) == nil)
        try folder.write("etc/policy.json", #"{"default": \#(Self.reject)}"#)
        #expect(try SignaturePolicy.standard(environment: environment, system: system)?.path == system)
        try folder.write(".config/containers/policy.json", #"{"default": \#(Self.accept)}"#)
        let own = try SignaturePolicy.standard(environment: environment, system: system)
        #expect(own?.path == "\(folder.path)/.config/containers/policy.json")
        let other = ["HOME": folder.path, "XDG_CONFIG_HOME": "\(folder.path)/none"]
        #expect(try SignaturePolicy.standard(environment: other, system: system)?.path == system)
        #expect(throws: RegistryError.self) { try SignaturePolicy(file: "\(folder.path)/none") }
    }

    // MARK: Names

    @Test(arguments: [
        // Identity, the image's name, the signature's name, whether they go together.
        (#""matchExact""#, "a.example/x:1", "a.example/x:1", true),
        (#""matchExact""#, "a.example/x:1", "a.example/x:2", false),
        (#""matchExact""#, "a.example/x@DIGEST", "a.example/x:1", false),
        (#""matchRepoDigestOrExact""#, "a.example/x", "a.example/x:latest", true),
        (#""matchRepoDigestOrExact""#, "a.example/x:1", "a.example/x", false),
        (#""matchRepoDigestOrExact""#, "a.example/x@DIGEST", "a.example/x:7", true),
        (#""matchRepoDigestOrExact""#, "a.example/x:1@DIGEST", "a.example/x:7", true),
        (#""matchRepoDigestOrExact""#, "a.example/x@DIGEST", "a.example/y:7", false),
        (#""matchRepository""#, "a.example/x:1", "a.example/x", true),
        (#""matchRepository""#, "a.example/x:1", "b.example/x", false),
        (#""matchRepository""#, "busybox", "docker.io/library/busybox:1", true),
        (#""exactReference", "dockerReference": "b.example/y:3""#, "a.example/x:1", "b.example/y:3", true),
        (#""exactReference", "dockerReference": "b.example/y:3""#, "a.example/x:1", "b.example/y:4", false),
        (#""exactRepository", "dockerRepository": "b.example/y""#, "a.example/x:1", "b.example/y:4", true),
        (#""exactRepository", "dockerRepository": "b.example/y""#, "a.example/x:1", "a.example/x:1", false),
        (remapped, "m.example/v/x:1", "v.example/x:1", true),
        (remapped, "m.example/v/x:1", "v.example/x:2", false),
        (remapped, "m.example/v/x:1", "m.example/v/x:1", false),
        (remapped, "m.example/vv/x:1", "m.example/vv/x:1", true),
        (remapped, "m.example/v/x@DIGEST", "v.example/x:9", true),
    ])
    func signaturesAreForNames(_ rule: String, _ image: String, _ signed: String, _ fits: Bool) throws {
        let digest = "sha256:" + String(repeating: "1", count: 64)
        let identity = try SignedIdentity(json: Array(#"{"type": \#(rule)}"#.utf8))
        let image = try ImageReference(
            image.split(separator: "DIGEST", omittingEmptySubsequences: false)
                .joined(separator: digest))
        let problem = identity.problem(with: try ImageReference(signed), for: image, scope: "")
        #expect((problem == nil) == fits, "\(problem ?? "accepted")")
    }

    // MARK: Keys and payloads

    @Test func keysThatAreNoneAreRefusedByTheirKind() throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let openssl = "/usr/bin/openssl"
        try DebianRegistry.run([openssl, "genrsa", "-out", "\(path)/rsa.pem", "2048"])
        try DebianRegistry.run([
            openssl, "rsa", "-in", "\(path)/rsa.pem", "-pubout", "-out", "\(path)/rsa.pub",
        ])
        try DebianRegistry.run([openssl, "genpkey", "-algorithm", "X25519", "-out", "\(path)/x.pem"])
        try DebianRegistry.run([openssl, "pkey", "-in", "\(path)/x.pem", "-pubout", "-out", "\(path)/x.pub"])
        try folder.write("text", "hello")
        try folder.write("bad", "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----\n")
        for (name, why) in [
            ("rsa.pub", "RSA keys are not supported"), ("x.pub", "it is neither an ECDSA key"),
            ("x.pem", "it holds a PRIVATE KEY, where a PUBLIC KEY is expected"), ("text", "not a PEM file"),
            ("bad", "it is not base64"), ("none", "no such file"),
        ] {
            let error = #expect(throws: RegistryError.self) { try SignatureKey(file: "\(path)/\(name)") }
            #expect(error?.kind == .configuration)
            #expect(
                error?.description.lowercased().contains(why.lowercased()) == true,
                "\(String(describing: error))")
        }
    }

    @Test(arguments: Signer.Kind.allCases)
    func signaturesOfOpenSSLAreValid(kind: Signer.Kind) throws {
        let folder = try TemporaryFolder()
        let signer = try Signer(kind, folder)
        let key = try SignatureKey(file: signer.publicKey)
        let payload = Array("what is signed".utf8)
        let signature = try signer.sign(payload)
        #expect(key.isValid(signature, for: payload))
        #expect(!key.isValid(signature, for: payload + [0]))
        #expect(!key.isValid(Array(signature.dropLast()), for: payload))
        #expect(!key.isValid([], for: payload))
        let other = try SignatureKey(file: try Signer(kind, folder, name: "other").publicKey)
        #expect(!other.isValid(signature, for: payload))
    }

    @Test(arguments: [
        ("{}", "critical is missing"),
        (#"{"critical": {"type": "x", "image": {}, "identity": {}}}"#, "unknown type"),
        (#"{"critical": {"type": "cosign container image signature"}}"#, "image is missing"),
        (#"{"critical": {"type": "cosign container image signature", "more": 1}}"#, "unknown member"),
        (#"{"critical": {}, "critical": {}}"#, "is there twice"),
        ("x", "line 1"),
    ])
    func payloadsThatAreNoneAreRefused(text: String, why: String) throws {
        let error = #expect(throws: RegistryError.self) { try SignaturePayload(Array(text.utf8)) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(why) == true, "\(String(describing: error))")
    }

    @Test func payloadsAreRead() throws {
        let digest = DigestHasher.digest(of: [7])
        let payload = try SignaturePayload(Signer.payload(digest, "busybox:1"))
        #expect(payload.digest == digest)
        #expect(payload.reference.description == "docker.io/library/busybox:1")
        #expect(throws: RegistryError.self) { try SignaturePayload(Signer.payload(digest, "A B")) }
    }
}

private let remapped = #""remapIdentity", "prefix": "m.example/v", "signedPrefix": "v.example""#
