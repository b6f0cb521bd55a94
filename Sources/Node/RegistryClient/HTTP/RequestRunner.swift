import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// What is asked of a registry, whichever server answers for it.
struct RegistryRequest: Sendable {
    enum Target: Sendable {
        /// Below the server's root: `/library/busybox/manifests/latest`.
        case path(String)
        /// Where the registry itself told us to go.
        case address(WebAddress)
    }

    enum Body: Sendable {
        case bytes([UInt8])
        /// Streamed; sent again from its beginning if need be.
        case stream(length: Int64, chunks: @Sendable () -> AsyncThrowingChunks)
        /// Can be sent only once.
        case once(length: Int64, chunks: AsyncThrowingChunks)
    }

    var method: HTTPMethod
    var target: Target
    var query: [(name: String, value: String)] = []
    var headers: HTTPHeaders = [:]
    var body: Body?
    var scopes: [TokenScope] = []
    /// Errors of the network and of the server are answered by asking again.
    var isRetried = true
    /// What comes is checked against a digest that we know, so it does not matter who passes it on.
    var isVerified = false
}

/// A server's answer, whose body is still to be read.
struct RegistryAnswer: Sendable {
    let response: HTTPClientResponse
    /// Who answered in the end, redirects followed.
    let address: WebAddress
    /// Who was asked.
    let asked: WebOrigin

    var headers: HTTPHeaders { response.headers }
    var status: UInt { response.status.code }

    /// An error of this answer, with who is to blame for it if that is not who was asked.
    func blamed(_ error: RegistryError) -> RegistryError {
        address.origin == asked ? error : error.redirected(to: address)
    }
}

/// Carries requests out: authenticates, follows redirects, waits and asks again.
final class RequestRunner: Sendable {
    let configuration: RegistryConfiguration
    let transport: HTTPTransport
    private let servers: KnownServers
    private let authenticator: Authenticator
    /// Whether servers of this machine speak TLS or plain HTTP, once it is known.
    private let schemes = Mutex<[WebOrigin: WebScheme]>([:])

    /// How often one request may be refused for want of authentication.
    private static let authenticationAttempts = 3
    private static let errorBodyLimit = 64 << 10

    init(
        _ configuration: RegistryConfiguration, _ transport: HTTPTransport, _ servers: KnownServers,
        _ authenticator: Authenticator
    ) {
        self.configuration = configuration
        self.transport = transport
        self.servers = servers
        self.authenticator = authenticator
    }

    /// - Returns: an answer with a status of 2xx.
    /// - Throws: `RegistryError` for any other, and when there is none; `CancellationError`.
    func run(
        _ request: RegistryRequest, at endpoint: RegistryEndpoint, _ context: AuthenticationContext
    ) async throws -> RegistryAnswer {
        var attempt = 0
        while true {
            attempt += 1
            do {
                return try await runOnce(request, endpoint, context)
            } catch let error as RegistryError {
                if !request.isRetried || endpoint.hasNext || isSpent(request.body) { throw error }
                guard let delay = configuration.retry.delay(afterAttempt: attempt, error),
                    error.symptom != .timeout || attempt < configuration.retry.attemptsAfterTimeout
                else { throw attempt > 1 ? error.spent : error }
                try await Task.sleep(for: delay)
            }
        }
    }

    private func isSpent(_ body: RegistryRequest.Body?) -> Bool {
        if case .once = body { true } else { false }
    }

    // MARK: One attempt

    private func runOnce(
        _ request: RegistryRequest, _ endpoint: RegistryEndpoint, _ context: AuthenticationContext
    ) async throws -> RegistryAnswer {
        let endpoint = resolved(endpoint)
        do {
            let answer = try await authenticated(request, endpoint, context)
            settle(endpoint, as: endpoint.origin.scheme)
            return answer
        } catch let error as RegistryError {
            let hasAnswered = error.status != nil || error.isBehindRedirect
            if hasAnswered { settle(endpoint, as: endpoint.origin.scheme) }
            guard endpoint.mayBePlain, !hasAnswered, error.symptom == .noTLS, !isSpent(request.body) else {
                throw error
            }
            var plain = endpoint
            plain.origin = WebOrigin(
                scheme: .http, host: endpoint.origin.host, port: endpoint.origin.port)
            plain.mayBePlain = false
            let answer: RegistryAnswer
            do {
                answer = try await authenticated(request, plain, context)
            } catch let second as RegistryError {
                let hasAnswered = second.status != nil || second.isBehindRedirect
                if hasAnswered { settle(endpoint, as: .http) }
                throw second.kind == .unreachable && !hasAnswered ? error : second
            }
            settle(endpoint, as: .http)
            return answer
        }
    }

    private func resolved(_ endpoint: RegistryEndpoint) -> RegistryEndpoint {
        guard endpoint.mayBePlain, let scheme = schemes.withLock({ $0[endpoint.origin] }) else {
            return endpoint
        }
        var result = endpoint
        result.origin = WebOrigin(scheme: scheme, host: endpoint.origin.host, port: endpoint.origin.port)
        result.mayBePlain = false
        return result
    }

    private func settle(_ endpoint: RegistryEndpoint, as scheme: WebScheme) {
        if endpoint.mayBePlain { schemes.withLock { $0[endpoint.origin] = scheme } }
    }

