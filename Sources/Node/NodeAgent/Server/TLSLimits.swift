import NIOSSL

enum TLSLimits {
    static var cipherNames: Set<String> { Set(AgentServerConfiguration.ciphers.keys) }
}

/// Which versions, ciphers and groups of TLS clients may use (`tlsMinVersion`, `tlsCipherSuites`, `tlsCurvePreferences`).
extension AgentServerConfiguration {
    func limit(_ tls: inout TLSConfiguration) throws(AgentServerError) {
        tls.minimumTLSVersion = try minimum()
        if !tlsCipherSuites.isEmpty { tls.cipherSuiteValues = try tlsCipherSuites.map(Self.cipher) }
        if !tlsCurves.isEmpty { tls.curves = tlsCurves.map { NIOTLSCurve(rawValue: $0) } }
    }

    private func minimum() throws(AgentServerError) -> TLSVersion {
        switch tlsMinVersion {
        case "", "VersionTLS12": .tlsv12
        case "VersionTLS10": .tlsv1
        case "VersionTLS11": .tlsv11
        case "VersionTLS13": .tlsv13
        default: throw AgentServerError("tlsMinVersion: \(tlsMinVersion) is none of Go's names")
        }
    }

    private static func cipher(_ name: String) throws(AgentServerError) -> NIOTLSCipher {
        guard let cipher = ciphers[name] else {
            throw AgentServerError(
                "tlsCipherSuites: \(name) is not supported; \(ciphers.keys.sorted().joined(separator: ", ")) are"
            )
        }
        return cipher
    }

    fileprivate static let ciphers: [String: NIOTLSCipher] = [
        "TLS_AES_128_GCM_SHA256": .TLS_AES_128_GCM_SHA256,
        "TLS_AES_256_GCM_SHA384": .TLS_AES_256_GCM_SHA384,
        "TLS_CHACHA20_POLY1305_SHA256": .TLS_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_RSA_WITH_AES_128_CBC_SHA": .TLS_RSA_WITH_AES_128_CBC_SHA,
        "TLS_RSA_WITH_AES_256_CBC_SHA": .TLS_RSA_WITH_AES_256_CBC_SHA,
        "TLS_RSA_WITH_AES_128_GCM_SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_RSA_WITH_AES_256_GCM_SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
    ]
}
