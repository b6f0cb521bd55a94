import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// A client whose request was good and who has been told so.
struct UpgradedClient: Sendable {
    let request: PendingRequest
    let `protocol`: StreamProtocol
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
}

/// The HTTP part of a connection: one request, which is upgraded or refused.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let tokens: RequestTokens
    private let timeout: TimeAmount
    private let logger: Logger
    private let upgraded: @Sendable (UpgradedClient) -> Void
    private let encoder = HTTPResponseEncoder()
    private let decoder = ByteToMessageHandler(
        HTTPRequestDecoder(
            leftOverBytesStrategy: .forwardBytes, limitConfiguration: RequestHandler.limits))
    private var head: HTTPRequestHead?
    private var isAnswered = false
    private var deadline: Scheduled<Void>?

    private static let limits: NIOHTTPDecoderLimitConfiguration = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 64 << 10
        return limits
    }()

    /// Puts the handlers of a new connection into its pipeline. `upgraded` is called at most once.
    static func install(
        on channel: any Channel, tokens: RequestTokens, timeout: Duration, logger: Logger,
        upgraded: @escaping @Sendable (UpgradedClient) -> Void
    ) throws {
        let handler = RequestHandler(tokens, timeout, logger, upgraded)
        try channel.pipeline.syncOperations.addHandlers(handler.encoder, handler.decoder, handler)
    }

    private init(
        _ tokens: RequestTokens, _ timeout: Duration, _ logger: Logger,
        _ upgraded: @escaping @Sendable (UpgradedClient) -> Void
    ) {
        self.tokens = tokens
        self.timeout = TimeAmount(timeout)
        self.logger = logger
        self.upgraded = upgraded
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Somebody who connects and sends nothing, or a little now and then, does not stay.
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            isAnswered = true
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection refused", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard head.method == .GET || head.method == .POST else {
            return refuse(.methodNotAllowed, "streaming takes GET and POST", context)
        }
        let path = head.uri.prefix { $0 != "?" }
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        // The same answer for everything that is not known, and after a moment for what was.
        guard components.count == 3, components[0].isEmpty,
            let request = tokens.take(path: components[1], token: components[2])
        else {
            return refuse(.notFound, "no such request, or its time is over", context)
        }
        guard let upgrade = Negotiation.upgrade(in: head.headers) else {
            return refuse(
                .badRequest, "unable to upgrade: an upgrade to SPDY/3.1 or websocket is needed", context)
        }
        do {
            let choice = try Negotiation.choose(upgrade, for: request, headers: head.headers)
            switch upgrade {
            case .spdy:
                var headers: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "SPDY/3.1"]
                if let name = choice.name { headers.add(name: Negotiation.streamVersion, value: name) }
                try switchProtocols(headers, request, choice, context)
            case .webSocket:
                acceptWebSocket(head, request, choice, context)
            }
        } catch {
            var extra = HTTPHeaders()
            if upgrade == .spdy {
                for name in Negotiation.spdyNames(for: request) {
                    extra.add(name: Negotiation.acceptedVersions, value: name)
                }
            }
            refuse(.forbidden, "unable to upgrade: \(error)", context, extra)
        }
    }

    /// RFC 6455's handshake is NIO's; its frames are ours, because messages here are of any length.
    private func acceptWebSocket(
        _ head: HTTPRequestHead, _ request: PendingRequest, _ choice: Negotiation.Choice,
        _ context: ChannelHandlerContext
    ) {
        let handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        handshake.buildUpgradeResponse(
            channel: context.channel, upgradeRequest: head,
            initialResponseHeaders: ["Connection": "Upgrade", "Upgrade": "websocket"]
        ).whenComplete { result in
            let (handler, context) = loopBound.value
            do {
                var headers = try result.get()
                if let name = choice.name { headers.add(name: Negotiation.subprotocol, value: name) }
                try handler.switchProtocols(headers, request, choice, context)
            } catch {
                handler.refuse(
                    .badRequest, "unable to upgrade: the WebSocket handshake is not valid", context)
            }
        }
    }

    private func switchProtocols(
        _ headers: HTTPHeaders, _ request: PendingRequest, _ choice: Negotiation.Choice,
        _ context: ChannelHandlerContext
    ) throws {
        guard context.channel.isActive else { return }
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
        let pipeline = context.pipeline.syncOperations
        // Above the others first, so that bytes after the request find it when the decoder lets go of them.
        // Two reads may wait, not the usual ten: of a client that is not listened to that would be 640 KiB.
        let channel = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: context.channel,
            configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
        _ = pipeline.removeHandler(encoder)
        _ = pipeline.removeHandler(context: context)
        // It hands over what came behind the request, but not the word that this was all for now, without which the
        // bytes would wait for the next ones.
        let channelPipeline = context.pipeline
        pipeline.removeHandler(decoder).whenComplete { _ in channelPipeline.fireChannelReadComplete() }
        upgraded(UpgradedClient(request: request, protocol: choice.protocol, channel: channel))
    }

    private func refuse(
        _ status: HTTPResponseStatus, _ why: String, _ context: ChannelHandlerContext,
        _ extra: HTTPHeaders = HTTPHeaders()
    ) {
        logger.debug("request refused", metadata: ["status": "\(status.code)", "reason": "\(why)"])
        let body = ByteBuffer(string: why + "\n")
        var headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": "\(body.readableBytes)",
            "Connection": "close",
        ]
        headers.add(contentsOf: extra)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
