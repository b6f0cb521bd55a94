import CLinux
import Glibc
import LinuxKernel
import Synchronization

/// A server on loopback that does, request by request, what a test says, also what no real server does: hangs,
/// resets, lies about lengths. Plain HTTP/1.1 on blocking sockets, a thread for each connection.
final class FaultServer: Sendable {
    struct Request: Sendable {
        let method: String
        /// Path with query, or the authority of a CONNECT.
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: [UInt8]

        var path: String { String(target.prefix { $0 != "?" }) }
    }

    enum Step: Sendable {
        case send([UInt8])
        /// Until the other side goes.
        case sendForever([UInt8])
        /// Microseconds.
        case pause(useconds_t)
        case hang
        /// RST.
        case reset
        case close
        /// The connection ends, and for so many microseconds nobody listens.
        case leave(useconds_t)
    }

    typealias Handler = @Sendable (Request) -> [Step]

    let port: Int
    private let handler: Handler
    private let state: Mutex<State>

    private struct State {
        /// Nil while nobody listens.
        var listener: Int32?
        var isStopped = false
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var sentBytes = 0
    }

    init(_ handler: @escaping Handler) throws {
        let (listener, port) = try Self.listen()
        self.port = port
        self.handler = handler
        state = Mutex(State(listener: listener))
        Threads.start { [self] in acceptAll(listener) }
    }

    var host: String { "127.0.0.1:\(port)" }
    /// Bytes of answers that the kernel took.
    var sentBytes: Int { state.withLock { $0.sentBytes } }
    var requests: [Request] { state.withLock { $0.requests } }

    /// Ends the server and its connections. Has to be called: the threads keep the object.
    func stop() {
        let listener = state.withLock { state in
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
            return state.listener
        }
        if let listener { Self.end(listener) }
    }

