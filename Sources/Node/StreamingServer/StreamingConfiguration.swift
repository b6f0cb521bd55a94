/// Where a streaming server listens, and what it lets its clients do.
public struct StreamingConfiguration: Sendable {
    /// The files of a certificate chain and of its key, both PEM.
    public struct TLSFiles: Sendable {
        public var certificate: String
        public var key: String
        /// Certificates of those who sign clients' certificates, PEM. A client has to show one; nil: none is asked for.
        public var clientAuthorities: String?

        public init(certificate: String, key: String, clientAuthorities: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthorities = clientAuthorities
        }
    }

    /// The address to listen on.
    public var address = "127.0.0.1"
    /// The port to listen on; 0 takes a free one.
    public var port = 0
    /// What the URLs begin with, without a slash at the end; by default made from the address.
    public var baseURL: String?
    /// Speak TLS, with this certificate.
    public var tls: TLSFiles?
    /// How long a connection may stay without a byte in either direction.
    public var idleTimeout: Duration = .seconds(4 * 3600)
    /// How long a client may take for its request, and then for the streams that belong to it.
    public var streamCreationTimeout: Duration = .seconds(30)
    /// How long a URL waits for its client.
    public var tokenLifetime: Duration = .seconds(60)
    /// How many URLs may wait at a time.
    public var maximumPendingRequests = 1000
    /// How many connections there may be at a time; more are closed at once.
    public var maximumConnections = 4096

    public init() {}
}

/// Bounds of one session, chosen well above what kubectl, crictl and the kubelet need.
package enum SessionLimits {
    /// SPDY streams that are open at the same time; two of them are one forwarded connection.
    package static let streams = 4096
    /// Bytes of a control frame, and of the headers in it after decompression.
    static let controlFrame = 16 << 10
    static let headers = 4 << 10
    /// Bytes that wait for the engine, per stream: less the more streams there are, so that thousands whose bytes
    /// nobody takes do not add up to gigabytes.
    static func inboundBytes(streams: Int) -> Int {
        min(256 << 10, max(16 << 10, (4 << 20) / (streams + 1)))
    }
    /// Bytes of a frame that is sent.
    static let frame = 32 << 10
    /// Bytes of one terminal size's JSON.
    static let terminalSize = 1024
    /// How long a client that has been told everything may take to hang up.
    package static let farewell: Duration = .seconds(5)
}
