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
    /// The kubelet's `--healthz-bind-address` and `--healthz-port`: plain HTTP, nothing but `/healthz`. Nil for none.
    public var healthAddress = "127.0.0.1"
    public var healthPort: Int? = 10248

    /// The kubelet's `--tls-cert-file` and `--tls-private-key-file`; without them a certificate is made.
    public var tls: TLSFiles?
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
    /// How long a connection may be without a request, and a client take for one.
    public var idleTimeout: Duration = .seconds(90)
    /// How long the runtime's streaming server may take to take a connection and to answer.
    public var streamConnectTimeout: Duration = .seconds(10)

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
