import ImageStore
import OCISpec

/// What a rule of a signature policy requires of an image (containers-policy.json(5), Policy Requirements).
package enum SignatureRequirement: Sendable {
    /// `insecureAcceptAnything`
    case acceptAnything
    case reject
    /// `sigstoreSigned` with public keys.
    case signed(SigstoreRequirement)
    /// A type, or something about it, that cannot be checked here: no image of the scope can be used. That is
    /// found out only by whoever wants one, so that a file with GPG keys for one registry serves for the others.
    case unsupported(String)

    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        guard let type = try object.text("type") else { throw object.missing("type") }
        switch type {
        case "insecureAcceptAnything":
            _ = try object.strict(["type"])
            self = .acceptAnything
        case "reject":
            _ = try object.strict(["type"])
            self = .reject
        case "sigstoreSigned":
            for (name, what) in Self.otherTrust where object.members.contains(where: { $0.key == name }) {
                self = .unsupported("it requires \(what) (\(name)), and only public keys are supported")
                return
            }
            self = .signed(try SigstoreRequirement(object))
        case "signedBy":
            self = .unsupported("it requires a GPG signature (signedBy), and only sigstore's are supported")
        default:
            self = .unsupported("it requires \(JSONError.quoted(type)), which is unknown")
        }
    }

    /// Other trust than in a public key, by the members that ask for it.
    private static let otherTrust = [
        ("fulcio", "certificates of Fulcio"), ("pki", "certificates"),
        ("rekorPublicKeyPath", "a transparency log"), ("rekorPublicKeyData", "a transparency log"),
        ("rekorPublicKeyPaths", "a transparency log"), ("rekorPublicKeyDatas", "a transparency log"),
    ]
}

/// A signature by one of several public keys, for an expected name.
package struct SigstoreRequirement: Sendable {
    private enum Key: Sendable {
        /// A file, read when an image is checked.
        case path(String)
        case data(String)
    }

    private let keys: [Key]
    private let identity: SignedIdentity

    init(_ object: JSONObject) throws(JSONError) {
        let members = try object.strict([
            "type", "keyPath", "keyPaths", "keyData", "keyDatas", "signedIdentity",
        ])
        let given = ["keyPath", "keyPaths", "keyData", "keyDatas"].filter { members[$0] != nil }
        guard given.count == 1, let name = given.first, let value = members[name] else {
            throw object.value.error("exactly one of keyPath, keyPaths, keyData and keyDatas has to be there")
        }
        let texts = name.hasSuffix("s") ? try [String](from: value) : [try String(from: value)]
        if texts.isEmpty { throw value.error("it names no key") }
        keys = texts.map { name.hasPrefix("keyPath") ? .path($0) : .data($0) }
        identity =
            try members["signedIdentity"].map { value throws(JSONError) in
                try SignedIdentity(from: value)
            } ?? .matchRepositoryDigestOrExact
    }

    /// - Parameter scope: what the rule is for.
    /// - Returns: nil when a signature satisfies it, else why none does.
    /// - Throws: `RegistryError`: `.configuration` for a key that cannot be used; what asking the registry throws.
    func refusal(
        _ reference: ImageReference, scope: String, _ source: SignatureSource
    ) async throws -> String? {
        var verifiers: [SignatureKey] = []
        for key in keys {
            switch key {
            case .path(let path): verifiers.append(try SignatureKey(file: path))
            case .data(let text): verifiers.append(try SignatureKey(base64: text))
            }
        }
        let names = verifiers.map(\.name).joined(separator: ", ")
        var reasons: [String] = []
        let accepted = try await source.first { signature in
            let problem = problem(with: signature, verifiers, reference, scope)
            if let problem { reasons.append(problem) }
            return problem == nil
        }
        if accepted { return nil }
        var seen: Set<String> = []
        reasons = (reasons + source.problems).filter { seen.insert($0).inserted }
        let why = reasons.isEmpty ? "it has no signature" : reasons.prefix(3).joined(separator: "; ")
        return "no signature by key \(names): \(why)"
    }

    /// - Returns: nil when the signature is by one of the keys, and for the image.
    private func problem(
        with signature: SignatureSource.Signature, _ keys: [SignatureKey], _ reference: ImageReference,
        _ scope: String
    ) -> String? {
        if !keys.contains(where: signature.isValid) {
            return signature.isByCertificate
                ? "a signature is by a certificate, and only public keys are supported"
                : "a signature is not by this key"
        }
        do {
            let claims = try signature.claims()
            let problems = claims.filter { $0.digest == signature.digest }
                .map { identity.problem(with: $0.reference, for: reference, scope: scope) }
            if problems.isEmpty {
                let digests = claims.map(\.digest.description).joined(separator: ", ")
                return "a signature is for \(oneLine(digests, limit: 200)), not \(signature.digest)"
            }
            return problems.contains(nil) ? nil : problems[0]
        } catch {
            return "a signature's payload is refused: \(error)"
        }
    }
}
