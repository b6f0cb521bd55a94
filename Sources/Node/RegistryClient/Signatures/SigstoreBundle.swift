import ImageStore
import OCISpec

/// A signature as cosign makes it from version 3 on: a sigstore bundle (protobuf-specs, sigstore_bundle.proto, in its JSON
/// form) with a DSSE envelope, whose payload is a statement of in-toto. Timestamps and entries of transparency logs beside
/// it are not looked at, since none of the policy's keys is a log's.
package struct SigstoreBundle: Sendable {
    /// The statement; see `SignedStatement`.
    package let payload: [UInt8]
    package let signature: [UInt8]
    /// Whether a certificate says who signed, and no key that a policy could name.
    package let isByCertificate: Bool

    /// `application/vnd.dev.sigstore.bundle.v0.3+json`, and older forms with `;version=`.
    static func isType(_ type: MediaType) -> Bool {
        type.name.hasPrefix("application/vnd.dev.sigstore.bundle.v")
            || type.name.hasPrefix("application/vnd.dev.sigstore.bundle+json")
    }

    /// What is in an artifact's bundle, as an annotation of the artifact, and of its entry in a list of referrers.
    static let predicateAnnotation = "dev.sigstore.bundle.predicateType"

    /// - Throws: `RegistryError` (`.corrupt`).
    package init(_ json: [UInt8]) throws {
        do throws(JSONError) {
            self = try JSON.read(json) { (value) throws(JSONError) in try Self(from: value) }
        } catch {
            throw RegistryError(.corrupt, "\(error)")
        }
    }

    private init(from json: JSONValue) throws(JSONError) {
        let members = try json.object().strict()
        guard let envelope = members["dsseEnvelope"] else {
            throw json.error(
                members["messageSignature"] == nil
                    ? "dsseEnvelope is missing" : "it signs bytes, and does not say of which image")
        }
        let parts = try envelope.object().strict()
        guard let type = parts["payloadType"], let body = parts["payload"], let list = parts["signatures"]
        else { throw envelope.error("payloadType, payload or signatures is missing") }
        if try type.string() != SignedStatement.payloadType {
            throw type.error("it is not \(SignedStatement.payloadType)")
        }
        payload = try Self.bytes(body)
        var signatures: [[UInt8]] = []
        for element in try list.elements() {
            guard let text = try element.object().strict()["sig"] else {
                throw element.error("sig is missing")
            }
            signatures.append(try Self.bytes(text))
        }
        guard signatures.count == 1 else {
            throw list.error("a bundle has one signature, this one \(signatures.count)")
        }
        signature = signatures[0]
        let material = try members["verificationMaterial"]?.object().strict() ?? [:]
        isByCertificate = material["certificate"] != nil || material["x509CertificateChain"] != nil
    }

    /// Either alphabet, as the specification of DSSE wants it.
    private static func bytes(_ json: JSONValue) throws(JSONError) -> [UInt8] {
        let text = try json.string().map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        guard let bytes = Base64.decode(String(text)) else { throw json.error("it is not base64") }
        return bytes
    }

    /// The bytes that were signed (DSSE protocol, "Pre-Authentication Encoding").
    package var signedBytes: [UInt8] {
        let type = SignedStatement.payloadType
        return Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
    }
}

/// What a bundle's statement says (in-toto attestation, Statement v1). Only read after its signature was found valid.
package struct SignedStatement: Sendable {
    package let claims: [SignedClaim]

    static let payloadType = "application/vnd.in-toto+json"
    private static let type = "https://in-toto.io/Statement/v1"
    /// What `cosign sign` says. Of all other statements, say that a scanner found something, none is a signature.
    static let predicateType = "https://sigstore.dev/cosign/sign/v1"

    /// - Throws: `RegistryError` (`.corrupt`).
    package init(_ json: [UInt8]) throws {
        do throws(JSONError) {
            claims = try JSON.read(json) { (value) throws(JSONError) in try Self.claims(value) }
        } catch {
            throw RegistryError(.corrupt, "\(error)")
        }
    }

    private static func claims(_ json: JSONValue) throws(JSONError) -> [SignedClaim] {
        let members = try json.object().strict()
        guard let type = try members["_type"]?.string(), type == Self.type else {
            throw json.error("_type is not \(Self.type)")
        }
        let predicate = try members["predicateType"]?.string() ?? ""
        if predicate != Self.predicateType {
            throw json.error("it is no signature, but says \(JSONError.quoted(predicate))")
        }
        guard let subjects = members["subject"] else { throw json.error("subject is missing") }
        var claims: [SignedClaim] = []
        for subject in try subjects.elements() { claims += try Self.claims(of: subject) }
        if claims.isEmpty { throw subjects.error("it has no digest that is known here") }
        return claims
    }

    /// One of a subject's digests is enough to know it by.
    private static func claims(of subject: JSONValue) throws(JSONError) -> [SignedClaim] {
        let members = try subject.object().strict()
        guard let digests = members["digest"] else { throw subject.error("digest is missing") }
        var reference: ImageReference?
        if let name = members["name"], case let text = try name.string(), !text.isEmpty {
            do { reference = try ImageReference(text) } catch {
                throw name.error(oneLine("\(error)", limit: 200))
            }
        }
        var claims: [SignedClaim] = []
        for (name, value) in try digests.object().strict() {
            guard let algorithm = Digest.Algorithm(rawValue: name),
                let digest = Digest(algorithm, hex: try value.string())
            else { continue }
            claims.append(SignedClaim(digest: digest, reference: reference))
        }
        return claims
    }
}
