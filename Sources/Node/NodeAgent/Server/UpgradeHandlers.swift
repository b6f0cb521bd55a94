import NIOCore
import NIOHTTP1
import Synchronization

/// What the streaming server says to a request.
enum UpgradeAnswer: Sendable {
    /// What follows is in the holder, even when the connection has ended.
    case upgraded(HTTPResponseHead, NIOLoopBound<ByteHolder>)
    case refused(HTTPResponseStatus, contentType: String, ByteBuffer)
}

/// Tells the first answer; what comes later is the end of a connection, mostly.
final class FirstAnswer: Sendable {
    private let promise: Mutex<EventLoopPromise<UpgradeAnswer>?>
    let future: EventLoopFuture<UpgradeAnswer>

    init(_ promise: EventLoopPromise<UpgradeAnswer>) {
        self.promise = Mutex(promise)
        future = promise.futureResult
    }

    func tell(_ answer: Result<UpgradeAnswer, any Error>) {
        promise.withLock { $0.take() }?.completeWith(answer)
    }
}

/// The agent's side of an upgrade: sends the request; tells of a refusal, which is an ordinary response.
final class UpgradeRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let limit: Int
    private let answered: (Result<UpgradeAnswer, any Error>) -> Void
    private var refusal: HTTPResponseHead?
    private var body = ByteBuffer()

    /// - Parameters:
    ///   - limit: bytes of a refusal's body that are kept.
    ///   - answered: only its first call counts.
    init(
        _ request: HTTPRequestHead, limit: Int,
        _ answered: @escaping (Result<UpgradeAnswer, any Error>) -> Void
    ) {
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
        case .head(let head): refusal = head
        case .body(let bytes):
            guard body.readableBytes + bytes.readableBytes <= limit else { return }
            body.writeImmutableBuffer(bytes)
        case .end:
            guard let refusal else { return }
            let type = refusal.headers.first(name: "Content-Type") ?? "text/plain; charset=utf-8"
            answered(.success(.refused(refusal.status, contentType: type, body)))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answered(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }
}

/// Keeps bytes that come before those are in place who they are for, even where the connection has ended meanwhile.
final class ByteHolder: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        /// Looks for the head of an upgrade, and lets anything else pass.
        case looking((HTTPResponseHead, ByteHolder) -> Void)
        case passing
        case holding
    }

    private var state: State
    private var held = ByteBuffer()

    /// Longer is no head of a response.
    private static let longestHead = 64 << 10

    /// Holds from the beginning.
    init() {
        state = .holding
    }

    /// Holds what follows the head of a response with status 101, of which it tells.
    init(afterUpgrade upgraded: @escaping (HTTPResponseHead, ByteHolder) -> Void) {
        state = .looking(upgraded)
    }

    /// What was held, once.
    func take() -> ByteBuffer {
        defer { held = ByteBuffer() }
        return held
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .passing: context.fireChannelRead(data)
        case .holding: held.writeImmutableBuffer(bytes)
        case .looking(let upgraded):
            held.writeImmutableBuffer(bytes)
            let beginning = "HTTP/1.1 101".utf8
            let isUpgrade = held.readableBytesView.starts(with: beginning.prefix(held.readableBytes))
            guard isUpgrade, held.readableBytes <= Self.longestHead else {
                state = .passing
                return context.fireChannelRead(wrapInboundOut(take()))
            }
            guard let head = readHead() else { return }
            state = .holding
            upgraded(head, self)
        }
    }

    /// Takes the head of a response out of what is held; nil where it is not complete.
    private func readHead() -> HTTPResponseHead? {
        let view = held.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let text = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        held.moveReaderIndex(to: end.upperBound)
        var headers = HTTPHeaders()
        for line in text.split(separator: "\r\n").dropFirst() {
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.count + 1).drop { $0 == " " || $0 == "\t" }
            headers.add(name: String(name), value: String(value))
        }
        return HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
    }
}
