import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import HTTP2Pings
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Whether a server has begun to stop: calls get a moment to end then.
public final class ServingPhase: Sendable {
    private let stopping = Atomic(false)

    public init() {}

    var isStopping: Bool { stopping.load(ordering: .relaxed) }
    func stop() { stopping.store(true, ordering: .relaxed) }
}

/// Serves gRPC on the daemon's socket until it is told to stop.
public struct CRIServer: Service {
    private let socket: ListeningSocket
    private let services: [any RegistrableRPCService]
    private let metrics: CallMetrics
    private let log: Logger
    private let phase: ServingPhase
    private let whenReady: @Sendable () -> Void

    /// Bytes of a request. The kubelet takes answers of 16 MiB, and clients send as much.
    private static let maximumRequest = 16 << 20

    /// Calls at once on a connection: as many as a connection has numbers for (RFC 9113, section 5.1.1). A kubelet has
    /// one connection for everything, and without this SwiftNIO ends it, with all calls in it, at the 101st; it does
    /// not even tell the client of that limit.
    private static let maximumCalls = Int(Int32.max)

    /// - Parameters:
    ///   - phase: told when this begins to stop.
    ///   - whenReady: called once, when clients are answered.
    public init(
        _ socket: ListeningSocket, services: [any RegistrableRPCService], log: Logger,
        metrics: MetricsRegistry, phase: ServingPhase = ServingPhase(),
        whenReady: @escaping @Sendable () -> Void = {}
    ) {
        self.socket = socket
        self.services = services
        self.metrics = CallMetrics(metrics)
        self.log = log
        self.phase = phase
        self.whenReady = whenReady
    }

    public func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let transport = HTTP2ServerTransport.Posix(
            listeningSocketDescriptor: Int(try socket.descriptor()), transportSecurity: .plaintext,
            config: configuration, eventLoopGroup: group)
        let executor = LoopExecutor(group.next())
        let observer = CallObserver(log: log, metrics: metrics) { [phase] in phase.isStopping }
        let server = GRPCServer(transport: transport, services: services, interceptors: [observer])
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                try await withGracefulShutdownHandler {
                    do {
                        try await withTaskExecutorPreference(executor) { try await server.serve() }
                    } catch {
                        // The transport's error would hide that it was told to end.
                        try Task.checkCancellation()
                        throw error
                    }
                } onGracefulShutdown: {
                    phase.stop()
                    server.beginGracefulShutdown()
                }
            }
            _ = try await transport.listeningAddress
            whenReady()
        }
    }

    private var configuration: HTTP2ServerTransport.Posix.Config {
        .defaults { [log] config in
            config.rpc.maxRequestPayloadSize = Self.maximumRequest
            config.http2.maxConcurrentStreams = Self.maximumCalls
            // Waiting for more to write doubles the time of a single call, and saves nothing on a local socket.
            config.connection.flushCoalescing = nil
            config.channelDebuggingCallbacks.onAcceptTCPConnection = { Self.accept($0, log) }
            config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { CallTimeoutReader.add(to: $0) }
        }
    }

    /// The socket's mode keeps other users out; this does, too, when somebody opened it wider or passed it on.
    private static func accept(_ channel: any Channel, _ log: Logger) -> EventLoopFuture<Void> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.close()
        }
        let peer: EventLoopFuture<ucred> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return peer.flatMap { peer in
            if peer.uid == 0 || peer.uid == geteuid() { return PingAnswerer.add(to: channel, .server) }
            log.warning(
                "connection refused: this socket is for root",
                metadata: ["uid": "\(peer.uid)", "pid": "\(peer.pid)"])
            return channel.close()
        }
    }
}
