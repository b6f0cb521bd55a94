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
    }

    struct Plan: Sendable {
        /// What happens when so many bytes have passed; each once.
        var faults: [(after: Int, Fault)] = []
        /// Bytes a second of all connections together; nil: as fast as they come.
        var speed: Int?
    }

    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let state: Mutex<State>

    private struct State: Sendable {
        var plan: Plan
        var passed = 0
        var isClosed = false
    }

    var host: String { "127.0.0.1:\(port)" }

    /// Bytes that came from the registry so far.
    var passed: Int { state.withLock { $0.passed } }

    init(to target: UInt16, _ plan: Plan = Plan()) throws {
        (listener, port) = try Loopback.listen()
        self.target = target
        state = Mutex(State(plan: plan))
        try Self.thread { [self] in accept() }
    }

    /// Another plan, from now on; counting begins anew.
    func change(_ plan: Plan) {
        state.withLock {
            $0.plan = plan
            $0.passed = 0
        }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) throws {
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

    private func accept() {
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
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(ends.client, &buffer, buffer.count)
            if count <= 0 || !Self.writeAll(ends.server, buffer[..<count]) { break }
        }
        shutdown(ends.server, Int32(SHUT_WR))
    }

    private func answer(_ ends: Ends) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(ends.server, &buffer, buffer.count)
            if count <= 0 { break }
            let (fault, delay) = pass(count)
            if delay > 0 { usleep(useconds_t(delay)) }
            switch fault {
            case .reset:
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
