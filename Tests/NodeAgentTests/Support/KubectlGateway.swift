import NIOCore
import NIOPosix
import NIOSSL

/// As much of an API server as kubectl needs to get through to an agent. There is one pod, `web`; what is said about its
/// streams and logs is passed to the agent under the kubelet's paths, byte for byte.
final class KubectlGateway: Sendable {
    let url: String
    private let listener: any Channel

    /// - Parameter agent: the agent's port; the token is `secret`.
    init(agent: Int) async throws {
        let tls = try NIOSSLContext(configuration: RunningServer.trusting)
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Gate(agent: agent, tls: tls))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        url = "http://127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    func stop() async throws { try await listener.close() }

    /// The agent's path for an API server's; nil for what is answered here.
    static func agentTarget(_ target: String) -> String? {
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count).dropFirst().split(separator: "&").compactMap {
            item -> String? in
            switch item {
            case "stdin=true": "input=1"
            case "stdout=true": "output=1"
            case "stderr=true": "error=1"
            case "tty=true": "tty=1"
            case _ where item.hasPrefix("container="): nil
            default: String(item)
            }
        }.joined(separator: "&")
        return switch path.split(separator: "/").last {
        case "exec": "/exec/default/web/nginx?\(query)"
        case "attach": "/attach/default/web/nginx?\(query)"
        case "portforward": "/portForward/default/web?\(query)"
        case "log": "/containerLogs/default/web/nginx?\(query)"
        default: nil
        }
    }

    static func answer(_ path: Substring) -> (status: String, body: String) {
        switch path {
        case "/api": ("200 OK", #"{"kind":"APIVersions","versions":["v1"]}"#)
        case "/apis": ("200 OK", #"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#)
        case "/api/v1":
            (
                "200 OK",
                #"{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","#
                    + #""namespaced":true,"kind":"Pod","verbs":["get","list"],"shortNames":["po"]}]}"#
            )
        case "/api/v1/namespaces/default/pods/web":
            (
                "200 OK",
                #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"default"},"#
                    + #""spec":{"containers":[{"name":"nginx","image":"i","stdin":true,"ports":"#
                    + #"[{"containerPort":7}]}]},"status":{"phase":"Running"}}"#
            )
        default: ("404 Not Found", #"{"kind":"Status","apiVersion":"v1","status":"Failure","code":404}"#)
        }
    }
}

/// A client's connection: its first request decides.
private final class Gate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let agent: Int
    private let tls: NIOSSLContext
    private var head: String? = ""

    init(agent: Int, tls: NIOSSLContext) {
        self.agent = agent
        self.tls = tls
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var head else { return context.fireChannelRead(data) }
        head += String(buffer: unwrapInboundIn(data))
        self.head = head
        guard head.hasSuffix("\r\n\r\n") else { return }
        self.head = nil
        let words = head.split(separator: " ", maxSplits: 2).map(String.init)
        guard let target = KubectlGateway.agentTarget(words[1]) else {
            let (status, body) = KubectlGateway.answer(words[1].prefix { $0 != "?" })
            let text =
                "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in
                channel.close(promise: nil)
            }
            return
        }
        let request =
            "\(words[0]) \(target) HTTP/1.1\r\nAuthorization: Bearer secret\r\n"
            + head[head.firstRange(of: "\r\n")!.upperBound...]
        passOn(request, context.channel)
    }

    private func passOn(_ request: String, _ client: any Channel) {
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { [tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: tls, serverHostname: nil), PassOn(to: client))
                }
            }
            .connect(host: "127.0.0.1", port: agent).whenComplete { result in
                switch result {
                case .success(let server):
                    client.pipeline.addHandler(PassOn(to: server)).whenComplete { _ in
                        server.writeAndFlush(ByteBuffer(string: request), promise: nil)
                    }
                case .failure: client.close(promise: nil)
                }
            }
    }
}

/// Sends what comes to another connection, and ends it when this one ends.
private final class PassOn: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) {
        self.other = other
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let other = self.other
        other.writeAndFlush(ByteBuffer()).whenComplete { _ in other.close(promise: nil) }
    }
}
