import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// What a runtime's streaming server looks like from outside: takes a request, and from then on bytes.
final class StreamBackend: Sendable {
    enum Behaviour: Sendable {
        /// Upgrades, saying something at once, and echoes what comes.
        case echo(greeting: String)
        case refuse(String)
        /// Upgrades, says something, and ends at once.
        case blurt(String)
        case hang
        /// Upgrades, and then reads nothing any more.
        case deaf
    }

    let port: Int
    private let listener: any Channel
    private let log: Log

    private final class Log: Sendable {
        struct State {
            var requests: [String] = []
            var channels: [any Channel] = []
            var open = 0
        }
        let state = Mutex(State())
    }

    init(_ behaviour: Behaviour, tls: NIOSSLContext? = nil) async throws {
        let log = Log()
        self.log = log
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                log.state.withLock {
                    $0.open += 1
                    $0.channels.append(channel)
                }
                channel.closeFuture.whenComplete { _ in log.state.withLock { $0.open -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(Conversation(log, behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    var requests: [String] { log.state.withLock(\.requests) }
    var connections: Int { log.state.withLock(\.open) }
    func hangUp() { for channel in log.state.withLock(\.channels) { channel.close(promise: nil) } }
    func stop() async throws { try await listener.close() }

    private final class Conversation: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let log: Log
        private let behaviour: Behaviour
        private var head: String? = ""

        init(_ log: Log, _ behaviour: Behaviour) {
            self.log = log
            self.behaviour = behaviour
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            guard var head else { return context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
            head += String(buffer: bytes)
            self.head = head
            guard head.hasSuffix("\r\n\r\n") else { return }
            self.head = nil
            log.state.withLock { $0.requests.append(head) }
            switch behaviour {
            case .hang: break
            case .deaf:
                context.channel.setOption(.autoRead, value: false).whenFailure { Issue.record($0) }
                write(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
                    context)
            case .refuse(let answer): write(answer, context)
            case .blurt(let words):
                let channel = context.channel
                let text =
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
                    + words
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in
                    channel.close(promise: nil)
                }
            case .echo(let greeting):
                let kind = head.contains("websocket") ? "websocket" : "SPDY/3.1"
                write(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \(kind)\r\nX-Mark: m\r\n\r\n"
                        + greeting, context)
            }
        }

        private func write(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
