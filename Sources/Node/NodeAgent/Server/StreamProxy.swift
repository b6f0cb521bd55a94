import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Hands a client over to the runtime's streaming server: the same request goes there, and when it is upgraded, the
/// bytes pass both ways, whatever they mean (SPDY, WebSocket).
struct StreamProxy: Sendable {
    private let target: StreamURL
    private let timeout: Duration
    private let idleTimeout: Duration

    /// Headers that are for us alone, or that the URL decides.
    private static let ours: Set<String> = ["host", "authorization", "content-length", "transfer-encoding"]
    /// Bytes of a refusal that are passed on.
    private static let refusalLimit = 64 << 10

    init(_ target: StreamURL, _ configuration: AgentServerConfiguration) {
        self.target = target
        timeout = configuration.streamConnectTimeout
        idleTimeout = configuration.streamIdleTimeout
    }

    /// Returns nil when the client has been handed over, and else what to answer.
    func connect(_ client: any Channel, _ request: HTTPRequestHead) async throws -> HTTPResponse? {
        let answered = FirstAnswer(client.eventLoop.makePromise(of: UpgradeAnswer.self))
        let server: any Channel
        do {
            server = try await dial(on: client.eventLoop, request, answered)
        } catch {
            answered.tell(.failure(error))
            return .text(.badGateway, "connect to \(target.authority): \(error)\n")
        }
        let deadline = client.eventLoop.scheduleTask(in: TimeAmount(timeout)) { server.close(promise: nil) }
        // A client that leaves while the server thinks takes the server's connection along. Later the relays see to it.
        client.closeFuture.whenComplete { _ in
            server.pipeline.containsHandler(type: UpgradeRequest.self).whenSuccess {
                server.close(promise: nil)
            }
        }
        defer { deadline.cancel() }
        do {
            switch try await answered.future.get() {
            case .refused(let status, let type, let body):
                server.close(promise: nil)
                return .whole(status, contentType: type, body)
            case .upgraded(let head, let holder):
                try await join(client, server, head, holder)
                return nil
            }
        } catch {
            server.close(promise: nil)
            return .text(.badGateway, "upgrade at \(target.authority): \(error)\n")
        }
    }

    private func dial(
        on eventLoop: any EventLoop, _ request: HTTPRequestHead, _ answered: FirstAnswer
    ) async throws -> any Channel {
        var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: target.target)
        head.headers.add(name: "Host", value: target.authority)
        for (name, value) in request.headers where !Self.ours.contains(name.lowercased()) {
            head.headers.add(name: name, value: value)
        }
        // Said, since the encoder else sends an empty body in chunks, whose end is for servers the beginning of the
        // upgraded connection.
        if request.method != .GET { head.headers.add(name: "Content-Length", value: "0") }
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
                    let holder = ByteHolder(afterUpgrade: { head, holder in
                        let bound = NIOLoopBound(holder, eventLoop: channel.eventLoop)
                        answered.tell(.success(.upgraded(head, bound)))
                    })
                    try pipeline.addHandlers(
                        holder, HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
                        UpgradeRequest(head, limit: Self.refusalLimit) { answered.tell($0) })
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

    /// Takes HTTP out of both pipelines, and then joins them. On the event loop that both are on. Until then, holders
    /// keep what comes: the client may send early, and a short command's end is there at once.
    private func join(
        _ client: any Channel, _ server: any Channel, _ head: HTTPResponseHead,
        _ holder: NIOLoopBound<ByteHolder>
    ) async throws {
        try await client.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
            client.writeAndFlush(HTTPServerResponsePart.head(head)).flatMap {
                do {
                    return EventLoopFuture.andAllSucceed(
                        try removals(client, server), on: client.eventLoop
                    ).flatMapThrowing { try relay(client, server, holder.value) }
                } catch {
                    return client.eventLoop.makeFailedFuture(error)
                }
            }
        }.get()
    }

    private func removals(_ client: any Channel, _ server: any Channel) throws -> [EventLoopFuture<Void>] {
        let clients = client.pipeline.syncOperations
        try clients.addHandler(ByteHolder())
        var removals = [
            try remove(HTTPResponseEncoder.self, from: clients),
            try remove(HTTPConnection.self, from: clients),
            try remove(HTTPServerPipelineHandler.self, from: clients),
            try remove(ByteToMessageHandler<HTTPRequestDecoder>.self, from: clients),
        ]
        // What has ended already has no handlers.
        if server.isActive {
            let servers = server.pipeline.syncOperations
            removals += [
                try remove(HTTPRequestEncoder.self, from: servers),
                try remove(UpgradeRequest.self, from: servers),
                try remove(ByteToMessageHandler<HTTPResponseDecoder>.self, from: servers),
            ]
        }
        return removals
    }

    private func relay(_ client: any Channel, _ server: any Channel, _ holder: ByteHolder) throws {
        guard server.isActive else {
            // Only its last words are left.
            client.writeAndFlush(holder.take()).whenComplete { _ in client.close(promise: nil) }
            return
        }
        guard client.isActive else { return server.close(promise: nil) }
        let (clients, servers) = (client.pipeline.syncOperations, server.pipeline.syncOperations)
        let (one, other) = ByteRelay.pair()
        // A client that went away behind a full window is noticed by nothing else than the time.
        try clients.addHandlers(IdleStateHandler(allTimeout: TimeAmount(idleTimeout)), one)
        try servers.addHandler(other)
        server.writeAndFlush(try clients.handler(type: ByteHolder.self).take(), promise: nil)
        client.writeAndFlush(holder.take(), promise: nil)
        // Both at once: nothing comes in between.
        _ = try remove(ByteHolder.self, from: clients)
        _ = try remove(ByteHolder.self, from: servers)
    }
}

private func remove<Handler: RemovableChannelHandler>(
    _ type: Handler.Type, from pipeline: ChannelPipeline.SynchronousOperations
) throws -> EventLoopFuture<Void> {
    pipeline.removeHandler(context: try pipeline.context(handlerType: type))
}
