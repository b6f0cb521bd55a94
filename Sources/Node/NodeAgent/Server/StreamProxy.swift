import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Hands a client over to the runtime's streaming server: the same request goes there, and when it is upgraded, the
/// bytes pass both ways, whatever they mean (SPDY, WebSocket).
struct StreamProxy: Sendable {
    private let target: StreamURL
    private let timeout: Duration

    /// Headers that are for us alone, or that the URL decides.
    private static let ours: Set<String> = ["host", "authorization", "content-length", "transfer-encoding"]
    /// Bytes of a refusal that are passed on.
    private static let refusalLimit = 64 << 10

    init(_ target: StreamURL, timeout: Duration) {
        self.target = target
        self.timeout = timeout
    }

    /// Returns nil when the client has been handed over, and else what to answer.
    func connect(_ client: any Channel, _ request: HTTPRequestHead) async throws -> HTTPResponse? {
        let answered = client.eventLoop.makePromise(of: UpgradeAnswer.self)
        let server: any Channel
        do {
            server = try await dial(on: client.eventLoop, request, answered)
        } catch {
            answered.fail(error)
            return .text(.badGateway, "connect to \(target.authority): \(error)\n")
        }
        let deadline = client.eventLoop.scheduleTask(in: TimeAmount(timeout)) { server.close(promise: nil) }
        // A client that leaves while the server thinks takes the server's connection along.
        client.closeFuture.whenComplete { _ in server.close(promise: nil) }
        defer { deadline.cancel() }
        do {
            switch try await answered.futureResult.get() {
            case .refused(let status, let type, let body):
                server.close(promise: nil)
                return .whole(status, contentType: type, body)
            case .upgraded(let head):
                try await join(client, server, head)
                return nil
            }
        } catch {
            server.close(promise: nil)
            return .text(.badGateway, "upgrade at \(target.authority): \(error)\n")
        }
    }

    private func dial(
        on eventLoop: any EventLoop, _ request: HTTPRequestHead, _ answered: EventLoopPromise<UpgradeAnswer>
    ) async throws -> any Channel {
        var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: target.target)
        head.headers.add(name: "Host", value: target.authority)
        for (name, value) in request.headers where !Self.ours.contains(name.lowercased()) {
            head.headers.add(name: name, value: value)
        }
        let tls = target.isTLS ? try Self.tls.get() : nil
        return try await ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [target, head] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        let isAddress = (try? SocketAddress(ipAddress: target.host, port: 0)) != nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : target.host))
                    }
                    let encoder = HTTPRequestEncoder()
                    let decoder = ByteToMessageHandler(
                        HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
                    try pipeline.addHandlers(
                        encoder, decoder, UpgradeRequest(head, limit: Self.refusalLimit, answered))
                }
            }
            .connect(host: target.host, port: target.port).get()
    }

    /// The runtime's certificate is its own, as the kubelet knows.
    private static let tls: Result<NIOSSLContext, any Error> = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.trustRoots = .certificates([])
        return try NIOSSLContext(configuration: configuration)
    }

    /// Takes HTTP out of both pipelines and joins them. On the event loop that both are on.
    private func join(_ client: any Channel, _ server: any Channel, _ head: HTTPResponseHead) async throws {
        try await client.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
            client.writeAndFlush(HTTPServerResponsePart.head(head)).flatMap {
                let (clients, servers) = (client.pipeline.syncOperations, server.pipeline.syncOperations)
                do {
                    let (one, other) = ByteRelay.pair()
                    // The relays first and the decoders last: what those let go of passes the relays. The server's
                    // decoder looks at what is written, too: it goes before the client's lets go.
                    try clients.addHandler(one)
                    try servers.addHandler(other)
                    return EventLoopFuture.andAllSucceed(
                        [
                            try remove(HTTPResponseEncoder.self, from: clients),
                            try remove(HTTPRequestEncoder.self, from: servers),
                            try remove(HTTPConnection.self, from: clients),
                            try remove(HTTPServerPipelineHandler.self, from: clients),
                            try remove(UpgradeRequest.self, from: servers),
                            try remove(ByteToMessageHandler<HTTPResponseDecoder>.self, from: servers),
                            try remove(ByteToMessageHandler<HTTPRequestDecoder>.self, from: clients),
                        ], on: client.eventLoop
                    ).map {
                        // No end of a read follows what the decoders let go of.
                        client.flush()
                        server.flush()
                    }
                } catch {
                    return client.eventLoop.makeFailedFuture(error)
                }
            }
        }.get()
    }
}

private func remove<Handler: RemovableChannelHandler>(
    _ type: Handler.Type, from pipeline: ChannelPipeline.SynchronousOperations
) throws -> EventLoopFuture<Void> {
    pipeline.removeHandler(context: try pipeline.context(handlerType: type))
}

/// What the streaming server says to a request.
private enum UpgradeAnswer: Sendable {
    case upgraded(HTTPResponseHead)
    case refused(HTTPResponseStatus, contentType: String, ByteBuffer)
}

/// The client's side of an upgrade: sends the request, tells the answer.
private final class UpgradeRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let limit: Int
    private var answered: EventLoopPromise<UpgradeAnswer>?
    private var refusal: HTTPResponseHead?
    private var body = ByteBuffer()

    init(_ request: HTTPRequestHead, limit: Int, _ answered: EventLoopPromise<UpgradeAnswer>) {
        self.request = request
        self.limit = limit
        self.answered = answered
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if head.status == .switchingProtocols { tell(.success(.upgraded(head))) } else { refusal = head }
        case .body(let bytes):
            guard body.readableBytes + bytes.readableBytes <= limit else { return }
            body.writeImmutableBuffer(bytes)
        case .end:
            guard let refusal else { return }
            let type = refusal.headers.first(name: "Content-Type") ?? "text/plain; charset=utf-8"
            tell(.success(.refused(refusal.status, contentType: type, body)))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tell(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        tell(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    private func tell(_ answer: Result<UpgradeAnswer, any Error>) {
        answered?.completeWith(answer)
        answered = nil
    }
}
