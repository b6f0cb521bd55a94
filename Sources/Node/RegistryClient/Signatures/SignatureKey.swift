import Crypto
import LinuxKernel

/// A public key of sigstore, as `cosign generate-key-pair` and `openssl pkey -pubout` write it: PEM with a
/// SubjectPublicKeyInfo (RFC 7468, section 13). ECDSA on the curves P-256, P-384 and P-521, and Ed25519.
package struct SignatureKey: Sendable {
    /// For messages: the file's path.
    package let name: String
    private let key: Key

    private enum Key: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    private static let fileLimit = 64 << 10

    /// - Throws: `RegistryError` (`.configuration`).
    package init(file path: String) throws {
        do {
            let bytes = try FileDescriptor.readFile(path, limit: Self.fileLimit)
            try self.init(pem: String(decoding: bytes, as: UTF8.self), name: path)
        } catch let error as KernelError {
            throw RegistryError(.configuration, "key: \(error)")
        }
    }

    /// - Parameter text: base64 of the PEM text, as a policy's `keyData` has it.
    init(base64 text: String) throws {
        guard let bytes = Base64.decode(text) else {
            throw RegistryError(.configuration, "keyData is not the base64 of a PEM file")
        }
        try self.init(pem: String(decoding: bytes, as: UTF8.self), name: "keyData")
    }

    package init(pem: String, name: String) throws {
        self.name = name
        func problem(_ why: String) -> RegistryError {
            RegistryError(.configuration, "key \(oneLine(name)): \(why)")
        }
        let lines = pem.split(whereSeparator: \.isNewline).map(\.trimmingSpaces)
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") }),
            let end = lines[begin...].firstIndex(where: { $0.hasPrefix("-----END ") })
        else { throw problem("it is not a PEM file") }
        let label = lines[begin].dropFirst("-----BEGIN ".count).prefix { $0 != "-" }
        guard label == "PUBLIC KEY" else {
            throw problem("it holds a \(oneLine(String(label), limit: 40)), where a PUBLIC KEY is expected")
        }
        guard let der = Base64.decode(lines[lines.index(after: begin)..<end].joined()) else {
            throw problem("it is not base64")
        }
        guard let key = Self.key(der) else {
            throw problem(
                Self.contains(der, Self.rsa)
                    ? "RSA keys are not supported: ECDSA and Ed25519 are"
                    : "it is neither an ECDSA key on P-256, P-384 or P-521 nor an Ed25519 key")
        }
        self.key = key
    }

    /// The algorithm's identifier of RSA, `1.2.840.113549.1.1.1` (RFC 8017, appendix A.1).
    private static let rsa: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]
    /// What a SubjectPublicKeyInfo of an Ed25519 key begins with (RFC 8410, section 4).
    private static let ed25519: [UInt8] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    private static func key(_ der: [UInt8]) -> Key? {
        if der.starts(with: ed25519) {
            return (try? Curve25519.Signing.PublicKey(rawRepresentation: der.dropFirst(ed25519.count)))
                .map { .ed25519($0) }
        }
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) { return .p256(key) }
        if let key = try? P384.Signing.PublicKey(derRepresentation: der) { return .p384(key) }
        if let key = try? P521.Signing.PublicKey(derRepresentation: der) { return .p521(key) }
        return nil
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }

    /// - Parameters:
    ///   - signature: in DER for ECDSA, 64 bytes for Ed25519.
    ///   - payload: what was signed. By SHA-256 whatever the curve, as cosign and podman do, or by the hash that
    ///     goes with the curve, as sigstore's newer libraries do.
    package func isValid(_ signature: [UInt8], for payload: [UInt8]) -> Bool {
        switch key {
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(signature, for: SHA256.hash(data: payload))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(derRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(signature, for: SHA256.hash(data: payload))
                || key.isValidSignature(signature, for: SHA384.hash(data: payload))
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(derRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(signature, for: SHA256.hash(data: payload))
                || key.isValidSignature(signature, for: SHA512.hash(data: payload))
        case .ed25519(let key): return key.isValidSignature(signature, for: payload)
        }
    }
}
