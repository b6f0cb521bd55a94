import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// An authority that signs certificates of clients.
struct TestAuthority {
    private let key = P256.Signing.PrivateKey()
    private let certificate: Certificate
    let pem: String
    var keyPEM: String { key.pemRepresentation }

    init(_ name: String) throws {
        certificate = try Self.sign(name, key.publicKey, by: nil, key, until: Date() + 3600)
        pem = try certificate.serializeAsPEM().pemString
    }

    /// What a client of this name connects with.
    func client(_ name: String, validUntil end: Date = Date() + 3600) throws -> TLSConfiguration {
        let own = P256.Signing.PrivateKey()
        let signed = try Self.sign(name, own.publicKey, by: certificate.subject, key, until: end)
        var tls = RunningServer.trusting
        tls.certificateChain = [
            .certificate(
                try NIOSSLCertificate(bytes: Array(signed.serializeAsPEM().pemString.utf8), format: .pem))
        ]
        tls.privateKey = .privateKey(
            try NIOSSLPrivateKey(bytes: Array(own.pemRepresentation.utf8), format: .pem))
        return tls
    }

    /// What a server with the authority's own certificate serves with.
    func serverContext() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [
                    .certificate(try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem))
                ],
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem))))
    }

    private static func sign(
        _ name: String, _ key: P256.Signing.PublicKey, by issuer: DistinguishedName?,
        _ signer: P256.Signing.PrivateKey, until end: Date
    ) throws -> Certificate {
        let subject = try DistinguishedName { CommonName(name) }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key),
            notValidBefore: end - 7200, notValidAfter: end, issuer: issuer ?? subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                if issuer == nil {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                } else {
                    try ExtendedKeyUsage([.clientAuth])
                }
            },
            issuerPrivateKey: .init(signer))
    }
}

/// A key that belongs to no certificate.
func otherKey() throws -> String { P256.Signing.PrivateKey().pemRepresentation }
