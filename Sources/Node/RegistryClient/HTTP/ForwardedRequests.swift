import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Requests by plain HTTP as Go's clients hand them to a proxy: in the absolute form (RFC 9112, section 3.2.2) instead
/// of through a tunnel, which many proxies allow to port 443 alone. The HTTP library takes the proxy for the server,
/// and the line of each request is completed on its way out.
final class ForwardedRequests: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let host = head.headers.first(name: "Host")
        else {
            return context.write(data, promise: promise)
        }
        head.uri = "http://\(host)\(head.uri)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    /// For the library, which calls it with each connection.
    @Sendable static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.context(handlerType: HTTPRequestEncoder.self).handler
            try pipeline.addHandler(ForwardedRequests(), position: .after(encoder))
        }
    }

    /// The same request, for the library.
    static func message(
        _ request: HTTPClientRequest, for address: WebAddress, by proxy: ProxyEnvironment.Proxy
    ) -> HTTPClientRequest {
        var message = request
        let target = address.path + (address.query.map { "?\($0)" } ?? "")
        message.url = "http://\(proxy.host):\(proxy.port)\(target)"
        message.headers.replaceOrAdd(name: "Host", value: address.origin.authority)
        if let userInfo = proxy.userInfo {
            message.headers.replaceOrAdd(
                name: "Proxy-Authorization", value: "Basic " + Base64.encode(userInfo.utf8))
        }
        return message
    }
}
