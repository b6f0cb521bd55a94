import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// A client's connection: one request after the other, each answered by a task that is cancelled when the client
/// leaves.
final class HTTPConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: any HTTPResponder
    private let configuration: AgentServerConfiguration
    private let clients: ClientConnections
    private let logger: Logger
    private var head: HTTPRequestHead?
    /// Requests whose end nobody has told of yet: the next one can be answered before that of the one before comes.
    private var answered = 0
    private var task: Task<Void, Never>?
    private var idle: Scheduled<Void>?

    private static let limits: NIOHTTPDecoderLimitConfiguration = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 64 << 10
        return limits
    }()

    init(
        _ responder: any HTTPResponder, _ configuration: AgentServerConfiguration,
        _ clients: ClientConnections,
        _ logger: Logger
    ) {
        self.responder = responder
        self.configuration = configuration
        self.clients = clients
        self.logger = logger
    }

    /// Puts the handlers of a new connection into its pipeline.
    func install(on channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandlers(
            HTTPResponseEncoder(),
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: Self.limits)),
            // Who sends the next request before he has an answer waits for it.
            HTTPServerPipelineHandler(), self)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        closeAfter(tls == nil ? configuration.idleTimeout : configuration.handshakeTimeout, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idle?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        // No route wants a body.
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answered += 1
            idle?.cancel()
            clients.mark(context.channel, waits: false)
            answer(head, context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError {
            logger.debug("bad request", metadata: ["error": "\(error)"])
            let head = HTTPResponseHead(
                version: .http1_1, status: .badRequest,
                headers: ["Content-Length": "0", "Connection": "close"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }

    /// Somebody who connects and sends nothing, or a little now and then, does not stay.
    private func closeAfter(_ time: Duration, _ context: ChannelHandlerContext) {
        idle?.cancel()
        let channel = context.channel
        idle = context.eventLoop.scheduleTask(in: TimeAmount(time)) {
            channel.close(promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ channel: any Channel) {
        // The handshake is over: there has been a request.
        let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        let hasCertificate = tls?.peerCertificate != nil
        let exchange = Exchange(
            head: head, hasCertificate: hasCertificate, channel: channel, responder: responder,
            configuration: configuration, logger: logger)
        task = Task { await exchange.serve() }
    }

    fileprivate struct RequestEnded: Sendable {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { closeAfter(configuration.idleTimeout, context) }
        guard event is RequestEnded else { return context.fireUserInboundEventTriggered(event) }
        answered -= 1
        // The next request may be there already; a part of one is none.
        guard answered == 0 else { return }
        clients.mark(context.channel, waits: true)
        closeAfter(configuration.idleTimeout, context)
    }
}

/// One request and its answer, in a task of its own.
private struct Exchange: Sendable {
    let head: HTTPRequestHead
    let hasCertificate: Bool
    let channel: any Channel
    let responder: any HTTPResponder
    let configuration: AgentServerConfiguration
    let logger: Logger

    func serve() async {
        let response = await responder.respond(to: head, hasCertificate: hasCertificate)
        switch await carryOut(response) {
        case .request: channel.pipeline.fireUserInboundEventTriggered(HTTPConnection.RequestEnded())
        case .end: channel.close(promise: nil)
        case .handedOver: break
        }
    }

    /// What becomes of a connection after a response.
    private enum Next {
        case request, end, handedOver
    }

    private func carryOut(_ response: HTTPResponse) async -> Next {
        var answer = response
        do {
            if case .proxy(let target) = response {
                let proxy = StreamProxy(target, configuration)
                guard let refusal = try await proxy.connect(channel, head) else { return .handedOver }
                answer = refusal
            }
            try await write(answer)
            return staysOpen ? .request : .end
        } catch {
            // The answer has begun; only its early end can tell the client now.
            logger.debug("response ended early", metadata: ["uri": "\(head.uri)", "error": "\(error)"])
            return .end
        }
    }

    /// After a request that may be upgraded the decoder reads no further one.
    private var staysOpen: Bool { head.isKeepAlive && !head.headers.contains(name: "Upgrade") }

    private func write(_ response: HTTPResponse) async throws {
        var headers = HTTPHeaders()
        if !staysOpen { headers.add(name: "Connection", value: "close") }
        let send = { @Sendable [channel] (part: HTTPServerResponsePart) async throws in
            try await channel.writeAndFlush(part).get()
        }
        switch response {
        case .whole(let status, let type, let body):
            headers.add(name: "Content-Type", value: type)
            headers.add(name: "X-Content-Type-Options", value: "nosniff")
            headers.add(name: "Content-Length", value: "\(body.readableBytes)")
            let start = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            channel.write(HTTPServerResponsePart.head(start), promise: nil)
            if head.method != .HEAD, body.readableBytes > 0 {
                channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
            }
        case .stream(let type, let produce):
            headers.add(name: "Content-Type", value: type)
            headers.add(name: "X-Content-Type-Options", value: "nosniff")
            try await send(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
            if head.method != .HEAD {
                try await produce { try await send(.body(.byteBuffer($0))) }
            }
        case .proxy: preconditionFailure("a proxied connection is not written to")
        }
        try await send(.end(nil))
    }
}