    private static func end(_ listener: Int32) {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func leave(_ time: useconds_t) {
        let listener = state.withLock { $0.listener.take() }
        guard let listener else { return }
        Self.end(listener)
        // What is bound and does not listen refuses connections, and nobody else gets the port meanwhile.
        guard let next = try? Self.bind(port: port).listener else { return }
        Threads.start { [self] in
            usleep(time)
            let isStopped = state.withLock { state in
                if !state.isStopped { state.listener = next }
                return state.isStopped
            }
            if isStopped || Glibc.listen(next, 128) != 0 {
                close(next)
            } else {
                acceptAll(next)
            }
        }
    }

    // MARK: Answers

    static func answer(
        _ status: Int, _ headers: [String: String] = [:], _ body: [UInt8] = []
    ) -> [Step] {
        var headers = headers
        if headers["Content-Length"] == nil, headers["Transfer-Encoding"] == nil {
            headers["Content-Length"] = "\(body.count)"
        }
        return [.send(head(status, headers) + body)]
    }

    static func answer(_ status: Int, _ headers: [String: String] = [:], json: String) -> [Step] {
        answer(status, headers, Array(json.utf8))
    }

    static func head(_ status: Int, _ headers: [String: String]) -> [UInt8] {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Array("HTTP/1.1 \(status) Answer\r\n\(lines)\r\n".utf8)
    }

    // MARK: Connections

    private func acceptAll(_ listener: Int32) {
        while true {
            let connection = accept(listener, __SOCKADDR_ARG(), nil)
            if connection < 0 { return }
            let isStopped = state.withLock { state in
                if !state.isStopped { state.connections.insert(connection) }
                return state.isStopped
            }
            if isStopped {
                close(connection)
                return
            }
            Threads.start { [self] in
                serve(connection)
                state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var reader = RequestReader(connection)
        while let request = reader.next() {
            state.withLock { $0.requests.append(request) }
            for step in handler(request) where !perform(step, connection, request) { return }
        }
    }

    /// - Returns: whether the connection goes on.
    private func perform(_ step: Step, _ connection: Int32, _ request: Request) -> Bool {
        switch step {
        case .send(let bytes): return write(bytes, connection)
        case .sendForever(let bytes):
            while write(bytes, connection) {}
            return false
        case .pause(let microseconds):
            usleep(microseconds)
            return true
        case .hang:
            var byte: UInt8 = 0
            while read(connection, &byte, 1) > 0 {}
            return false
        case .reset:
            Self.setReset(connection)
            return false
        case .close: return false
        case .leave(let time):
            leave(time)
            return false
        }
    }

    private func write(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        let isSent = bytes.withUnsafeBytes { Self.send($0, connection) }
        if isSent { state.withLock { $0.sentBytes += bytes.count } }
        return isSent
    }

    // MARK: Sockets

    static func listen(backlog: Int32 = 128) throws -> (Int32, Int) {
        let (listener, port) = try bind(port: 0)
        if Glibc.listen(listener, backlog) != 0 { throw KernelError("listen", "127.0.0.1") }
        return (listener, port)
    }

    /// A socket that nobody listens at yet; its port is nobody else's as long as it is open.
    static func bind(port: Int) throws -> (listener: Int32, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Connections of an earlier listener may still have the port.
        var isShared: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port: port)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                clinux_bind(listener, address, size) == 0
                    && getsockname(listener, __SOCKADDR_ARG(__sockaddr__: address), &size) == 0
            }
        }
        if !result { throw KernelError("bind", "127.0.0.1:\(port)") }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// - Returns: -1 when nobody listens.
    static func connect(port: Int, flags: Int = 0) -> Int32 {
        let connection = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | Int32(flags), 0)
        var address = loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 || Errno.current.rawValue == EINPROGRESS { return connection }
        close(connection)
        return -1
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    static func send(_ bytes: UnsafeRawBufferPointer, _ connection: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = Glibc.send(
                connection, bytes.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    static func setReset(_ connection: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Moves bytes both ways.
    static func forward(_ connection: Int32, to port: Int, resetAfter limit: Int) {
        let upstream = connect(port: port)
        defer { close(upstream) }
        var left = limit
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            var polls = [
                pollfd(fd: connection, events: Int16(POLLIN), revents: 0),
                pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&polls, 2, -1) < 0 { return }
            for (index, target) in [upstream, connection].enumerated() where polls[index].revents != 0 {
                let count = buffer.withUnsafeMutableBytes {
                    read(polls[index].fd, $0.baseAddress, min($0.count, max(left, 1)))
                }
                if count <= 0 { return }
                left -= count
                let isSent = buffer[..<count].withUnsafeBytes { send($0, target) }
                if !isSent { return }
                if left <= 0 { return setReset(connection) }
            }
        }
    }
}

/// Reads requests off a connection.
private struct RequestReader {
    private let connection: Int32
    private var bytes: [UInt8] = []

    init(_ connection: Int32) {
        self.connection = connection
    }

    /// - Returns: nil at the end, and for what is no HTTP: a TLS handshake.
    mutating func next() -> FaultServer.Request? {
        let end = Array("\r\n\r\n".utf8)
        var headEnd = find(end)
        while headEnd == nil {
            guard more(), bytes.first.map({ $0 >= 0x41 && $0 <= 0x5a }) ?? false else { return nil }
            headEnd = find(end)
        }
        let lines = String(decoding: bytes[..<headEnd!], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        bytes.removeFirst(headEnd! + 4)
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            // One that comes several times is a list (RFC 9110, section 5.3).
            let name = line[..<colon].lowercased()
            headers[name] = headers[name].map { "\($0), \(value)" } ?? value
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while bytes.count < length { if !more() { return nil } }
        let body = Array(bytes[..<length])
        bytes.removeFirst(length)
        return .init(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    private func find(_ pattern: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...bytes.count - pattern.count).first {
            bytes[$0..<$0 + pattern.count].elementsEqual(pattern)
        }
    }

    private mutating func more() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes { read(connection, $0.baseAddress, $0.count) }
        if count > 0 { bytes += buffer[..<count] }
        return count > 0
    }
}

enum Threads {
    static func start(_ body: @escaping @Sendable () -> Void) {
        var identifier = pthread_t()
        pthread_create(
            &identifier, nil,
            {
                Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
        pthread_detach(identifier)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// Between a client and a real server: passes everything on, and resets each connection after so many bytes.
final class FaultProxy: Sendable {
    let port: Int
    private let listener: Int32
    private let count = Mutex(0)

    /// Connections that came.
    var connections: Int { count.withLock { $0 } }

    init(to target: Int, resetAfter limit: @escaping @Sendable (_ connection: Int) -> Int) throws {
        (listener, port) = try FaultServer.listen()
        let listener = listener
        Threads.start { [self] in
            while true {
                let connection = accept(listener, __SOCKADDR_ARG(), nil)
                if connection < 0 { return }
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                Threads.start {
                    FaultServer.forward(connection, to: target, resetAfter: limit(number))
                    close(connection)
                }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
