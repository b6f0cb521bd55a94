import Glibc
import LinuxKernel
import NIOSSL

/// How the other side of a connection is verified, and how we prove who we are. Paths of PEM files, which are
/// read when a connection needs them.
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
    /// Nobody has said so: it holds for servers of this machine, and not for where they send us.
    package var skipsOnOwnMachineOnly = false
    /// Trusted beside the system's.
    package var authorities: [String] = []
    /// TLS shows one of them; which one `ClientCertificates` finds out.
    package var clientPairs: [Pair] = []

    /// As they are for a server that is asked on behalf of another one.
    package func applied(to origin: WebOrigin) -> TLSSettings {
        var settings = self
        if skipsOnOwnMachineOnly, !EndpointResolver.isOwnMachine(origin) { settings.skipVerify = false }
        return settings
    }

    var files: [String] {
        authorities + clientPairs.flatMap { [$0.certificate, $0.key].compactMap { $0 } }
    }

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
            // BoringSSL has no words for a file that cannot be opened.
            _ = try FileDescriptor.open(path, O_RDONLY)
            return try body()
        } catch let error as KernelError {
            throw RegistryError(.configuration, "\(what) \(path) cannot be read: \(error.errno)")
        } catch {
            throw RegistryError(.configuration, "\(what) \(path) cannot be read: \(oneLine("\(error)"))")
        }
    }
}
