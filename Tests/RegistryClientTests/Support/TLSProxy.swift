import CLinux
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A proxy that leads every CONNECT to one port of this machine.
final class ConnectProxy: Sendable {
    let port: Int
    private let listener: Int32
    private let seen = Mutex<[String]>([])

    /// The heads of all requests.
    var heads: [String] { seen.withLock { $0 } }

    /// - Parameter credential: what Proxy-Authorization has to be; nil: anything.
    init(to target: Int, credential: String? = nil) throws {
        (listener, port) = try FaultServer.listen()
        let listener = listener
        Threads.start { [self] in
            while true {
                let connection = accept(listener, __SOCKADDR_ARG(), nil)
                if connection < 0 { return }
                Threads.start { [self] in
                    serve(connection, to: target, credential)
                    close(connection)
                }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32, to target: Int, _ credential: String?) {
        var head = ""
        var byte: UInt8 = 0
        while !head.utf8.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            if read(connection, &byte, 1) != 1 { return }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        seen.withLock { $0.append(head) }
        let isAllowed =
            credential.map { head.lowercased().contains("\r\nproxy-authorization: \($0.lowercased())\r\n") }
            ?? true
        let answer =
            isAllowed
            ? "HTTP/1.1 200 OK\r\n\r\n"
            : "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        let isSent = Array(answer.utf8).withUnsafeBytes { FaultServer.send($0, connection) }
        if isSent && isAllowed { FaultServer.forward(connection, to: target, resetAfter: .max) }
    }
}

/// Speaks TLS, and passes on what it hears to a port of this machine.
final class TLSFront: Sendable {
    let port: Int
    private let server: any Channel

    /// - Parameter folder: with the certificate `server.pem` and its key.
    init(to target: Int, _ folder: TemporaryFolder) async throws {
        let certificates = try NIOSSLCertificate.fromPEMFile("\(folder.path)/server.pem")
        let key = try NIOSSLPrivateKey(file: "\(folder.path)/server.key", format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }.flatMap {
                    ClientBootstrap(group: channel.eventLoop).connect(host: "127.0.0.1", port: target)
                }.flatMapThrowing { upstream in
                    try channel.pipeline.syncOperations.addHandler(Glue(upstream))
                    try upstream.pipeline.syncOperations.addHandler(Glue(channel))
                }.flatMap { channel.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress!.port!
    }

    func stop() async {
        try? await server.close()
    }

    /// What comes in here goes out there.
    private final class Glue: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel

        init(_ other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
