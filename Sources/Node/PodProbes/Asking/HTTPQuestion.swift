import NIOCore
import NIOHTTP1
import NIOSSL

/// Asks by HTTP: a connection for each request, redirects followed on the same host.
struct HTTPQuestion: Sendable {
    let get: HTTPGet
    let purpose: ProbePurpose
    let version: String

    /// Needs no certificates of the system, since none is verified.
    private static let tls: Result<NIOSSLContext, any Error> = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.trustRoots = .certificates([])
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    func ask(_ attempt: Attempt) {
        ask(HTTPTarget(get), host: nil, redirects: 0, attempt)
    }

    /// - Parameter host: what the `Host` header says where it is not the target.
    private func ask(_ target: HTTPTarget, host: String?, redirects: Int, _ attempt: Attempt) {
        let fail = { @Sendable (reason: String) in
            attempt.finish(ProbeAnswer(.failure, "Get \"\(target)\": \(reason)"))
        }
        attempt.whenOverdue(
            ProbeAnswer(.failure, "Get \"\(target)\": \(NetworkError.dialTimeout(target.host, target.port))"))
        let head = request(to: target, host: host)
        attempt.connect(host: target.host, port: target.port) { channel in
            let exchange = HTTPExchange(head) { result in
                switch result {
                case .success(let response):
                    judge(response, from: target, host: host, redirects: redirects, attempt)
                case .failure(let error): fail(NetworkError.conversing(error))
                }
            }
            let pipeline = channel.pipeline.syncOperations
            if target.scheme == .https {
                try pipeline.addHandler(Self.tlsHandler(for: target.host))
            }
            try pipeline.addHandlers(
                HTTPRequestEncoder(),
                ByteToMessageHandler(HTTPResponseDecoder(limitConfiguration: ProbeLimits.headers)),
                NIOHTTPRequestHeadersValidator(), exchange)
        }.whenComplete { result in
            switch result {
            case .success:
                attempt.whenOverdue(
                    ProbeAnswer(
                        .failure,
                        "Get \"\(target)\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                    ))
            case .failure(let error): fail(NetworkError.dialing(target.host, target.port, error))
            }
        }
    }

    private static func tlsHandler(for host: String) throws -> NIOSSLClientHandler {
        // Addresses are no server names (RFC 6066, section 3).
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: tls.get(), serverHostname: isAddress ? nil : host)
    }

    private func request(to target: HTTPTarget, host: String?) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        let given = { (name: String) in get.headers.last { $0.name.lowercased() == name }?.value }
        headers.add(name: "Host", value: host ?? given("host") ?? target.authority)
        let agent = given("user-agent") ?? "\(purpose.userAgent)/\(version)"
        if !agent.isEmpty { headers.add(name: "User-Agent", value: agent) }
        let accept = given("accept") ?? "*/*"
        if !accept.isEmpty { headers.add(name: "Accept", value: accept) }
        for header in get.headers
        where !["host", "user-agent", "accept", "connection"].contains(header.name.lowercased()) {
            headers.add(name: header.name, value: header.value)
        }
        headers.add(name: "Connection", value: "close")
        return HTTPRequestHead(version: .http1_1, method: .GET, uri: target.path, headers: headers)
    }

    private func judge(
        _ response: HTTPExchange.Response, from target: HTTPTarget, host: String?, redirects: Int,
        _ attempt: Attempt
    ) {
        if [301, 302, 303, 307, 308].contains(response.status), let location = response.location {
            guard let next = target.resolving(location) else {
                return attempt.finish(
                    ProbeAnswer(
                        .failure, "Get \"\(target)\": failed to parse Location header \"\(location)\""))
            }
            if next.host.lowercased() == target.host.lowercased() {
                guard redirects < ProbeLimits.redirects else {
                    return attempt.finish(
                        ProbeAnswer(
                            .failure,
                            "Get \"\(next)\": stopped after \(ProbeLimits.redirects) redirects"))
                }
                // A Host header of the probe's own is kept by a Location without a scheme, as Go's client does.
                let keepsHost = HTTPTarget.isWithoutScheme(location)
                return ask(next, host: keepsHost ? nil : next.authority, redirects: redirects + 1, attempt)
            }
        }
        let body = String(buffer: response.body)
        switch (purpose, response.status) {
        case (.hook, _), (_, 200..<300): attempt.finish(ProbeAnswer(.success, body))
        case (_, 300..<400):
            attempt.finish(ProbeAnswer(.warning, "Probe terminated redirects, Response body: \(body)"))
        default:
            // Without the body, which anybody who may see events could read.
            attempt.finish(
                ProbeAnswer(.failure, "HTTP probe failed with statuscode: \(response.status)"))
        }
    }
}

/// One request and its response on a new connection. Reads no more of a body than is told.
private final class HTTPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Response {
        var status: Int
        var location: String?
        var body = ByteBuffer()
    }

    private let head: HTTPRequestHead
    private var done: ((Result<Response, any Error>) -> Void)?
    private var response: Response?

    /// - Parameter done: called once, with the response or with what came instead.
    init(_ head: HTTPRequestHead, done: @escaping (Result<Response, any Error>) -> Void) {
        self.head = head
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            response = Response(status: Int(head.status.code), location: head.headers.first(name: "location"))
        case .body(var bytes):
            guard var response, done != nil else { return }
            let free = ProbeLimits.message - response.body.readableBytes
            if let slice = bytes.readSlice(length: min(free, bytes.readableBytes)) {
                response.body.writeImmutableBuffer(slice)
            }
            self.response = response
            if bytes.readableBytes > 0 { end(.success(response)) }
        case .end:
            if let response { end(.success(response)) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    private func end(_ result: Result<Response, any Error>) {
        // A redirect closes this connection while it is being told.
        let tell = done
        done = nil
        tell?(result)
    }
}
