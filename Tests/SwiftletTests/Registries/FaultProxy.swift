import Glibc
import LinuxKernel
import Synchronization

/// Stands between a client and a registry, counts what passes, and fails as a test wants it.
///
/// Faults are about the bytes that come from the registry, counted over all connections.
final class FaultProxy: Sendable {
    enum Fault: Sendable {
        /// The connection is reset.
        case reset
        /// The connection ends as if all had come.
        case end
        /// One bit is another one; the connection goes on.
        case flip
        /// Nothing comes any more; the connection stays.
        case hang
        /// The connection is reset, and for a while nobody listens.
        case leave(milliseconds: Int)
    }

    struct Plan: Sendable {
        /// What happens when so many bytes have passed; each once.
        var faults: [(after: Int, Fault)] = []
        /// Bytes a second of all connections together; nil: as fast as they come.
        var speed: Int?
        /// The same in the other direction.
        var uploadSpeed: Int?
        /// A request whose first line contains this is not passed on, and gets no answer.
        var silentAbout: String?
    }

    let port: UInt16
    private let target: UInt16
    private let state: Mutex<State>

    private struct State: Sendable {
        var plan: Plan
        /// Nil while nobody listens.
        var listener: Int32?
        var passed = 0
        var sent = 0
        var requests: [String] = []
        var isClosed = false
    }

    var host: String { "127.0.0.1:\(port)" }

    /// Bytes that came from the registry so far.
    var passed: Int { state.withLock { $0.passed } }

    /// Bytes that went to the registry so far.
    var sent: Int { state.withLock { $0.sent } }

    /// The first lines of requests, without the version: `GET /v2/`. Only of those that begin with a piece that comes.
    var requests: [String] { state.withLock { $0.requests } }

    /// Requests in the form for an HTTP proxy (RFC 9112, section 3.2.2) are understood by the registry, too.
    init(to target: UInt16, _ plan: Plan = Plan()) throws {
        let (listener, port) = try Loopback.listen()
        self.port = port
        self.target = target
        state = Mutex(State(plan: plan, listener: listener))
        try Self.thread { [self] in accept(on: listener) }
    }

    /// Another plan, from now on; counting begins anew.
    func change(_ plan: Plan) {
        state.withLock {
            $0.plan = plan
            $0.passed = 0
            $0.sent = 0
            $0.requests = []
        }
    }

    func close() {
        let listener = state.withLock { state in
            state.isClosed = true
            return state.listener.take()
        }
        if let listener { Self.end(listener) }
    }

    private static func end(_ listener: Int32) {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    private func leave(_ milliseconds: Int) {
        guard let listener = state.withLock({ $0.listener.take() }) else { return }
        Self.end(listener)
        // What is bound and does not listen refuses connections, and nobody else gets the port meanwhile.
        guard let next = try? Loopback.bind(port) else { return }
        try? Self.thread { [self] in
            usleep(useconds_t(milliseconds * 1000))
            let isClosed = state.withLock { state in
                if !state.isClosed { state.listener = next }
                return state.isClosed
            }
            if isClosed || listen(next, 64) != 0 {
                Glibc.close(next)
            } else {
                accept(on: next)
            }
        }
    }

    static func thread(_ body: @escaping @Sendable () -> Void) throws {
        final class Body: Sendable {
            let run: @Sendable () -> Void

            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        var id = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let code = pthread_create(
            &id, nil,
            {
                Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
                return nil
            }, context)
        if code != 0 { throw KernelError("start a thread", "proxy", Errno(rawValue: code)) }
        pthread_detach(id)
    }

    private func accept(on listener: Int32) {
        while true {
            let client = Glibc.accept(listener, .init(__sockaddr__: nil), nil)
            if client < 0 {
                if state.withLock({ $0.isClosed }) || errno != EINTR { return }
                continue
            }
            let server = Loopback.connect(target)
            if server < 0 {
                Glibc.close(client)
                continue
            }
            let ends = Ends(client: client, server: server)
            try? Self.thread { self.forward(ends) }
            try? Self.thread { self.answer(ends) }
        }
    }

    /// Both sockets, closed when neither direction uses them any more.
    private final class Ends: Sendable {
        let client: Int32
        let server: Int32

        init(client: Int32, server: Int32) {
            (self.client, self.server) = (client, server)
        }

        deinit {
            Glibc.close(client)
            Glibc.close(server)
        }
    }

    private func forward(_ ends: Ends) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(ends.client, &buffer, buffer.count)
            if count <= 0 { break }
            let line = Self.request(in: buffer[..<count])
            let (plan, isClosed) = state.withLock { state in
                state.sent += count
                if let line { state.requests.append(line) }
                return (state.plan, state.isClosed)
            }
            if let words = plan.silentAbout, !isClosed, let line, line.contains(words) {
                while !state.withLock({ $0.isClosed }) { usleep(20_000) }
                break
            }
            if let speed = plan.uploadSpeed { usleep(useconds_t(count * 1_000_000 / speed)) }
            if !Self.writeAll(ends.server, buffer[..<count]) { break }
        }
        shutdown(ends.server, Int32(SHUT_WR))
    }

    private static func request(in piece: ArraySlice<UInt8>) -> String? {
        let words = String(decoding: piece.prefix(4096).prefix { $0 != 13 }, as: UTF8.self).split(
            separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return nil }
        return words[0] + " " + words[1]
    }

    private func answer(_ ends: Ends) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(ends.server, &buffer, buffer.count)
            if count <= 0 { break }
            let (fault, delay) = pass(count)
            if delay > 0 { usleep(useconds_t(delay)) }
            if case .leave(let time) = fault { leave(time) }
            switch fault {
            case .reset, .leave:
                // connect(2) to nowhere resets at once, also while the other thread reads.
                var nowhere = sockaddr()
                nowhere.sa_family = sa_family_t(AF_UNSPEC)
                withUnsafePointer(to: &nowhere) {
                    _ = connect(
                        ends.client, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr>.size))
                }
                shutdown(ends.server, Int32(SHUT_RDWR))
                return
            case .end:
                shutdown(ends.client, Int32(SHUT_RDWR))
                shutdown(ends.server, Int32(SHUT_RDWR))
                return
            case .hang:
                while read(ends.server, &buffer, buffer.count) > 0 {}
                while !state.withLock({ $0.isClosed }) { usleep(20_000) }
                return
            case .flip: buffer[count - 1] ^= 1
            case nil: break
            }
            if !Self.writeAll(ends.client, buffer[..<count]) { break }
        }
        shutdown(ends.client, Int32(SHUT_WR))
    }

    /// - Returns: what happens now, and how many microseconds to wait before.
    private func pass(_ count: Int) -> (Fault?, Int) {
        state.withLock { state in
            state.passed += count
            let delay = state.plan.speed.map { count * 1_000_000 / $0 } ?? 0
            guard let next = state.plan.faults.first, state.passed >= next.after else { return (nil, delay) }
            state.plan.faults.removeFirst()
            return (next.1, delay)
        }
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
