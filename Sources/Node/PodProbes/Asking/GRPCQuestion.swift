import NIOCore
import NIOHPACK
import NIOHTTP2

/// Asks a gRPC server for its health (grpc.health.v1, `Health/Check`): one stream on a connection of its own. A whole
/// gRPC client would cost more to make than this conversation takes.
struct GRPCQuestion: Sendable {
    let host: String
    let port: Int
    let service: String
    let timeout: Duration
    let version: String

    func ask(_ attempt: Attempt) {
        let connecting = { @Sendable (kind: String, reason: String) in
            ProbeAnswer(.failure, "\(kind): failed to connect service \"\(address)\"\(reason)")
        }
        attempt.whenOverdue(connecting("timeout", " within \(timeout.short): context deadline exceeded"))
        attempt.connect(host: host, port: port) { channel in
            let multiplexer = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { stream in
                // A server opens no streams.
                stream.close()
            }
            multiplexer.createStreamChannel { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(
                        HealthCheck(headers: headers, request: request) { attempt.finish($0) })
                }
            }.whenFailure { error in
                attempt.finish(connecting("error", ": \(NetworkError.conversing(error))"))
            }
            // What goes wrong with the connection and not with the stream alone.
            try channel.pipeline.syncOperations.addHandler(
                ConnectionEnd {
                    attempt.finish(connecting("error", ": connection error: \(NetworkError.conversing($0))"))
                })
        }.whenComplete { result in
            switch result {
            case .success:
                attempt.whenOverdue(
                    ProbeAnswer(.failure, "timeout: health rpc did not complete within \(timeout.short)"))
            case .failure(let error):
                attempt.finish(connecting("error", ": \(NetworkError.dialing(host, port, error))"))
            }
        }
    }

    private var address: String { NetworkError.address(host, port) }

    private var headers: HPACKHeaders {
        [
            ":method": "POST", ":scheme": "http", ":path": "/grpc.health.v1.Health/Check",
            ":authority": address, "content-type": "application/grpc", "te": "trailers",
            "user-agent": "kube-probe/\(version)",
        ]
    }

    /// `HealthCheckRequest`: the service is field 1, a string.
    private var request: ByteBuffer {
        var message = ByteBuffer()
        if !service.isEmpty {
            message.writeInteger(UInt8(1 << 3 | 2))
            message.writeVarint(service.utf8.count)
            message.writeString(service)
        }
        var frame = ByteBuffer()
        frame.writeInteger(UInt8(0))
        frame.writeInteger(UInt32(message.readableBytes))
        frame.writeImmutableBuffer(message)
        return frame
    }
}

/// The stream of one `Check`.
private final class HealthCheck: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let headers: HPACKHeaders
    private let request: ByteBuffer
    private let finish: (ProbeAnswer) -> Void
    private var message = ByteBuffer()

    /// - Parameter finish: only its first call counts.
    init(headers: HPACKHeaders, request: ByteBuffer, finish: @escaping (ProbeAnswer) -> Void) {
        self.headers = headers
        self.request = request
        self.finish = finish
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
        context.writeAndFlush(
            wrapOutboundOut(.data(.init(data: .byteBuffer(request), endStream: true))), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame): receive(frame.headers, isEnd: frame.endStream)
        case .data(let frame):
            guard case .byteBuffer(let bytes) = frame.data else { return }
            guard message.readableBytes + bytes.readableBytes <= ProbeLimits.grpcMessage else {
                return fail("a response of more than \(ProbeLimits.grpcMessage) bytes")
            }
            message.writeImmutableBuffer(bytes)
            if frame.endStream { fail("the stream ended without a status") }
        case .rstStream(let code): fail("stream terminated by RST_STREAM with error code: \(code)")
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(NetworkError.conversing(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection ended")
    }

    private func receive(_ headers: HPACKHeaders, isEnd: Bool) {
        if let http = headers.first(name: ":status"), http != "200" {
            return fail("unexpected HTTP status code received from server: \(http)")
        }
        guard let status = headers.first(name: "grpc-status") else {
            if isEnd { fail("the stream ended without a status") }
            return
        }
        let text = headers.first(name: "grpc-message") ?? ""
        switch status {
        case "0": judge()
        case "12":
            finish(
                ProbeAnswer(
                    .failure,
                    "error: this server does not implement the grpc health protocol "
                        + "(grpc.health.v1.Health): \(text)"))
        case "4": finish(ProbeAnswer(.failure, "timeout: health rpc did not complete: \(text)"))
        default: fail("rpc error: code = \(status) desc = \(text)")
        }
    }

    /// `HealthCheckResponse`: the status is field 1, a number.
    private func judge() {
        var frame = message
        guard let compressed = frame.readInteger(as: UInt8.self),
            let length = frame.readInteger(as: UInt32.self),
            compressed == 0, Int(length) == frame.readableBytes
        else {
            return fail("the response is no plain message")
        }
        var status = 0
        while frame.readableBytes > 0 {
            guard let tag = frame.readVarint() else { return fail("the response ends within a field") }
            switch tag & 7 {
            case 0:
                guard let value = frame.readVarint() else { return fail("the response ends within a field") }
                if tag >> 3 == 1 { status = value }
            case 2:
                guard let length = frame.readVarint(), frame.readSlice(length: length) != nil else {
                    return fail("the response ends within a field")
                }
            default: return fail("the response has a field of an unknown kind")
            }
        }
        let names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
        if status == 1 { return finish(ProbeAnswer(.success, "service healthy")) }
        let name = names.indices.contains(status) ? names[status] : "\(status)"
        finish(ProbeAnswer(.failure, "service unhealthy (responded with \"\(name)\")"))
    }

    private func fail(_ reason: String) {
        finish(ProbeAnswer(.failure, "error: health rpc probe failed: \(reason)"))
    }
}

/// Notices the end of a connection.
private final class ConnectionEnd: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let ended: (any Error) -> Void

    init(_ ended: @escaping (any Error) -> Void) {
        self.ended = ended
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(ChannelError.eof)
        context.fireChannelInactive()
    }
}

extension ByteBuffer {
    /// A number of the protocol buffers' encoding; not negative.
    fileprivate mutating func writeVarint(_ value: Int) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(rest))
    }

    /// Nil where none is, or one that is negative or too large for an `Int`.
    fileprivate mutating func readVarint() -> Int? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            guard let byte = readInteger(as: UInt8.self) else { return nil }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte & 0x80 == 0 { return Int(exactly: value) }
        }
        return nil
    }
}

extension Duration {
    /// As Go prints it, as far as probes need it: `1s`, `1.5s`.
    var short: String {
        let (seconds, attoseconds) = components
        if attoseconds == 0 { return "\(seconds)s" }
        return "\(Double(seconds) + Double(attoseconds) / 1e18)s"
    }
}
