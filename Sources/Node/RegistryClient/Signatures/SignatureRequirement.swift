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

    /// - Returns: nil when a signature satisfies it, else why none does.
    /// - Throws: `RegistryError`: `.configuration` for a key that cannot be used; what asking the registry throws.
    func refusal(_ reference: ImageReference, _ source: SignatureSource) async throws -> String? {
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
            guard verifiers.contains(where: { $0.isValid(signature.signature, for: signature.payload) })
            else {
                reasons.append("a signature is not by this key")
                return false
            }
            do {
                let payload = try SignaturePayload(signature.payload)
                guard payload.digest == signature.digest else {
                    reasons.append("a signature is for \(payload.digest), not \(signature.digest)")
                    return false
                }
                if let problem = identity.problem(with: payload.reference, for: reference) {
                    reasons.append(problem)
                    return false
                }
                return true
            } catch let error as RegistryError {
                reasons.append("a signature's payload is refused: \(error.description)")
                return false
            }
        }
        if accepted { return nil }
        var seen: Set<String> = []
        reasons = (reasons + source.problems).filter { seen.insert($0).inserted }
        let why = reasons.isEmpty ? "it has no signature" : reasons.prefix(3).joined(separator: "; ")
        return "no signature by key \(names): \(why)"
    }
}
