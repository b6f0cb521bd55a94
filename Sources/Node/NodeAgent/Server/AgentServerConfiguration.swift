/// Where the agent's HTTP server listens, and whom it serves.
public struct AgentServerConfiguration: Sendable {
    public struct TLSFiles: Sendable, Equatable {
        /// PEM; a chain, the server's own certificate first.
        public var certificate: String
        /// PEM.
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The kubelet's `--address` and `--port`; port 0 is any that is free.
    public var address = "0.0.0.0"
    public var port = 10250
    /// Whether that API is served at all (`enableServer`).
    public var servesAPI = true
    /// Plain HTTP for everybody, nothing but what is read (`readOnlyPort`). Nil for none.
    public var readOnlyPort: Int?
    /// The kubelet's `--healthz-bind-address` and `--healthz-port`: plain HTTP, nothing but `/healthz`. Nil for none.
    public var healthAddress = "127.0.0.1"
    public var healthPort: Int? = 10248

    /// The kubelet's `--tls-cert-file` and `--tls-private-key-file`; without them a certificate is made.
    public var tls: TLSFiles?
    /// Of Go's words: `VersionTLS12`; empty: TLS 1.2.
    public var tlsMinVersion = ""
    /// IANA's names; empty: those that BoringSSL takes. Of TLS 1.3 all are on.
    public var tlsCipherSuites: [String] = []
    /// IANA's numbers of named groups; empty: those that BoringSSL takes.
    public var tlsCurves: [UInt16] = []
    /// Where the certificate that is made is kept (`--cert-dir`).
    public var certificateFolder: String
    /// Names and addresses of this node, for that certificate.
    public var nodeNames: [String] = []

    /// Who shows a certificate that these have signed is let in (`--client-ca-file`, PEM).
    public var clientCAFile: String?
    /// Who shows the token in this file is let in: a line of it. Read again for each request.
    public var tokenFile: String?
    /// Everybody is let in (`--anonymous-auth`).
    public var allowsAnonymous = false

    /// How many connections there may be at a time; more are closed at once.
    public var maximumConnections = 1024
    /// How long a client may take for a TLS handshake.
    public var handshakeTimeout: Duration = .seconds(10)
    /// How long a connection may be without a request, and a client take for one.
    public var idleTimeout: Duration = .seconds(90)
    /// How long the runtime's streaming server may take to take a connection and to answer.
    public var streamConnectTimeout: Duration = .seconds(10)

    /// How long a stream may be open without a byte in either direction (`--streaming-connection-idle-timeout`).
    public var streamIdleTimeout: Duration = .seconds(4 * 3600)

    public init(certificateFolder: String) {
        self.certificateFolder = certificateFolder
    }
}

/// What keeps the server from working, in one line.
public struct AgentServerError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
