import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// A way to a proxy that is itself spoken to by TLS, which the HTTP library cannot do: the library connects to the
/// relay, on loopback, as it would to a plain proxy, and the relay carries the bytes on by TLS. Its address is open
/// to everybody on this machine, so whoever connects has to show a secret that only this process knows.
final class ProxyRelay: Sendable {
    let port: Int
    /// The header that has to come with each CONNECT; it goes no further than the relay.
    let secret: (name: String, value: String)
    private let server: any Channel
    private let accepting: Task<Void, Never>
    private let problem: Problem

    /// Why the proxy could not be reached, the last time.
    var lastProblem: String? { problem.text.withLock { $0 } }

    private final class Problem: Sendable {
        let text = Mutex<String?>(nil)
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private static let secretName = "X-Relay-Secret"
    /// Bytes of a CONNECT with its headers.
    private static let headLimit = 16 << 10
    private static let options = Connection.Configuration(isOutboundHalfClosureEnabled: true)

    /// - Parameters:
    ///   - context: how the proxy's certificate is verified.
    ///   - timeout: until the proxy is connected.
    static func start(
        to proxy: ProxyEnvironment.Proxy, _ context: NIOSSLContext, timeout: TimeAmount
    ) async throws -> ProxyRelay {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel, configuration: options)
                }
            }
        guard let port = listener.channel.localAddress?.port else {
            throw RegistryError(.unreachable, "a relay to the proxy has no address")
        }
        let value = Base64.encode((0..<32).map { _ in UInt8.random(in: 0...255) })
        let problem = Problem()
        let accepting = Task {
            await withDiscardingTaskGroup { group in
                _ = try? await listener.executeThenClose { connections in
                    for try await connection in connections {
                        group.addTask {
                            await carry(connection, to: proxy, context, timeout, value, problem)
                        }
                    }
                }
                group.cancelAll()
            }
        }
        return ProxyRelay(
            port: port, secret: (secretName, value), server: listener.channel, accepting: accepting,
            problem: problem)
    }

    private init(
        port: Int, secret: (name: String, value: String), server: any Channel, accepting: Task<Void, Never>,
        problem: Problem
    ) {
        self.port = port
        self.secret = secret
        self.server = server
        self.accepting = accepting
        self.problem = problem
    }

    /// Ends it and its connections.
    func stop() async {
        accepting.cancel()
        try? await server.close()
        await accepting.value
    }

    // MARK: One connection

    private static func carry(
        _ connection: Connection, to proxy: ProxyEnvironment.Proxy, _ context: NIOSSLContext,
        _ timeout: TimeAmount, _ secret: String, _ problem: Problem
    ) async {
        // Whatever fails ends the connection, and that tells the library.
        _ = try? await connection.executeThenClose { inbound, outbound in
            var pieces = inbound.makeAsyncIterator()
            guard let head = try await Self.head(&pieces, secret) else { return }
            let upstream: Connection
            do {
                upstream = try await connect(proxy, context, timeout)
            } catch {
                let why = try networkError(error)
                problem.text.withLock { $0 = "\(why)" }
                let answer = "HTTP/1.1 502 No proxy\r\nContent-Length: 0\r\n\r\n"
                return try await outbound.write(ByteBuffer(string: answer))
            }
            do {
                try await upstream.executeThenClose { answers, requests in
                    try await requests.write(head)
                    problem.text.withLock { $0 = nil }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            for try await piece in answers { try await outbound.write(piece) }
                            outbound.finish()
                        }
                        var rest = pieces
                        while let piece = try await rest.next() { try await requests.write(piece) }
                        // Nobody is left to read what might still come.
                        group.cancelAll()
                    }
                }
            } catch {
                let why = try networkError(error)
                problem.text.withLock { $0 = "\(why)" }
                throw error
            }
        }
    }

    /// The CONNECT with its headers but the secret.
    /// - Returns: nil when the secret is not there.
    private static func head(
        _ pieces: inout NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, _ secret: String
    ) async throws -> ByteBuffer? {
        var text = ""
        // The library sends nothing behind it before it has an answer.
        while !text.utf8.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard text.utf8.count < headLimit, let piece = try await pieces.next() else { return nil }
            text += String(buffer: piece)
        }
        let line = "\(secretName): \(secret)\r\n"
        guard let range = text.firstRange(of: line) else { return nil }
        text.removeSubrange(range)
        return ByteBuffer(string: text)
    }

    private static func connect(
        _ proxy: ProxyEnvironment.Proxy, _ context: NIOSSLContext, _ timeout: TimeAmount
    ) async throws -> Connection {
        let host = proxy.host.hasPrefix("[") ? String(proxy.host.dropFirst().dropLast()) : proxy.host
        // A certificate's name is no address, and the library wants none for one (RFC 6066, section 3).
        let name = ProxyEnvironment.isAddress(host) ? nil : host
        let (connection, isSecure) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(timeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: host, port: proxy.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isSecure = channel.eventLoop.makePromise(of: Void.self)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        try NIOSSLClientHandler(context: context, serverHostname: name))
                    try pipeline.addHandler(HandshakeWatch(isSecure, timeout))
                    let connection = try Connection(
                        wrappingChannelSynchronously: channel, configuration: options)
                    return (connection, isSecure.futureResult)
                }
            }
        do {
            try await isSecure.get()
        } catch {
            try? await connection.executeThenClose { _, _ in }
            throw error
        }
        return connection
    }
}

/// Tells how a TLS handshake ended.
private final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var promise: EventLoopPromise<Void>?
    private let timeout: TimeAmount
    private var timer: Scheduled<Void>?

    init(_ promise: EventLoopPromise<Void>, _ timeout: TimeAmount) {
        self.promise = promise
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
            end(.failure(HTTPClientError.tlsHandshakeTimeout))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(_) = event { end(.success(())) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(error))
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(.failure(ChannelError.eof)) }

    private func end(_ result: Result<Void, any Error>) {
        timer?.cancel()
        promise?.completeWith(result)
        promise = nil
    }
}
