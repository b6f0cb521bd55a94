import Glibc
import LinuxKernel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Serves exec, attach and port-forward to kubectl, crictl and the kubelet, which get a URL from the CRI service and
/// connect to it with SPDY/3.1 or WebSocket.
public final class StreamingServer: Sendable {
    private enum State {
        case new
        case running(Running)
        case stopped
    }

    private struct Running {
        let listener: any Channel
    }

    private let configuration: StreamingConfiguration
    private let handler: any StreamingHandler
    private let logger: Logger
    private let tokens: RequestTokens
    private let state = Mutex(State.new)
    package let connections: ConnectionRegistry

    public init(configuration: StreamingConfiguration, handler: any StreamingHandler, logger: Logger) {
        self.configuration = configuration
        self.handler = handler
        self.logger = logger
        tokens = RequestTokens(
            lifetime: configuration.tokenLifetime, maximum: configuration.maximumPendingRequests)
        connections = ConnectionRegistry(maximum: configuration.maximumConnections)
    }

    /// Listens. Called once.
    public func start() async throws {
        let tls = try configuration.tls.map(Self.context)
        let listener = try await listen(tls)
        let running = Running(listener: listener)
        let isFirst = state.withLock { state in
            guard case .new = state else { return false }
            state = .running(running)
            return true
        }
        guard isFirst else {
            await end(running)
            throw StreamingError(.invalid, "a streaming server starts once")
        }
        logger.info("streaming server listens", metadata: ["url": "\(baseURL(of: listener))"])
    }

    /// Stops listening, cuts off the clients, cancels the engine's calls and waits for their end.
    public func stop() async {
        let running: Running? = state.withLock { state in
            defer { state = .stopped }
            guard case .running(let running) = state else { return nil }
            return running
        }
        if let running { await end(running) }
    }

    private func end(_ running: Running) async {
        running.listener.close(promise: nil)
        connections.closeAll()
        await connections.waitUntilEmpty()
    }

    /// Keeps the request for a minute; returns the URL whose first client gets it.
    public func exec(_ request: ExecStreamRequest) throws -> String {
        try register(
            .exec(request),
            shape: CommandShape(
                terminal: request.terminal, stdin: request.stdin, stdout: request.stdout,
                stderr: request.stderr))
    }

    /// The same for an attach.
    public func attach(_ request: AttachStreamRequest) throws -> String {
        try register(
            .attach(request),
            shape: CommandShape(
                terminal: request.terminal, stdin: request.stdin, stdout: request.stdout,
                stderr: request.stderr))
    }

    /// The same for a port-forward.
    public func portForward(_ request: PortForwardStreamRequest) throws -> String {
        // Each port has two channels, and a channel's number is one byte, of which 255 has another meaning.
        guard request.ports.count <= 127 else {
            throw StreamingError(.invalid, "portforward: \(request.ports.count) ports, but 127 are possible")
        }
        return try url(of: .portForward(request))
    }

    private func register(_ request: PendingRequest, shape: CommandShape) throws(StreamingError) -> String {
        guard shape.stdin || shape.stdout || shape.stderr else {
            throw StreamingError(.invalid, "\(request.path): none of stdin, stdout and stderr is wanted")
        }
        return try url(of: request)
    }

    private func url(of request: PendingRequest) throws(StreamingError) -> String {
        guard case .running(let running) = state.withLock({ $0 }) else {
            throw StreamingError(.notRunning, "\(request.path): the streaming server is not running")
        }
        return "\(baseURL(of: running.listener))/\(request.path)/\(try tokens.insert(request))"
    }

    private func listen(_ tls: NIOSSLContext?) async throws -> any Channel {
        let begin = { @Sendable [connections, handler, configuration, logger] (client: UpgradedClient) in
            let session = Session(
                client: client, handler: handler, configuration: configuration, logger: logger)
            connections.begin { await session.run() }
        }
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // Nothing shows the end of a client whose bytes nobody reads, or whose machine is gone, but this.
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 30)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
                .childChannelInitializer { [connections, tokens, configuration, logger] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try connections.add(channel)
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                        }
                        try RequestHandler.install(
                            on: channel, tokens: tokens, timeout: configuration.streamCreationTimeout,
                            logger: logger, upgraded: begin)
                    }
                }
                .bind(to: .listening(on: configuration.address, port: configuration.port)).get()
        } catch {
            throw StreamingError(
                .configuration, "listen on \(configuration.address), port \(configuration.port): \(error)")
        }
    }

    private func baseURL(of listener: any Channel) -> String {
        if let base = configuration.baseURL { return base }
        var address = configuration.address
        // All addresses of this machine: no certificate is for that. The network may come after the server, and change.
        if let all = IPAddress(address), all.isUnspecified { address = Self.ownAddress(like: all) }
        let host = address.contains(":") ? "[\(address)]" : address
        let scheme = configuration.tls == nil ? "http" : "https"
        return "\(scheme)://\(host):\(listener.localAddress?.port ?? configuration.port)"
    }

    /// The address with which this machine reaches others, else the loopback's.
    private static func ownAddress(like all: IPAddress) -> String {
        let loopback = all.isVersion6 ? "::1" : "127.0.0.1"
        // A root name server's; nothing is sent.
        guard let outside = IPAddress(all.isVersion6 ? "2001:503:ba3e::2:30" : "198.41.0.4"),
            var routes = try? RouteSocket(), let own = try? routes.source(towards: outside)
        else { return loopback }
        return own.description
    }

    /// - Throws: `StreamingError` for files that a server cannot start with.
    public static func check(_ files: StreamingConfiguration.TLSFiles) throws { _ = try context(files) }

    private static func context(_ files: StreamingConfiguration.TLSFiles) throws -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            tls.applicationProtocols = ["http/1.1"]
            if let authorities = files.clientAuthorities {
                tls.trustRoots = .certificates(try Self.authorities(authorities))
                // Without a certificate there is no connection. It names who it is, and not where.
                tls.certificateVerification = .noHostnameVerification
            }
            return try NIOSSLContext(configuration: tls)
        } catch let error as StreamingError {
            throw error
        } catch {
            throw StreamingError(
                .configuration, "use certificate \(files.certificate) with key \(files.key): \(error)")
        }
    }

    private static func authorities(_ path: String) throws(StreamingError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw StreamingError(
                .configuration, "read certificates of clients' authorities \(path): \(error)")
        }
        // Nobody's signature would be as good as everybody's to some libraries.
        if found.isEmpty { throw StreamingError(.configuration, "no certificate is in \(path)") }
        return found
    }
}
