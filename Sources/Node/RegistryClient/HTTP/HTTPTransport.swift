import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// One request to one origin, with whatever certificates and proxy it takes: no redirects, no retries, no
/// credentials of its own. Threads begin and certificates are read with the first request, not before.
final class HTTPTransport: Sendable {
    private let configuration: RegistryConfiguration
    // The client library binds a proxy to a client, so there is one for each proxy in use.
    private let ways = Mutex<[ProxyEnvironment.Proxy?: Task<Way, any Error>]>([:])
    private let tls = Mutex<[TLSSettings: TLSConfiguration]>([:])

    /// How an origin is reached.
    private struct Way: Sendable {
        let client: HTTPClient
        let proxy: ProxyEnvironment.Proxy?
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
    }

    enum Body {
        case bytes([UInt8])
        /// Exactly so many bytes.
        case stream(AsyncThrowingChunks, length: Int64)
    }

    /// - Returns: the answer as soon as its headers are there; whatever its status.
    /// - Throws: `RegistryError`, `CancellationError`.
    func send(_ request: Request) async throws -> HTTPClientResponse {
        let origin = request.address.origin
        var message = HTTPClientRequest(url: request.address.text)
        message.method = request.method
        message.headers = request.headers
        message.headers.replaceOrAdd(name: "User-Agent", value: configuration.userAgent)
        if origin.scheme == .https { message.tlsConfiguration = try tlsConfiguration(request.tls) }
        let way = try await way(to: origin)
        let client = way.client
        do {
            switch request.body {
            case nil:
                return try await client.execute(message, deadline: .now() + configuration.timeouts.headers)
            case .bytes(let bytes):
                message.body = .bytes(ByteBuffer(bytes: bytes))
                return try await client.execute(message, deadline: .now() + configuration.timeouts.headers)
            case .stream(let chunks, let length):
                return try await upload(message, chunks, length, client)
            }
        } catch {
            let error = try networkError(error)
            if let proxy = way.proxy, let why = way.relay?.lastProblem {
                throw RegistryError(.unreachable, "the proxy \(proxy.host):\(proxy.port): \(why)")
            }
            throw error
        }
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
    /// - Throws: `RegistryError`: `.limit` when it is longer than `limit` bytes.
    func body(of response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
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

    // MARK: Clients

    private func way(to origin: WebOrigin) async throws -> Way {
        let proxy = try configuration.proxies.proxy(for: origin)
        let task = ways.withLock { ways in
            if let task = ways[proxy] { return task }
            let task = Task { try await makeWay(proxy) }
            ways[proxy] = task
            return task
        }
        return try await task.value
    }

    private func makeWay(_ proxy: ProxyEnvironment.Proxy?) async throws -> Way {
        var relay: ProxyRelay?
        if let proxy, proxy.kind == .https {
            let context: NIOSSLContext
            do {
                context = try NIOSSLContext(configuration: try tlsConfiguration(TLSSettings()))
            } catch {
                throw RegistryError(.configuration, "TLS to the proxy: \(oneLine("\(error)"))")
            }
            relay = try await ProxyRelay.start(to: proxy, context, timeout: configuration.timeouts.connect)
        }
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: try clientConfiguration(proxy, relay))
        return Way(client: client, proxy: proxy, relay: relay)
    }

    private func clientConfiguration(
        _ proxy: ProxyEnvironment.Proxy?, _ relay: ProxyRelay?
    ) throws -> HTTPClient.Configuration {
        var result = HTTPClient.Configuration()
        result.redirectConfiguration = .disallow
        result.timeout = .init(
            connect: configuration.timeouts.connect, read: configuration.timeouts.idle,
            write: configuration.timeouts.idle)
        // Layers come by connections of their own: one HTTP/2 connection is one flow of TCP for all of them.
        result.httpVersion = .http1Only
        result.connectionPool.retryConnectionEstablishment = false
        if let proxy {
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

    private func tlsConfiguration(_ settings: TLSSettings) throws -> TLSConfiguration {
        try tls.withLock { known in
            if let configuration = known[settings] { return configuration }
            let made = try settings.configuration(roots: configuration.rootCertificates)
            known[settings] = made
            return made
        }
    }
}
