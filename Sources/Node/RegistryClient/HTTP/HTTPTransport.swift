import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// One request to one origin, with whatever certificates and proxy it takes: no redirects, no retries, no
/// credentials of its own. Threads begin and certificates are read with requests that need them, not before.
final class HTTPTransport: Sendable {
    private let configuration: RegistryConfiguration
    // The client library binds a proxy, and how long connecting may take, to a client: there is one for each in use.
    private let ways = Mutex<[Route: Task<Way, any Error>]>([:])
    private let tls: TLSConfigurations
    private let certificates = ClientCertificates()

    private struct Route: Hashable {
        let proxy: ProxyEnvironment.Proxy?
        /// The proxy gets the requests themselves (`ForwardedRequests`), not tunnels to lead them through.
        let isForwarded: Bool
        let connectTimeout: TimeAmount
    }

    /// How an origin is reached.
    private struct Way: Sendable {
        let client: HTTPClient
        let proxy: ProxyEnvironment.Proxy?
        let isForwarded: Bool
        /// Where the proxy is spoken to by TLS.
        let relay: ProxyRelay?

        func close() async {
            // It only fails for a client that is closed already.
            try? await client.shutdown()
            await relay?.stop()
        }
    }

    init(_ configuration: RegistryConfiguration) {
        self.configuration = configuration
        tls = TLSConfigurations(roots: configuration.rootCertificates)
    }

    deinit {
        let ways = ways.withLock { Array($0.values) }
        if ways.isEmpty { return }
        // Whoever forgot to close must not be ended by the client library's check.
        Task { for way in ways { await (try? way.value)?.close() } }
    }

    /// Ends all connections. Requests that are under way fail.
    func close() async {
        let ways = self.ways.withLock { ways in
            defer { ways = [:] }
            return Array(ways.values)
        }
        for way in ways { await (try? way.value)?.close() }
    }

    struct Request {
        var method: HTTPMethod
        var address: WebAddress
        var headers: HTTPHeaders
        var body: Body?
        var tls: TLSSettings
        /// Nil: the usual one.
        var connectTimeout: TimeAmount?
    }

    enum Body {
        case bytes([UInt8])
        /// Exactly so many bytes.
        case stream(AsyncThrowingChunks, length: Int64)
    }

    /// - Returns: the answer as soon as its headers are there; whatever its status.
    /// - Throws: `RegistryError`, `CancellationError`.
    func send(_ request: Request) async throws -> HTTPClientResponse {
        try await certificates.send(request, by: self) { try await sendOnce($0) }
    }

    private func sendOnce(_ request: Request) async throws -> HTTPClientResponse {
        let origin = request.address.origin
        var message = HTTPClientRequest(url: request.address.text)
        message.method = request.method
        message.headers = request.headers
        message.headers.replaceOrAdd(name: "User-Agent", value: configuration.userAgent)
        // What comes is content by its digest as it is, not packed for the way: who says nothing takes any form
        // (RFC 9110, section 12.5.3).
        if !message.headers.contains(name: "Accept-Encoding") {
            message.headers.add(name: "Accept-Encoding", value: "identity")
        }
        if origin.scheme == .https {
            message.tlsConfiguration = try tls.configuration(request.tls.applied(to: origin))
        }
        let way = try await way(to: origin, request.connectTimeout ?? configuration.timeouts.connect)
        if way.isForwarded, let proxy = way.proxy {
            message = ForwardedRequests.message(message, for: request.address, by: proxy)
        }
        do {
            let response = try await deliver(message, request.body, way.client)
            if way.isForwarded, response.status == .proxyAuthenticationRequired {
                throw HTTPClientError.proxyAuthenticationRequired
            }
            return response
        } catch {
            let error = try networkError(error)
            if let proxy = way.proxy, let why = way.relay?.lastProblem {
                throw RegistryError(.unreachable, "the proxy \(proxy.host):\(proxy.port): \(why)")
            }
            if let proxy = way.proxy, way.isForwarded, let failure = error as? RegistryError,
                failure.kind == .unreachable
            {
                // The library takes it for the server.
                throw RegistryError(
                    .unreachable, "the proxy \(proxy.host):\(proxy.port): \(failure.description)",
                    status: nil, symptom: failure.symptom)
            }
            throw error
        }
    }

