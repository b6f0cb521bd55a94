import NIOCore
import NIOSSL
import Synchronization

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
        let connected = { @Sendable in
            attempt.whenOverdue(
                ProbeAnswer(
                    .failure,
                    "Get \"\(target)\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                ))
        }
        let exchange = HTTPExchange { result in
            switch result {
            case .success(let response):
                judge(response, from: target, host: host, redirects: redirects, attempt)
            case .failure(let error):
                guard purpose == .hook, target.scheme == .https, NetworkError.isAnswerWithoutTLS(error)
                else { return fail(NetworkError.conversing(error)) }
                // A hook is carried out then without TLS, as the kubelet has always done.
                var plain = target
                plain.scheme = .http
                ask(plain, host: host, redirects: redirects, attempt)
            }
        }
        let request = request(to: target, host: host)
        let isPlain =
            target.scheme == .http
            && attempt.connectPlainly(host: target.host, port: target.port, sending: request) { event in
                switch event {
                case .connected: connected()
                case .received(let bytes): exchange.receive(bytes)
                case .ended: exchange.end()
                case .failed(let errno): fail("read: \(errno)")
                case .failedToConnect(let errno):
                    fail("dial tcp \(NetworkError.address(target.host, target.port)): connect: \(errno)")
                }
                return !exchange.isOver
            }
        if isPlain { return }
        attempt.connect(host: target.host, port: target.port) { channel in
            let pipeline = channel.pipeline.syncOperations
            if target.scheme == .https {
                try pipeline.addHandler(Self.tlsHandler(for: target.host))
            }
            try pipeline.addHandler(HTTPConversation(request, exchange))
        }.whenComplete { result in
            switch result {
            case .success: connected()
            case .failure(let error): fail(NetworkError.dialing(target.host, target.port, error))
            }
        }
    }

    private static func tlsHandler(for host: String) throws -> NIOSSLClientHandler {
        // Addresses are no server names (RFC 6066, section 3).
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: tls.get(), serverHostname: isAddress ? nil : host)
    }

    private func request(to target: HTTPTarget, host: String?) -> [UInt8] {
        var text = "GET \(target.path) HTTP/1.1\r\n"
        let add = { (name: String, value: String) in
            // A line break would end the header, and begin another one.
            text += "\(name): \(value.filter { !$0.isNewline })\r\n"
        }
        let given = { (name: String) in get.headers.last { $0.name.lowercased() == name }?.value }
        add("Host", host ?? given("host") ?? target.authority)
        let agent = given("user-agent") ?? "\(purpose.userAgent)/\(version)"
        if !agent.isEmpty { add("User-Agent", agent) }
        let accept = given("accept") ?? "*/*"
        if !accept.isEmpty { add("Accept", accept) }
        for header in get.headers
        where !["host", "user-agent", "accept", "connection"].contains(header.name.lowercased()) {
            add(header.name, header.value)
        }
        add("Connection", "close")
        return Array((text + "\r\n").utf8)
    }

    private func judge(
        _ response: HTTPResponseReader.Response, from target: HTTPTarget, host: String?, redirects: Int,
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
        let body = String(decoding: response.body, as: UTF8.self)
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

/// One response, whatever it comes by. Reads no more of a body than is told.
private final class HTTPExchange: Sendable {
    private struct State {
        var reader = HTTPResponseReader()
        var done: (@Sendable (Result<HTTPResponseReader.Response, any Error>) -> Void)?
    }
    private let state: Mutex<State>

    /// - Parameter done: called once, with the response or with what came instead.
    init(done: @escaping @Sendable (Result<HTTPResponseReader.Response, any Error>) -> Void) {
        state = Mutex(State(done: done))
    }

    var isOver: Bool { state.withLock { $0.done == nil } }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        do {
            if let response = try state.withLock({ try $0.reader.feed(bytes) }) { tell(.success(response)) }
        } catch {
            tell(.failure(error))
        }
    }

    func end() { tell(Result { try state.withLock { try $0.reader.end() } }) }

    /// Only the first call counts.
    func tell(_ result: Result<HTTPResponseReader.Response, any Error>) {
        // A redirect closes this connection while it is being told.
        let done = state.withLock { state in
            defer { state.done = nil }
            return state.done
        }
        done?(result)
    }
}

/// A request and its response on a channel.
private final class HTTPConversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: [UInt8]
    private let exchange: HTTPExchange

    init(_ request: [UInt8], _ exchange: HTTPExchange) {
        self.request = request
        self.exchange = exchange
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !exchange.isOver { unwrapInboundIn(data).withUnsafeReadableBytes { exchange.receive($0) } }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        exchange.tell(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange.end()
        context.fireChannelInactive()
    }
}