    private func authenticated(
        _ request: RegistryRequest, _ endpoint: RegistryEndpoint, _ context: AuthenticationContext
    ) async throws -> RegistryAnswer {
        var authorization = try await authenticator.authorization(for: endpoint, request.scopes, context)
        var attempts = 0
        while true {
            let answer = try await redirected(request, endpoint, context, authorization)
            switch answer.status {
            case 200..<300: return answer
            // Another host that wants credentials gets none.
            case 401 where answer.address.origin == endpoint.origin:
                attempts += 1
                let error = try await failure(answer, of: request)
                if isSpent(request.body) { throw error }
                if attempts == Self.authenticationAttempts {
                    throw error.within("refused \(attempts) times")
                }
                let challenges = Challenge.parse(answer.headers["WWW-Authenticate"])
                do {
                    authorization = try await authenticator.authorization(
                        answering: challenges, rejected: authorization, for: endpoint, request.scopes, context
                    )
                } catch let why as RegistryError where why.kind == .unauthorized && why.status == nil {
                    throw RegistryError(
                        .unauthorized, "\(error.description) (\(why.description))", codes: error.codes,
                        status: error.status, symptom: error.symptom)
                }
            default: throw try await failure(answer, of: request)
            }
        }
    }

    private func failure(
        _ answer: RegistryAnswer, of request: RegistryRequest
    ) async throws -> RegistryError {
        // Reading it leaves the connection fit for the next request; how it fails does not matter.
        let body = try? await transport.body(of: answer.response, limit: Self.errorBodyLimit)
        try Task.checkCancellation()
        let error = answer.blamed(RegistryError(status: answer.response, body: body ?? []))
        return request.method == .HEAD ? error.with(.wordless(isSpent: false)) : error
    }

    // MARK: Redirects

    private func redirected(
        _ request: RegistryRequest, _ endpoint: RegistryEndpoint, _ context: AuthenticationContext,
        _ authorization: String?
    ) async throws -> RegistryAnswer {
        var address = try self.address(of: request, endpoint, context)
        var hops = 0
        while true {
            let isOwn = address.origin == endpoint.origin
            let response: HTTPClientResponse
            do {
                response = try await servers.send(
                    message(request, to: address, endpoint, authorization: isOwn ? authorization : nil),
                    by: transport)
            } catch let error as RegistryError where !isOwn {
                throw error.redirected(to: address)
            }
            guard [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return RegistryAnswer(response: response, address: address, asked: endpoint.origin) }
            // With the other codes a client may ask by GET instead (RFC 9110, section 15.4): no answer to an upload.
            let isRead = request.method == .GET || request.method == .HEAD
            guard isRead || [307, 308].contains(response.status.code) && !isSpent(request.body) else {
                throw RegistryError(.unsupported, "it redirects an upload by \(response.status.code)")
            }
            guard let next = address.resolve(location) else {
                throw RegistryError(.corrupt, "it redirects to '\(oneLine(location))', which is no address")
            }
            if next.origin.scheme == .http, !next.origin.isLoopback, address.origin.scheme == .https,
                !request.isVerified
            {
                throw RegistryError(.denied, "it redirects from TLS to plain HTTP, at \(next.origin)")
            }
            hops += 1
            if hops > configuration.limits.redirects {
                throw RegistryError(.limit, "it redirects more than \(configuration.limits.redirects) times")
            }
            _ = try? await transport.body(of: response, limit: Self.errorBodyLimit)
            address = next
        }
    }

    private func address(
        of request: RegistryRequest, _ endpoint: RegistryEndpoint, _ context: AuthenticationContext
    ) throws -> WebAddress {
        switch request.target {
        case .address(let address): return address.adding(query: request.query)
        case .path(let path):
            var query = request.query
            // A mirror of several registries has to know which one is meant, as containerd tells it.
            let isNamesake =
                endpoint.origin.authority == context.registry
                || CredentialKey.canonical(endpoint.origin.authority) == context.registry
            if !isNamesake { query.append(("ns", context.registry)) }
            return WebAddress(origin: endpoint.origin, path: endpoint.root + path).adding(query: query)
        }
    }

    private func message(
        _ request: RegistryRequest, to address: WebAddress, _ endpoint: RegistryEndpoint,
        authorization: String?
    ) -> HTTPTransport.Request {
        var headers = request.headers
        var tls = endpoint.tls
        var connectTimeout: TimeAmount?
        if address.origin == endpoint.origin {
            connectTimeout = endpoint.connectTimeout
            headers.take(endpoint.headers)
            if let authorization { headers.replaceOrAdd(name: "Authorization", value: authorization) }
        } else {
            // What proves who we are is for the registry alone.
            tls.clientPairs = []
        }
        return .init(
            method: request.method, address: address, headers: headers, body: body(request.body), tls: tls,
            connectTimeout: connectTimeout)
    }

    private func body(_ body: RegistryRequest.Body?) -> HTTPTransport.Body? {
        switch body {
        case .bytes(let bytes): .bytes(bytes)
        case .stream(let length, let chunks): .stream(chunks(), length: length)
        case .once(let length, let chunks): .stream(chunks, length: length)
        case nil: nil
        }
    }
}
