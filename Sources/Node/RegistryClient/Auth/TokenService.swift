import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCISpec

/// Asks a token service for access tokens (distribution, "Token Authentication Specification" and "Oauth2 Token
/// Authentication").
struct TokenService: Sendable {
    /// What a token is for, and whose it is.
    struct Request: Hashable, Sendable {
        let realm: WebAddress
        let service: String
        let scopes: [TokenScope]
        /// Nil: anonymous.
        let credential: Credential?
        let tls: TLSSettings
        /// What is configured for the registry, when the service is on the same server.
        let headers: [RegistryEndpoint.Header]
    }

    struct Token: Sendable {
        let text: String
        let expires: ContinuousClock.Instant

        var isFresh: Bool { ContinuousClock.now < expires }
    }

    let transport: HTTPTransport
    let servers: KnownServers
    let configuration: RegistryConfiguration

    func fetch(_ request: Request) async throws -> Token {
        var attempt = 0
        while true {
            attempt += 1
            do {
                return try await fetchOnce(request)
            } catch let error as RegistryError {
                guard let delay = configuration.retry.delay(afterAttempt: attempt, error),
                    error.symptom != .timeout || attempt < configuration.retry.attemptsAfterTimeout
                else {
                    // The request that wants the token is not made again for that: both together would take forever.
                    throw error.within("token service \(request.realm.origin.authority)").with(.spent)
                }
                try await Task.sleep(for: delay)
            }
        }
    }

    private func fetchOnce(_ request: Request) async throws -> Token {
        let begin = ContinuousClock.now
        let response = try await answer(message(request))
        let bytes = try await transport.body(of: response, limit: configuration.limits.listBytes)
        guard response.status.code == 200 else {
            throw RegistryError(status: response, body: bytes)
        }
        do throws(JSONError) {
            return try JSON.read(bytes) { (value) throws(JSONError) -> Token in
                let object = try value.object()
                // The two specifications have two names for it.
                let token = try object.text("token")
                let accessToken = try object.text("access_token")
                guard let text = token ?? accessToken else { throw object.missing("token") }
                let seconds: Int64 = try object.optional("expires_in", default: Self.defaultLifetime)
                return Token(text: text, expires: begin + Self.usableTime(seconds))
            }
        } catch {
            throw RegistryError(.corrupt, "it answers no token: \(error)")
        }
    }

    /// Follows redirects; what proves who we are goes to the service that the registry named and to no other.
    private func answer(_ first: HTTPTransport.Request) async throws -> HTTPClientResponse {
        var message = first
        for _ in 0...configuration.limits.redirects {
            let response = try await servers.send(message, by: transport)
            // A refresh token is in the body, which is not sent on.
            guard message.method == .GET, [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return response }
            guard let next = message.address.resolve(location) else {
                throw RegistryError(.corrupt, "it redirects to '\(oneLine(location))', which is no address")
            }
            if next.origin != message.address.origin {
                if next.origin.scheme == .http, !next.origin.isLoopback {
                    throw RegistryError(.denied, "it redirects to plain HTTP, at \(next.origin)")
                }
                message.headers = [:]
                message.tls.clientPairs = []
            }
            _ = try? await transport.body(of: response, limit: configuration.limits.listBytes)
            message.address = next
        }
        throw RegistryError(.limit, "it redirects more than \(configuration.limits.redirects) times")
    }

    /// Seconds, where the service does not say.
    private static let defaultLifetime: Int64 = 60

    /// A token is given up a little early, since it has to arrive before it expires.
    private static func usableTime(_ seconds: Int64) -> Duration {
        let seconds = min(max(seconds, 0), 86_400)
        return .seconds(seconds) - min(.seconds(10), .milliseconds(seconds * 250))
    }

    private func message(_ request: Request) -> HTTPTransport.Request {
        if case .identityToken(let token) = request.credential { return oauth(request, token) }
        var query = request.scopes.map { (name: "scope", value: $0.description) }
        if !request.service.isEmpty { query.insert(("service", request.service), at: 0) }
        var headers = HTTPHeaders()
        headers.take(request.headers)
        if case .basic(let username, let password) = request.credential {
            query.append(("account", username))
            headers.replaceOrAdd(
                name: "Authorization", value: "Basic " + Credential.basicToken(username, password))
        }
        return .init(
            method: .GET, address: request.realm.adding(query: query), headers: headers, tls: request.tls)
    }

    private func oauth(_ request: Request, _ token: String) -> HTTPTransport.Request {
        let form = [
            ("grant_type", "refresh_token"), ("service", request.service),
            ("client_id", configuration.userAgent),
            ("scope", request.scopes.map(\.description).joined(separator: " ")), ("refresh_token", token),
        ]
        let text = form.map { "\($0)=\(WebAddress.escaped($1))" }.joined(separator: "&")
        var headers = HTTPHeaders()
        headers.take(request.headers)
        headers.replaceOrAdd(name: "Content-Type", value: "application/x-www-form-urlencoded")
        return .init(
            method: .POST, address: request.realm, headers: headers,
            body: .bytes(Array(text.utf8)), tls: request.tls)
    }
}
