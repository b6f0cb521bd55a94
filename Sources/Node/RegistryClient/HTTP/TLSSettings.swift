import NIOSSL

/// How the other side of a connection is verified, and how we prove who we are. Paths of PEM files, which are
/// read when the first connection needs them.
package struct TLSSettings: Hashable, Sendable {
    /// A client certificate.
    package struct Pair: Hashable, Sendable {
        package let certificate: String
        /// Nil: the key is in the same file.
        package let key: String?

        package init(certificate: String, key: String?) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Any certificate will do.
    package var skipVerify = false
    /// Trusted beside the system's.
    package var authorities: [String] = []
    /// The first is used: TLS offers one, and a list serves files for several purposes in one folder.
    package var clientPairs: [Pair] = []

    /// - Parameter roots: a bundle instead of the system's.
    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read.
    package func configuration(roots: String?) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if skipVerify { configuration.certificateVerification = .none }
        if let roots { configuration.trustRoots = .file(roots) }
        configuration.additionalTrustRoots = try authorities.map { path in
            .certificates(try read("CA certificate", path) { try NIOSSLCertificate.fromPEMFile(path) })
        }
        if let pair = clientPairs.first {
            let path = pair.key ?? pair.certificate
            configuration.certificateChain = try read("client certificate", pair.certificate) {
                try NIOSSLCertificate.fromPEMFile(pair.certificate).map { .certificate($0) }
            }
            configuration.privateKey = .privateKey(
                try read("client key", path) { try NIOSSLPrivateKey(file: path, format: .pem) })
        }
        return configuration
    }

    private func read<Result>(_ what: String, _ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw RegistryError(.configuration, "\(what) \(path) cannot be read: \(oneLine("\(error)"))")
        }
    }
}
