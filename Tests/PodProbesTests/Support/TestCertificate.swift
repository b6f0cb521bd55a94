import NIOSSL

/// A certificate that nobody has signed but its owner.
enum TestCertificate {
    static func serverContext() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(certificateText.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    }

    private static let certificateText = """
        -----BEGIN CERTIFICATE-----
        MIIBgTCCASegAwIBAgIUMaxwvndCGmbMv7ZLjVDvuTCPtGQwCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKcHJvYmUudGVzdDAgFw0yNjExMjgxNzU3NTBaGA8yMTI2MTEw
        NDE3NTc1MFowFTETMBEGA1UEAwwKcHJvYmUudGVzdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABCVyu2i/+Dbw9z5enoYDKCGbAP3QC+83P99j81gHbbn0yDzhFc9L
        309e2QzpOmbmgVMZzEGO8sC+Ev65c4sSAZajUzBRMB0GA1UdDgQWBBRHIT5ro9q3
        YCf7tXy4dKAndrB4ijAfBgNVHSMEGDAWgBRHIT5ro9q3YCf7tXy4dKAndrB4ijAP
        BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDa+0ySQy/VyTXcvaiN
        vtsOVqwNmai3FYJhgQUk+ngWYAIgHjuslw/UX9BLbBCFAW+MC+t5J4JrZ3KR96di
        bQxGST0=
        -----END CERTIFICATE-----
        """

    private static let keyText = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLKP3BwOxzX/kaXzF
        T4Pd1n+2AvktiWzRYhHkzmlam3ihRANCAAQlcrtov/g28Pc+Xp6GAyghmwD90Avv
        Nz/fY/NYB2259Mg84RXPS99PXtkM6Tpm5oFTGcxBjvLAvhL+uXOLEgGW
        -----END PRIVATE KEY-----
        """
}
