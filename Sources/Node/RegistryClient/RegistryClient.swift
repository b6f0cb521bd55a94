import ImageStore
import NIOCore
import OCISpec

/// A client of container registries (OCI distribution specification 1.1).
///
/// Made for a piece of work, such as one pull: it remembers tokens, connections and what it learned about the
/// servers until it is closed. All calls may be made from any task, many at once. Nothing happens before the
/// first request: no thread starts and no certificate is read.
public final class RegistryClient: Sendable {
    public let configuration: RegistryConfiguration
    let runner: RequestRunner
    private let resolver: EndpointResolver
    private let transport: HTTPTransport
    private let isOwner: Bool

    /// - Parameters:
    ///   - credentials: where credentials come from that callers do not give; nil: from nowhere.
    ///   - other: whose connections and certificates are used, too, instead of own ones; what this client learns of
    ///     credentials stays its own. A daemon has one for all: the HTTP library never lets go of a client's
    ///     certificates, a megabyte each time.
    public init(
        _ configuration: RegistryConfiguration = RegistryConfiguration(), credentials: CredentialStore? = nil,
        sharingConnectionsOf other: RegistryClient? = nil
    ) {
        self.configuration = configuration
        transport = other?.transport ?? HTTPTransport(configuration)
        isOwner = other == nil
        resolver = EndpointResolver(folders: configuration.hostFolders)
        let servers = KnownServers()
        let tokens = TokenService(transport: transport, servers: servers, configuration: configuration)
        runner = RequestRunner(configuration, transport, servers, Authenticator(credentials, tokens))
    }

    /// Ends all connections of its own; requests under way fail.
    public func close() async {
        if isOwner { await transport.close() }
    }

    /// The repository that a reference is in.
    /// - Parameter credential: used for the registry instead of stored ones; its mirrors never get it.
    /// - Throws: `RegistryError` (`.configuration`) for a `hosts.toml` that cannot be used.
    public func repository(_ reference: ImageReference, credential: Credential? = nil) throws -> Repository {
        Repository(
            name: "\(reference.domain)/\(reference.path)", path: reference.path,
            endpoints: try resolver.endpoints(for: reference.domain), runner: runner,
            context: AuthenticationContext(
                registry: reference.domain, repository: reference.path, credential: credential))
    }

    /// Which images a name may mean, in the order in which they are to be looked for: one, unless the name is
    /// without a registry and several are searched (`RegistryConfiguration.searchRegistries`).
    /// - Throws: `ImageError` (`.invalid`), `RegistryError`.
    public func candidates(for name: String) throws -> [ImageReference] {
        try ShortNames.candidates(name, search: configuration.searchRegistries)
    }

    /// Asks a registry whether it speaks the protocol and takes a credential (distribution-spec, "Determining
    /// Support"): the check of a login.
    /// - Parameters:
    ///   - registry: as in an image's name.
    ///   - credential: instead of a stored one.
    /// - Throws: `RegistryError`: `.unauthorized` for a wrong credential.
    public func ping(_ registry: String, credential: Credential? = nil) async throws {
        let endpoints = try resolver.endpoints(for: registry).filter { !$0.isMirror }
        let context = AuthenticationContext(registry: registry, repository: "", credential: credential)
        let request = RegistryRequest(method: .GET, target: .path("/"))
        for endpoint in endpoints {
            do {
                let answer = try await runner.run(request, at: endpoint, context)
                _ = try await transport.body(of: answer.response, limit: configuration.limits.listBytes)
            } catch let error as RegistryError {
                throw error.within("registry \(endpoint.origin.authority)")
            }
        }
    }
}
