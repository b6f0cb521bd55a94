import Crypto
import Foundation
import Glibc
import LinuxKernel
import SwiftASN1
import X509

/// The certificate that the agent makes for itself where it was given none: signed by its own key, valid for a year
/// and made anew when a month of that is left, as `kubelet.crt` and `kubelet.key`.
enum ServingCertificate {
    private static let year: TimeInterval = 365 * 24 * 3600
    private static let month: TimeInterval = 30 * 24 * 3600

    /// The files in `folder`, which are made where they are not there, are unreadable or too old. Where new ones cannot
    /// be written, those count that are valid still.
    static func files(
        in folder: String, nodeNames: [String], now: Date = Date()
    ) throws -> AgentServerConfiguration.TLSFiles {
        let files = AgentServerConfiguration.TLSFiles(
            certificate: "\(folder)/kubelet.crt", key: "\(folder)/kubelet.key")
        if isUsable(files, until: now + month, now) { return files }
        try makeFolder(folder)
        let key = P256.Signing.PrivateKey()
        let pem = try make(key, nodeNames, now).serializeAsPEM().pemString
        do throws(KernelError) {
            // Both before one of them counts: the disk may have room for the first only.
            try write(key.pemRepresentation + "\n", to: files.key + ".new", mode: 0o600)
            try write(pem + "\n", to: files.certificate + ".new", mode: 0o644)
            // Killed between: a certificate with another's key is made anew.
            for path in [files.key, files.certificate] {
                guard rename(path + ".new", path) == 0 else { throw KernelError("rename", path) }
            }
        } catch {
            unlink(files.key + ".new")
            guard isUsable(files, until: now, now) else { throw error }
        }
        return files
    }

    private static func isUsable(
        _ files: AgentServerConfiguration.TLSFiles, until end: Date, _ now: Date
    ) -> Bool {
        // Whatever is wrong with them, new ones are made.
        guard let certificateText = try? FileDescriptor.readFile(files.certificate, limit: 1 << 20),
            let keyText = try? FileDescriptor.readFile(files.key, limit: 1 << 20),
            let certificate = try? Certificate(pemEncoded: String(decoding: certificateText, as: UTF8.self)),
            let key = try? Certificate.PrivateKey(pemEncoded: String(decoding: keyText, as: UTF8.self))
        else { return false }
        return key.publicKey == certificate.publicKey && certificate.notValidBefore <= now
            && certificate.notValidAfter > end
    }

    private static func make(
        _ key: P256.Signing.PrivateKey, _ nodeNames: [String], _ now: Date
    ) throws -> Certificate {
        let issuerKey = Certificate.PrivateKey(key)
        let host = nodeNames.first ?? "localhost"
        let name = try DistinguishedName { CommonName("\(host)@\(Int(now.timeIntervalSince1970))") }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuerKey.publicKey,
            // Clocks of clients may be behind.
            notValidBefore: now - 3600, notValidAfter: now + year, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames((nodeNames + ["localhost", "127.0.0.1", "::1"]).map(alternativeName))
            },
            issuerPrivateKey: issuerKey)
    }

    private static func alternativeName(_ name: String) -> GeneralName {
        var four = in_addr()
        if inet_pton(AF_INET, name, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: &four) { Array($0)[...] }))
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, name, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: &six) { Array($0)[...] }))
        }
        return .dnsName(name)
    }

    private static func makeFolder(_ folder: String) throws(KernelError) {
        var path = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o755) == 0 || Errno.current == .exists else { throw KernelError("make", path) }
        }
    }

    private static func write(_ text: String, to path: String, mode: mode_t) throws(KernelError) {
        guard unlink(path) == 0 || Errno.current == .noEntry else { throw KernelError("remove", path) }
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do throws(KernelError) {
            try file.writeAll(text)
            try file.sync()
        } catch {
            unlink(path)
            throw KernelError("write", path, error.errno)
        }
    }
}
