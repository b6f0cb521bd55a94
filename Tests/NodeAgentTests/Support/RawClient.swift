import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection whose bytes a test sends and sees.
final class RawClient: Sendable {
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        struct State {
            var bytes = ByteBuffer()
            var isClosed = false
            var failure: (any Error)?
        }
        let state = Mutex(State())
    }

    /// - Parameters:
    ///   - tls: nil for plain TCP.
    ///   - address: of loopback, by which the server knows it; nil: any.
    init(
        host: String = "127.0.0.1", port: Int, tls: TLSConfiguration?, from address: String? = nil
    ) async throws {
        let log = Log()
        self.log = log
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(log))
                }
            }
        if let address { _ = bootstrap.bind(to: try SocketAddress(ipAddress: address, port: 0)) }
        channel = try await bootstrap.connect(host: host, port: port).get()
        channel.closeFuture.whenComplete { _ in log.state.withLock { $0.isClosed = true } }
    }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes).get() }
    /// Hangs up without a farewell.
    func reset() {
        guard let socket = channel as? any SocketOptionProvider else { return }
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { [channel] _ in
            channel.close(promise: nil)
        }
    }
    func close() { channel.close(promise: nil) }

    var received: String { log.state.withLock { String(buffer: $0.bytes) } }
    var receivedBytes: Int { log.state.withLock(\.bytes.readableBytes) }
    var isClosed: Bool { log.state.withLock(\.isClosed) }
    var failure: (any Error)? { log.state.withLock { $0.failure } }

    /// The whole answer to a request after which the server closes.
    func answer() async -> String {
        _ = await eventually { isClosed }
        return received
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let log: Log

        init(_ log: Log) {
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            log.state.withLock { _ = $0.bytes.writeImmutableBuffer(bytes) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            log.state.withLock { $0.failure = error }
            context.close(promise: nil)
        }
    }
}
