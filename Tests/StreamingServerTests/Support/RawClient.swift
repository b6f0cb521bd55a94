import NIOCore
import NIOPosix
import NIOSSL
import StreamingServer

/// Something that carries bytes to a server and back.
protocol ByteTransport: Sendable {
    func send(_ bytes: ByteBuffer) async throws
    /// Nil at the end.
    func receive() async throws -> ByteBuffer?
    func close() async
}

/// A TCP connection with an HTTP upgrade at its beginning.
actor RawClient: ByteTransport {
    private final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncStream<ByteBuffer>.Continuation

        init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

        // A reset is an end, too; the stream's end says all that tests want to know.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    nonisolated let channel: any Channel
    private var iterator: AsyncStream<ByteBuffer>.AsyncIterator
    private var pending = ByteBuffer()

    private init(_ channel: any Channel, _ inbox: AsyncStream<ByteBuffer>) {
        self.channel = channel
        iterator = inbox.makeAsyncIterator()
    }

    static func connect(port: Int, host: String = "127.0.0.1", tls: NIOSSLContext? = nil) async throws
        -> RawClient
    {
        let (inbox, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(Inbox(continuation))
                }
            }
            .connect(host: host, port: port).get()
        return RawClient(channel, inbox)
    }

    nonisolated func send(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes).get()
    }

    nonisolated func send(_ text: String) async throws {
        try await send(ByteBuffer(string: text))
    }

    func receive() async throws -> ByteBuffer? {
        if pending.readableBytes > 0 {
            defer { pending = ByteBuffer() }
            return pending
        }
        var iterator = self.iterator
        let bytes = await iterator.next(isolation: self)
        self.iterator = iterator
        return bytes
    }

    /// A response's head, without the empty line.
    func receiveHead() async throws -> String {
        var all = ByteBuffer()
        while let bytes = try await receive() {
            all.writeImmutableBuffer(bytes)
            let view = all.readableBytesView
            let end = view.indices.first { view[$0...].starts(with: "\r\n\r\n".utf8) }
            if let end, let head = all.readString(length: end - view.startIndex) {
                all.moveReaderIndex(forwardBy: 4)
                pending = all
                return head
            }
        }
        return String(buffer: all)
    }

    /// Everything until the server closes.
    func receiveAll() async throws -> ByteBuffer {
        var all = ByteBuffer()
        while let bytes = try await receive() { all.writeImmutableBuffer(bytes) }
        return all
    }

    nonisolated func close() async {
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }
}

/// The parts of `http://127.0.0.1:1234/exec/TOKEN`.
struct StreamingURL {
    let port: Int
    let path: String

    init(_ url: String) throws {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        guard parts.count == 3, let colon = parts[1].lastIndex(of: ":"),
            let port = Int(parts[1][colon...].dropFirst())
        else {
            throw TestFailure("unexpected URL \(url)")
        }
        self.port = port
        path = "/" + parts[2]
    }
}
