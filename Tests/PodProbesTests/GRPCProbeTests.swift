import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import PodProbes
import Synchronization
import Testing

extension ProbeTests {
    /// gRPC probes against a server that speaks HTTP/2 and says what a test wants.
    @Suite struct GRPC {
        @Test func aServingServiceIsHealthy() async throws {
            try await withHealthServer(.message([0, 0, 0, 0, 2, 8, 1])) { server in
                #expect(await check(server.port, "shop") == ProbeAnswer(.success, "service healthy"))
                let request = try #require(server.requests.first)
                #expect(request.headers.first(name: ":path") == "/grpc.health.v1.Health/Check")
                #expect(request.headers.first(name: "content-type") == "application/grpc")
                #expect(request.headers.first(name: "user-agent") == "kube-probe/1.36")
                #expect(request.body == [0, 0, 0, 0, 6, 10, 4] + Array("shop".utf8))
                // The server as a whole is the service without a name.
                #expect(await check(server.port, "").isSuccess)
                #expect(server.requests.last?.body == [0, 0, 0, 0, 0])
            }
        }

        @Test(
            arguments: [
                (
                    HealthServer.Reply.message([0, 0, 0, 0, 2, 8, 2]),
                    "service unhealthy (responded with \"NOT_SERVING\")"
                ),
                (.message([0, 0, 0, 0, 0]), "service unhealthy (responded with \"UNKNOWN\")"),
                (
                    .message([0, 0, 0, 0, 9, 8]),
                    "error: health rpc probe failed: the response is no plain message"
                ),
                (
                    .message([0, 0, 0, 0, 1, 8]),
                    "error: health rpc probe failed: the response ends within a field"
                ),
                (
                    .trailers(status: "12", message: "unknown service"),
                    "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                        + "unknown service"
                ),
                (
                    .trailers(status: "5", message: "no such service"),
                    "error: health rpc probe failed: rpc error: code = 5 desc = no such service"
                ),
                (
                    .http(status: "404"),
                    "error: health rpc probe failed: unexpected HTTP status code received from server: 404"
                ),
                (
                    .message(Array(repeating: 0, count: 100_000)),
                    "error: health rpc probe failed: a response of more than 65536 bytes"
                ),
            ])
        func everythingElseIsAFailure(_ reply: HealthServer.Reply, _ message: String) async throws {
            try await withHealthServer(reply) { server in
                #expect(await check(server.port, "shop") == ProbeAnswer(.failure, message))
                #expect(await eventually { server.connections == 0 })
            }
        }

        @Test func aServerThatDoesNotAnswerIsLeftInTime() async throws {
            try await withHealthServer(.nothing) { server in
                let answer = await check(server.port, "shop", timeout: .milliseconds(250))
                #expect(
                    answer
                        == ProbeAnswer(.failure, "timeout: health rpc did not complete within 0.25s"))
                #expect(await eventually { server.connections == 0 })
            }
        }

        @Test func whoSpeaksAnotherProtocolFails() async throws {
            let server = try await ScriptedServer(
                greets: { $0.send("HTTP/1.1 400 Bad Request\r\n\r\n", thenClose: true) })
            let answer = await check(server.port, "")
            #expect(answer.verdict == .failure)
            #expect(answer.message.hasPrefix("error: "), "\(answer.message)")
            #expect(await eventually { server.connections == 0 })
            try await server.stop()
            let nobody = await check(server.port, "")
            #expect(nobody.message.contains("connection refused"), "\(nobody.message)")
        }
    }
}

private func check(_ port: Int, _ service: String, timeout: Duration = .seconds(5)) async -> ProbeAnswer {
    await Prober().once(
        .grpc(host: "127.0.0.1", port: port, service: service), container: "c", timeout: timeout,
        purpose: .probe)
}

private func withHealthServer(
    _ reply: HealthServer.Reply, test: (HealthServer) async throws -> Void
) async throws {
    let server = try await HealthServer(reply)
    do {
        try await test(server)
    } catch {
        try await server.stop()
        throw error
    }
    try await server.stop()
}

/// Answers every gRPC call in one way.
final class HealthServer: Sendable {
    enum Reply: Sendable {
        case message([UInt8])
        case trailers(status: String, message: String)
        case http(status: String)
        case nothing
    }

    struct Request: Sendable {
        var headers: HPACKHeaders
        var body: [UInt8] = []
    }

    let port: Int
    private let listener: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
        let open = Mutex(0)
    }

    init(_ reply: Reply) async throws {
        let log = Log()
        self.log = log
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                log.open.withLock { $0 += 1 }
                channel.closeFuture.whenComplete { _ in log.open.withLock { $0 -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(Call(log, reply))
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    var requests: [Request] { log.requests.withLock { $0 } }
    var connections: Int { log.open.withLock { $0 } }

    func stop() async throws { try await listener.close() }

    private final class Call: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        typealias OutboundOut = HTTP2Frame.FramePayload

        private let log: Log
        private let reply: Reply
        private var request: Request?

        init(_ log: Log, _ reply: Reply) {
            self.log = log
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let frame): request = Request(headers: frame.headers)
            case .data(let frame):
                guard case .byteBuffer(let bytes) = frame.data else { return }
                request?.body += Array(bytes.readableBytesView)
                guard frame.endStream, let request else { return }
                log.requests.withLock { $0.append(request) }
                answer(context)
            default: break
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            switch reply {
            case .nothing: return
            case .message(let bytes):
                send(
                    .headers(.init(headers: [":status": "200", "content-type": "application/grpc"])), context)
                send(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)))), context)
                send(.headers(.init(headers: ["grpc-status": "0"], endStream: true)), context)
            case .trailers(let status, let message):
                let headers: HPACKHeaders = [
                    ":status": "200", "content-type": "application/grpc", "grpc-status": status,
                    "grpc-message": message,
                ]
                send(.headers(.init(headers: headers, endStream: true)), context)
            case .http(let status):
                send(.headers(.init(headers: [":status": status], endStream: true)), context)
            }
            context.flush()
        }

        private func send(_ payload: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
            context.write(wrapOutboundOut(payload), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            // The client has left, which is what some tests want.
        }
    }
}