    private func deliver(
        _ message: HTTPClientRequest, _ body: Body?, _ client: HTTPClient
    ) async throws -> HTTPClientResponse {
        var message = message
        switch body {
        case nil: break
        case .bytes(let bytes): message.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let chunks, let length): return try await upload(message, chunks, length, client)
        }
        return try await client.execute(message, deadline: .now() + configuration.timeouts.headers)
    }

    /// A stream takes as long as it takes, as long as something moves. The client library does not notice a
    /// server that stops reading, so that is watched here.
    private func upload(
        _ message: HTTPClientRequest, _ chunks: AsyncThrowingChunks, _ length: Int64, _ client: HTTPClient
    ) async throws -> HTTPClientResponse {
        let idle = Duration.nanoseconds(configuration.timeouts.idle.nanoseconds)
        let watch = UploadWatch()
        return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
            var message = message
            message.body = .stream(watch.watching(chunks), length: .known(length))
            group.addTask { [message] in try await client.execute(message, deadline: .now() + .hours(24)) }
            group.addTask { throw try await watch.waitUntilIdle(idle) }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    /// A small answer's body.
    /// - Throws: `RegistryError`: `.limit` when it is longer than `limit` bytes; as `inTime`.
    func body(of response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        try await inTime {
            var bytes: [UInt8] = []
            do {
                for try await chunk in response.body {
                    if bytes.count + chunk.readableBytes > limit {
                        throw RegistryError(.limit, "the answer is longer than \(limit) bytes")
                    }
                    bytes += chunk.readableBytesView
                }
            } catch {
                throw try networkError(error)
            }
            return bytes
        }
    }

    /// Reads a document.
    /// - Throws: `RegistryError` (`.interrupted`) when it has not come as a whole in time: a server that sends a byte now
    ///   and then is never idle.
    func inTime(_ read: @escaping @Sendable () async throws -> [UInt8]) async throws -> [UInt8] {
        let patience = Duration.nanoseconds(configuration.timeouts.document.nanoseconds)
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { try await read() }
            group.addTask {
                try await Task.sleep(for: patience)
                throw RegistryError(
                    .interrupted, "no answer as a whole in time", status: nil, symptom: .timeout)
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    // MARK: Clients

    private func way(to origin: WebOrigin, _ connectTimeout: TimeAmount) async throws -> Way {
        let proxy = try configuration.proxies.proxy(for: origin)
        // To a proxy that is spoken to by TLS the relay leads tunnels alone.
        let route = Route(
            proxy: proxy, isForwarded: origin.scheme == .http && proxy?.kind == .http,
            connectTimeout: connectTimeout)
        let task = ways.withLock { ways in
            if let task = ways[route] { return task }
            let task = Task { try await makeWay(route) }
            ways[route] = task
            return task
        }
        return try await task.value
    }

    private func makeWay(_ route: Route) async throws -> Way {
        var relay: ProxyRelay?
        if let proxy = route.proxy, proxy.kind == .https {
            let context: NIOSSLContext
            do {
                context = try NIOSSLContext(configuration: try tls.configuration(TLSSettings()))
            } catch {
                throw RegistryError(.configuration, "TLS to the proxy: \(oneLine("\(error)"))")
            }
            relay = try await ProxyRelay.start(to: proxy, context, timeout: route.connectTimeout)
        }
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: try clientConfiguration(route, relay))
        return Way(client: client, proxy: route.proxy, isForwarded: route.isForwarded, relay: relay)
    }

    private func clientConfiguration(
        _ route: Route, _ relay: ProxyRelay?
    ) throws -> HTTPClient.Configuration {
        var result = HTTPClient.Configuration()
        result.redirectConfiguration = .disallow
        result.timeout = .init(
            connect: route.connectTimeout, read: configuration.timeouts.idle,
            write: configuration.timeouts.idle)
        // Layers come by connections of their own: one HTTP/2 connection is one flow of TCP for all of them.
        result.httpVersion = .http1Only
        result.connectionPool.retryConnectionEstablishment = false
        if route.isForwarded {
            result.http1_1ConnectionDebugInitializer = ForwardedRequests.prepare
        } else if let proxy = route.proxy {
            let host = proxy.host.hasPrefix("[") ? String(proxy.host.dropFirst().dropLast()) : proxy.host
            switch proxy.kind {
            case .socks5:
                if proxy.userInfo != nil {
                    throw RegistryError(
                        .configuration, "the SOCKS proxy \(proxy.host) has a password: that is not supported")
                }
                result.proxy = .socksServer(host: host, port: proxy.port)
            case .http, .https:
                let authorization = proxy.userInfo.map {
                    HTTPClient.Authorization.basic(credentials: Base64.encode($0.utf8))
                }
                result.proxy = .server(
                    host: relay == nil ? host : "127.0.0.1", port: relay?.port ?? proxy.port,
                    authorization: authorization,
                    connectHeaders: relay.map { [$0.secret.name: $0.secret.value] } ?? [:])
            }
        }
        return result
    }
}
