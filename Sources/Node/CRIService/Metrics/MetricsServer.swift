import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import StreamingServer

/// A plain HTTP address for whoever watches the daemon: `/metrics` for Prometheus and `/healthz`.
public struct MetricsServer: Service {
    private let host: String
    private let port: Int
    private let registry: MetricsRegistry
    private let log: Logger
    private let whenListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - port: 0: any that is free.
    ///   - whenListening: called with the port.
    public init(
        host: String, port: Int, registry: MetricsRegistry, log: Logger,
        whenListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.registry = registry
        self.log = log
        self.whenListening = whenListening
    }

    public func run() async throws {
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { [registry] channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                        try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(60)))
                        try pipeline.addHandler(MetricsHandler(registry))
                    }
                }
                .bind(to: .listening(on: host, port: port)).get()
        } catch {
            throw ServerError("metrics.address \(host):\(port): \(error)")
        }
        log.info("metrics", metadata: ["address": "\(host):\(channel.localAddress?.port ?? port)"])
        whenListening(channel.localAddress?.port ?? port)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await channel.closeFuture.get()
        } onCancelOrGracefulShutdown: {
            channel.close(promise: nil)
        }
    }
}

private final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let registry: MetricsRegistry
    private var head: HTTPRequestHead?

    init(_ registry: MetricsRegistry) {
        self.registry = registry
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head = self.head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard head.method == .GET || head.method == .HEAD else {
            return send("only GET\n", .methodNotAllowed, head, context)
        }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/healthz": send("ok\n", .ok, head, context)
        case "/metrics":
            // What is asked for then reads files and databases.
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) { [registry] in
                registry.text()
            }.whenComplete { result in
                let (handler, context) = bound.value
                switch result {
                case .success(let text): handler.send(text, .ok, head, context)
                case .failure(let error):
                    handler.send("\(error)\n", .internalServerError, head, context)
                }
            }
        default: send("there are /metrics and /healthz\n", .notFound, head, context)
        }
    }

    private func send(
        _ text: String, _ status: HTTPResponseStatus, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
            ("Content-Length", "\(text.utf8.count)"),
        ])
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: status, headers: headers))),
            promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
        let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !head.isKeepAlive {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            end.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
