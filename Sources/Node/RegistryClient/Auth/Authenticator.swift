import OCISpec

/// Whose credentials are used for what.
struct AuthenticationContext: Sendable {
    /// As in the image's name.
    let registry: String
    /// Empty for the registry itself.
    let repository: String
    /// What the caller gave; for the registry and not for mirrors of it.
    let credential: Credential?
}

/// Answers the challenges of registries, and remembers the answers: how a server wants to be asked, tokens until
/// they expire, credentials from files and helpers.
actor Authenticator {
    private let store: CredentialStore?
    private let tokens: TokenService
    private var ways: [WebOrigin: Way] = [:]
    private var known: [TokenService.Request: TokenService.Token] = [:]
    // Several layers want the same token at once.
    private var underWay: [TokenService.Request: Task<TokenService.Token, any Error>] = [:]
    private var credentials: [CredentialPlace: Credential?] = [:]

    /// How a server authenticates.
    private enum Way {
        case basic
        case bearer(realm: WebAddress, service: String)
    }

    private struct CredentialPlace: Hashable {
        let registry: String
        let repository: String
    }

    init(_ store: CredentialStore?, _ tokens: TokenService) {
        self.store = store
        self.tokens = tokens
    }

    /// What to send with a request without being asked; nil: nothing.
    func authorization(
        for endpoint: RegistryEndpoint, _ scopes: [TokenScope], _ context: AuthenticationContext
    ) async throws -> String? {
        if case .registryToken(let token) = try await credential(for: endpoint, context) {
            return "Bearer \(token)"
        }
        guard let way = ways[endpoint.origin] else { return nil }
        return try await answer(way, endpoint, scopes, context)
    }

    /// What to send after a server answered 401.
    /// - Parameters:
    ///   - challenges: what it offers.
    ///   - rejected: what was sent.
    /// - Throws: `RegistryError` (`.unauthorized`) when there is nothing else to send.
    func authorization(
        answering challenges: [Challenge], rejected: String?, for endpoint: RegistryEndpoint,
        _ scopes: [TokenScope], _ context: AuthenticationContext
    ) async throws -> String {
        let way = try way(challenges, endpoint)
        ways[endpoint.origin] = way
        let asked = challenges.compactMap { $0.parameters["scope"] }
            .flatMap { $0.split(separator: " ") }.compactMap { TokenScope($0) }
        if Self.isForGood(challenges, rejected, asked: asked, had: scopes) {
            let credential = try await credential(for: endpoint, context)
            throw RegistryError(
                .unauthorized,
                credential == nil
                    ? "there is no such repository, or it wants credentials: log in first"
                    : "there is no such repository, or this user may not do that with it")
        }
        let scopes = scopes + asked
        if rejected != nil, case .bearer = way { try await forgetToken(way, endpoint, scopes, context) }
        let answer = try await answer(way, endpoint, scopes, context)
        guard let answer, answer != rejected else {
            throw RegistryError(.unauthorized, try await reason(endpoint, context, rejected))
        }
        return answer
    }

    /// Whether the token that was sent was a good one, for all that the server asks for, and gives too few rights:
    /// another one would give no more (RFC 6750, section 3.1). So answers Docker's hub for a name that it has not.
    private static func isForGood(
        _ challenges: [Challenge], _ rejected: String?, asked: [TokenScope], had scopes: [TokenScope]
    ) -> Bool {
        rejected?.hasPrefix("Bearer ") == true
            && challenges.contains { $0.scheme == "bearer" && $0.parameters["error"] == "insufficient_scope" }
            && TokenScope.union(scopes + asked) == TokenScope.union(scopes)
    }

    private func way(_ challenges: [Challenge], _ endpoint: RegistryEndpoint) throws -> Way {
        for challenge in challenges where challenge.scheme == "bearer" {
            guard let text = challenge.parameters["realm"], let realm = WebAddress(text) else { continue }
            return .bearer(realm: realm, service: challenge.parameters["service"] ?? "")
        }
        if challenges.contains(where: { $0.scheme == "basic" }) { return .basic }
        let offered = challenges.map { oneLine($0.scheme) }.joined(separator: ", ")
        throw RegistryError(
            .unauthorized,
            offered.isEmpty
                ? "it wants credentials and does not say how"
                : "it wants credentials by \(offered), which is unknown")
    }

    private func reason(
        _ endpoint: RegistryEndpoint, _ context: AuthenticationContext, _ rejected: String?
    ) async throws -> String {
        if !Self.isPrivate(endpoint.origin) { return "credentials are not sent over plain HTTP" }
        if try await credential(for: endpoint, context) != nil { return "the credentials are refused" }
        return "it wants credentials, and there are none for it: log in first"
    }

    // MARK: Answers

    private func answer(
        _ way: Way, _ endpoint: RegistryEndpoint, _ scopes: [TokenScope], _ context: AuthenticationContext
    ) async throws -> String? {
        let credential = try await credential(for: endpoint, context)
        switch (way, credential) {
        case (_, .registryToken(let token)): return "Bearer \(token)"
        case (.basic, .basic(let username, let password)):
            return "Basic " + Credential.basicToken(username, password)
        case (.basic, _): return nil
        case (.bearer, _):
            return "Bearer " + (try await token(try request(way, endpoint, scopes, credential)!))
        }
    }

    private func request(
        _ way: Way, _ endpoint: RegistryEndpoint, _ scopes: [TokenScope], _ credential: Credential?
    ) throws -> TokenService.Request? {
        guard case .bearer(let realm, let service) = way else { return nil }
        // A registry may send us to any service; what we know about it goes there by TLS, or stays on this
        // machine when the registry is on this machine, too.
        let isSafe = realm.origin.scheme == .https || (realm.origin.isLoopback && endpoint.origin.isLoopback)
        if credential != nil && !isSafe {
            throw RegistryError(
                .unauthorized,
                "it wants credentials sent to \(realm.origin) over plain HTTP, which is not done")
        }
        // Nobody but that server is to see them: a mirror that only passes things on names somebody else's service.
        let headers = realm.origin == endpoint.origin ? endpoint.headers : []
        return .init(
            realm: realm, service: service, scopes: TokenScope.union(scopes), credential: credential,
            tls: endpoint.tls, headers: headers)
    }

    private func token(_ request: TokenService.Request) async throws -> String {
        if let token = known[request], token.isFresh { return token.text }
        let task =
            underWay[request]
            ?? Task { [tokens] in try await tokens.fetch(request) }
        underWay[request] = task
        defer { underWay[request] = nil }
        let token = try await task.value
        known[request] = token
        return token.text
    }

    private func forgetToken(
        _ way: Way, _ endpoint: RegistryEndpoint, _ scopes: [TokenScope], _ context: AuthenticationContext
    ) async throws {
        let credential = try await credential(for: endpoint, context)
        if let request = try request(way, endpoint, scopes, credential) { known[request] = nil }
    }

    // MARK: Credentials

    /// Whether nobody can listen.
    private static func isPrivate(_ origin: WebOrigin) -> Bool {
        origin.scheme == .https || origin.isLoopback
    }

    private func credential(
        for endpoint: RegistryEndpoint, _ context: AuthenticationContext
    ) async throws -> Credential? {
        guard Self.isPrivate(endpoint.origin) else { return nil }
        let host = endpoint.origin.authority
        let isRegistry =
            !endpoint.isMirror || CredentialKey.canonical(host) == CredentialKey.canonical(context.registry)
        guard isRegistry else {
            return try await stored(CredentialPlace(registry: host, repository: context.repository))
        }
        if let credential = context.credential { return credential }
        return try await stored(
            CredentialPlace(registry: context.registry, repository: context.repository))
    }

    private func stored(_ place: CredentialPlace) async throws -> Credential? {
        if let known = credentials[place] { return known }
        let found = try await store?.credential(registry: place.registry, repository: place.repository)
        credentials[place] = .some(found)
        return found
    }
}
