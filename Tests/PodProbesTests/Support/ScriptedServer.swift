import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that does with each connection what a test wants, to the byte.
final class ScriptedServer: Sendable {
    /// Called with each piece that a client sends.
    typealias Script = @Sendable (_ channel: any Channel, _ received: String) -> Void

    let port: Int
    private let listener: any Channel
    private let log: Log

    /// - Parameters:
    ///   - greets: called when a client has connected.
    ///   - answers: called with the whole head of a request when it is there.
    init(
        host: String = "127.0.0.1", tls: NIOSSLContext? = nil,
        greets: @escaping @Sendable (any Channel) -> Void = { _ in },
        answers: @escaping Script = { _, _ in }
    ) async throws {
        let log = Log()
        self.log = log
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 4096)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    log.opened(channel)
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(Conversation(log, greets, answers))
                }
            }
            .bind(host: host, port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    /// Heads of requests so far.
    var requests: [String] { log.state.withLock(\.requests) }
    /// Clients that are still connected.
    var connections: Int { log.state.withLock(\.open) }

    func stop() async throws {
        try await listener.close()
        for channel in log.state.withLock(\.channels).values { channel.close(promise: nil) }
    }

    fileprivate final class Log: Sendable {
        struct State {
            var requests: [String] = []
            var open = 0
            var channels: [ObjectIdentifier: any Channel] = [:]
        }

        let state = Mutex(State())

        func opened(_ channel: any Channel) {
            let id = ObjectIdentifier(channel)
            state.withLock {
                $0.open += 1
                $0.channels[id] = channel
            }
            channel.closeFuture.whenComplete { [self] _ in
                state.withLock {
                    $0.open -= 1
                    $0.channels[id] = nil
                }
            }
        }
    }

    private final class Conversation: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let log: Log
        private let greets: @Sendable (any Channel) -> Void
        private let answers: Script
        private var received = ""

        init(_ log: Log, _ greets: @escaping @Sendable (any Channel) -> Void, _ answers: @escaping Script) {
            self.log = log
            self.greets = greets
            self.answers = answers
        }

        func channelActive(context: ChannelHandlerContext) {
            greets(context.channel)
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            guard received.contains("\r\n\r\n") else { return }
            let request = received
            received = ""
            log.state.withLock { $0.requests.append(request) }
            answers(context.channel, request)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

extension Channel {
    /// Sends, and closes where nothing more comes.
    func send(_ text: String, thenClose: Bool = false) {
        let sent = writeAndFlush(ByteBuffer(string: text))
        if thenClose { sent.whenComplete { _ in self.close(promise: nil) } }
    }
}

/// A whole response.
func response(_ status: String, _ body: String = "", headers: [String] = []) -> String {
    (["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers).joined(separator: "\r\n")
        + "\r\n\r\n" + body
}
