import Glibc
import LinuxKernel
import Synchronization

/// A proxy that speaks SOCKS 5 (RFC 1928) without passwords, and connects with one server whomever a client asks for.
final class SocksProxy: Sendable {
    enum Manner: Sendable {
        case serves
        /// Answers that the connection was refused.
        case refuses
        /// Knows no client without a password.
        case wantsPassword
    }

    private let server: LoopbackServer
    private let target: UInt16
    private let manner: Manner
    private let names = Mutex<[String]>([])

    var port: UInt16 { server.port }
    /// Whom clients asked for, `NAME:PORT`.
    var asked: [String] { names.withLock { $0 } }

    init(to target: UInt16, _ manner: Manner = .serves) throws {
        server = try LoopbackServer()
        self.target = target
        self.manner = manner
        try server.start { [self] in serve($0) }
    }

    func close() { server.close() }

    private func serve(_ client: Int32) {
        guard let name = greet(client) else { return }
        names.withLock { $0.append(name) }
        let wanted = manner == .refuses ? -1 : Loopback.connect(target)
        let reply: UInt8 = wanted < 0 ? 5 : 0
        guard Self.send([5, reply, 0, 1, 0, 0, 0, 0, 0, 0], to: client), wanted >= 0 else { return }
        Self.forward(client, wanted)
        Glibc.close(wanted)
    }

    /// - Returns: whom the client wants to be connected with.
    private func greet(_ client: Int32) -> String? {
        guard let head = Self.receive(2, from: client), head[0] == 5,
            let methods = Self.receive(Int(head[1]), from: client), methods.contains(0)
        else { return nil }
        if manner == .wantsPassword {
            _ = Self.send([5, 0xff], to: client)
            return nil
        }
        // The names of hosts are for the proxy to resolve: kind 3.
        guard Self.send([5, 0], to: client), let request = Self.receive(5, from: client),
            request.prefix(4) == [5, 1, 0, 3], let rest = Self.receive(Int(request[4]) + 2, from: client)
        else { return nil }
        let port = Int(rest[rest.count - 2]) << 8 | Int(rest[rest.count - 1])
        return String(decoding: rest.dropLast(2), as: UTF8.self) + ":\(port)"
    }

    // MARK: Bytes

    private static func receive(_ count: Int, from socket: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(socket, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }

    private static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
        Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Passes on what comes from either side, until one of them ends.
    private static func forward(_ client: Int32, _ server: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var polls = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if poll(&polls, 2, -1) < 0 { return }
            for (index, other) in [server, client].enumerated() where polls[index].revents != 0 {
                let count = read(polls[index].fd, &buffer, buffer.count)
                if count <= 0 || !send(Array(buffer[..<count]), to: other) { return }
            }
        }
    }
}
