import NIOCore

/// How the client behaves. The defaults are for a node on the internet.
public struct RegistryConfiguration: Sendable {
    /// Folders with a folder for each registry in it, in the layout of containerd's `certs.d`; the first that
    /// knows a registry counts. Docker's, and podman's, are the same without the `hosts.toml`.
    public var hostFolders = ["/etc/containerd/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d"]

    /// Where names without a registry are looked for, in this order: registries, or registries with the
    /// beginning of a path.
    public var searchRegistries = ["docker.io/library"]

    /// Takes over what `registries.conf` says (containers-registries.conf(5), `unqualified-search-registries`);
    /// without such a file, or where it says nothing, the registries stay as they are.
    /// - Parameter environment: the process's; `CONTAINERS_REGISTRIES_CONF` names another file.
    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read.
    public mutating func readSearchRegistries(environment: [String: String]) throws {
        if let registries = try SearchFile.registries(environment: environment) {
            searchRegistries = registries
        }
    }

    public var timeouts = Timeouts()
    public var retry = RetryPolicy()
    public var limits = Limits()
    public var proxies: ProxyEnvironment
    /// A bundle of certificates instead of the system's roots, `SSL_CERT_FILE` of OpenSSL.
    public var rootCertificates: String?
    public var userAgent = "swiftlet"

    /// How long each stage of a request may take. A stage that takes longer ends the request.
    public struct Timeouts: Sendable {
        /// Name lookup, TCP and TLS.
        public var connect: TimeAmount = .seconds(15)
        /// From the request until the answer's headers, connecting included.
        public var headers: TimeAmount = .seconds(60)
        /// Without a byte of the body, in either direction.
        public var idle: TimeAmount = .seconds(60)
        /// The whole body of a document: a manifest, a configuration, a signature, a page of a list, a token, an error.
        public var document: TimeAmount = .minutes(5)
        /// A credential helper program.
        public var helper: TimeAmount = .seconds(30)

        public init() {}
    }

    /// What a registry may ask of this machine.
    public struct Limits: Sendable {
        /// Bytes of a manifest; what the distribution specification asks registries to accept at least.
        public var manifestBytes = 4 << 20
        /// Bytes of a list of tags or referrers, one page, and of a token.
        public var listBytes = 8 << 20
        /// Pages of one list.
        public var listPages = 10_000
        /// Bytes of all of them, with the addresses that lead from one to the next.
        public var wholeListBytes = 32 << 20
        public var redirects = 10
        /// Larger blobs are uploaded in chunks of so many bytes, so that a failure costs one of them.
        public var chunkBytes: Int64 = 64 << 20

        public init() {}
    }

    /// - Parameter environment: the process's, as `NAME=value` pairs.
    public init(environment: [String: String] = [:]) {
        proxies = ProxyEnvironment(environment)
        rootCertificates = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    }
}
