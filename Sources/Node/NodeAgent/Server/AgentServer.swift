import Glibc
import LinuxKernel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import StreamingServer
import Synchronization

/// The agent's HTTP servers: the kubelet's API over TLS, and `/healthz` for whoever watches this machine.
public final class AgentServer: Sendable {
    private struct State {
        var isStarted = false
        var listeners: [any Channel] = []
    }

    private let configuration: AgentServerConfiguration
    private let view: any AgentView
    private let logger: Logger
    private let state = Mutex(State())
    private let clients: ClientConnections

    public init(configuration: AgentServerConfiguration, view: any AgentView, logger: Logger) {
        self.configuration = configuration
        self.view = view
        self.logger = logger
        clients = ClientConnections(maximum: configuration.maximumConnections)
    }

    /// Where the servers listen.
    public struct Ports: Sendable {
        /// 0 where it is not served.
        public var api: Int
        public var readOnly: Int?
        public var health: Int?
    }

    /// Listens. Called once; when it throws, nothing listens.
    @discardableResult
    public func start() async throws -> Ports {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { throw AgentServerError("an agent's server starts once") }
        do {
            let routes = AgentRoutes(view: view, authenticator: Authenticator(configuration), logger: logger)
            var api = 0
            if configuration.servesAPI {
                api = try await listen(
                    configuration.address, configuration.port, tls: try tlsContext(), routes)
            }
            var readOnly: Int?
            if let port = configuration.readOnlyPort {
                readOnly = try await listen(
                    configuration.address, port, tls: nil, ReadOnlyRoutes(routes: routes))
            }
            var health: Int?
            if let port = configuration.healthPort {
                health = try await listen(
                    configuration.healthAddress, port, tls: nil, HealthRoute(view: view))
            }
            logger.info(
                "agent listens",
                metadata: [
                    "address": "\(configuration.address)", "port": "\(api)", "healthz": "\(health ?? 0)",
                ])
            return Ports(api: api, readOnly: readOnly, health: health)
        } catch {
            await stop()
            throw error
        }
    }

    /// Stops listening and cuts off the clients.
    public func stop() async {
        let listeners = state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        let channels = listeners + clients.all
        for channel in channels { channel.close(promise: nil) }
        // A close that failed was one too many.
        for channel in channels { _ = try? await channel.closeFuture.get() }
    }

    package var connections: Int { clients.count }

    private func listen(
        _ address: String, _ port: Int, tls: NIOSSLContext?, _ responder: any HTTPResponder
    ) async throws -> Int {
        let listener: any Channel
        do {
            listener = try await bind(address, port, tls: tls, responder)
        } catch {
            // The library's text names its function.
            let reason = (error as? IOError).map { "\(Errno(rawValue: $0.errnoCode))" } ?? "\(error)"
            throw AgentServerError("listen on \(address), port \(port): \(reason)")
        }
        state.withLock { $0.listeners.append(listener) }
        return listener.localAddress?.port ?? port
    }

    /// All addresses of version 4 are those of version 6, too, where the kernel has both: as servers in Go have it, and their
    /// configurations.
    private func bind(
        _ address: String, _ port: Int, tls: NIOSSLContext?, _ responder: any HTTPResponder
    ) async throws -> any Channel {
        if address == "0.0.0.0" || address == "::" {
            let onlyVersion6 = ChannelOptions.Types.SocketOption(
                level: .init(IPPROTO_IPV6), name: .init(IPV6_V6ONLY))
            do {
                let all = try SocketAddress(ipAddress: "::", port: port)
                let bootstrap = self.bootstrap(tls: tls, responder)
                return try await bootstrap.serverChannelOption(onlyVersion6, value: 0).bind(to: all).get()
            } catch let error as IOError where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errnoCode) {
                // This kernel has version 4 alone.
            }
        }
        let place = try SocketAddress.listening(on: address, port: port)
        return try await bootstrap(tls: tls, responder).bind(to: place).get()
    }

    private func bootstrap(tls: NIOSSLContext?, _ responder: any HTTPResponder) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Nothing shows the end of a client that follows a silent log, and whose machine is gone, but this.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 30)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try clients.add(channel)
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try HTTPConnection(responder, configuration, clients, logger).install(on: channel)
                }
            }
    }

    private func tlsContext() throws -> NIOSSLContext {
        let files: AgentServerConfiguration.TLSFiles
        do {
            files =
                try configuration.tls
                ?? ServingCertificate.files(
                    in: configuration.certificateFolder, nodeNames: configuration.nodeNames)
        } catch {
            throw AgentServerError("make a certificate in \(configuration.certificateFolder): \(error)")
        }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map {
                    .certificate($0)
                },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
            try configuration.limit(&tls)
            tls.applicationProtocols = ["http/1.1"]
            if let authorities = configuration.clientCAFile {
                // Asked for, and verified where there is one; who has none may have a token.
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
                tls.certificateVerification = .optionalVerification
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw AgentServerError(
                "use certificate \(files.certificate), key \(files.key)"
                    + (configuration.clientCAFile.map { " and client authorities \($0)" } ?? "")
                    + ": \(error)")
        }
    }
}
