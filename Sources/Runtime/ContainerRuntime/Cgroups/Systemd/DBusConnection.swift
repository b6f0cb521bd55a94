import CLinux
import Glibc
import LinuxKernel

/// A connection to a bus, or straight to a service, over which methods are called one at a time. Every wait has
/// an end.
package struct DBusConnection: ~Copyable {
    private let socket: FileDescriptor
    private var lastSerial: UInt32 = 0
    /// What has arrived and was not looked at.
    private var input: [UInt8] = []
    /// Signals that came while an answer was awaited.
    private var signals: [DBusMessage] = []
    /// Who sent the last answer. On a bus everybody can send signals to everybody.
    private var answerer: String?
    /// File descriptors that came with messages, in their order, and nobody has taken.
    private var descriptors: [Int32] = []
    private let takesDescriptors: Bool

    private init(owning socket: consuming FileDescriptor, takesDescriptors: Bool) {
        self.socket = socket
        self.takesDescriptors = takesDescriptors
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Connects, and says who we are (D-Bus specification, "Authentication Protocol"): the peer compares it with
    /// what the kernel knows of us.
    /// - Parameters:
    ///   - user: our user id outside of every user namespace.
    ///   - takesDescriptors: whether answers may bring file descriptors (`h`).
    package static func open(
        _ address: DBusAddress, user: UInt32, takesDescriptors: Bool = false, milliseconds: Int
    ) throws(DBusError) -> DBusConnection {
        var connection: DBusConnection
        do throws(KernelError) {
            connection = DBusConnection(
                owning: try connect(address, milliseconds: milliseconds), takesDescriptors: takesDescriptors)
        } catch {
            throw .kernel(error)
        }
        try connection.authenticate(user, Limit(milliseconds))
        return connection
    }

    private mutating func authenticate(_ user: UInt32, _ limit: Limit) throws(DBusError) {
        // The number's decimal digits, each as the two hexadecimal digits of its character.
        let name = String(user).utf8.map { "3\(Character(Unicode.Scalar($0)))" }.joined()
        // All of our side at once: systemd's own end, at the manager's socket, takes a message that comes together
        // with BEGIN for read and then waits for it.
        let wish = takesDescriptors ? "NEGOTIATE_UNIX_FD\r\n" : ""
        try send(Array("\0AUTH EXTERNAL \(name)\r\n\(wish)BEGIN\r\n".utf8), limit)
        let answer = try line(limit)
        guard answer.utf8.starts(with: "OK ".utf8) else { throw .notAuthenticated(answer) }
        if takesDescriptors {
            let answer = try line(limit)
            guard answer == "AGREE_UNIX_FD" else { throw .notAuthenticated(answer) }
        }
    }

    /// Calls a method and waits for its answer.
    /// - Parameters:
    ///   - signature: of `body`.
    ///   - expected: the signature that the answer must have.
    /// - Throws: `answer` for an error that the peer answers with.
    package mutating func call(
        _ target: DBusTarget, _ member: String, signature: String = "",
        expecting expected: String = "", milliseconds: Int, _ body: (inout DBusWriter) -> Void = { _ in }
    ) throws(DBusError) -> [DBusValue] {
        lastSerial += 1
        var message = DBusMessage(.call, serial: lastSerial)
        message.path = target.path
        message.interface = target.interface
        message.destination = target.destination
        message.member = member
        message.signature = signature
        var writer = DBusWriter()
        body(&writer)
        message.body = writer.bytes
        let limit = Limit(milliseconds)
        try send(message.encoded(), limit)
        while true {
            let answer = try receive(limit)
            switch answer.kind {
            case .signal: keep(answer)
            case .reply where answer.replySerial == lastSerial:
                answerer = answer.sender
                return try answer.arguments(expected)
            case .error where answer.replySerial == lastSerial: throw answer.failure()
            case .reply, .error, .call: continue
            }
        }
    }

    /// Waits for a signal of whoever answered last, one that has come already first, until `body` makes something
    /// of it.
    package mutating func awaitSignal<Result>(
        _ interface: String, _ member: String, milliseconds: Int,
        _ body: (DBusMessage) throws(DBusError) -> Result?
    ) throws(DBusError) -> Result {
        let limit = Limit(milliseconds)
        var waiting = signals[...]
        signals = []
        while true {
            let message: DBusMessage
            if let next = waiting.popFirst() { message = next } else { message = try receive(limit) }
            guard message.kind == .signal, message.interface == interface, message.member == member,
                message.sender == answerer
            else { continue }
            if let result = try body(message) { return result }
        }
    }

    /// The oldest file descriptor that came with a message.
    package mutating func takeDescriptor() -> FileDescriptor? {
        descriptors.isEmpty ? nil : FileDescriptor(owning: descriptors.removeFirst())
    }

    /// A peer that is connected to straight away sends everybody everything.
    private mutating func keep(_ signal: DBusMessage) {
        if signals.count < 1000 { signals.append(signal) }
    }

    // MARK: Bytes

    private struct Limit {
        let deadline: Deadline
        let milliseconds: Int

        init(_ milliseconds: Int) {
            deadline = .after(milliseconds)
            self.milliseconds = milliseconds
        }
    }

    private func wait(for events: Int32, _ limit: Limit) throws(DBusError) {
        while true {
            var watched = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
            let ready = poll(&watched, 1, limit.deadline.pollMilliseconds)
            if ready > 0 { return }
            if ready == 0 { throw .timedOut(milliseconds: limit.milliseconds) }
            if Errno.current != .interrupted { throw .kernel(KernelError("poll", "D-Bus connection")) }
        }
    }

    private func send(_ bytes: [UInt8], _ limit: Limit) throws(DBusError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            case .again: try wait(for: POLLOUT, limit)
            case .brokenPipe: throw .closed
            default: throw .kernel(KernelError("send to", "D-Bus connection"))
            }
        }
    }

    /// Appends what has arrived, one byte at least, to `input`.
    private mutating func fill(_ limit: Limit) throws(DBusError) {
        while true {
            var count = 0
            var passed = [Int32](repeating: -1, count: takesDescriptors ? 8 : 0)
            var passedCount: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, initialized in
                if takesDescriptors {
                    count = clinux_receive_fds(
                        socket.raw, buffer.baseAddress, buffer.count, &passed, Int32(passed.count),
                        &passedCount)
                } else {
                    count = recv(socket.raw, buffer.baseAddress, buffer.count, 0)
                }
                initialized = max(0, count)
            }
            descriptors += passed.prefix(Int(passedCount))
            if count > 0 { return input += chunk }
            if count == 0 { throw .closed }
            switch Errno.current {
            case .interrupted: continue
            case .again: try wait(for: POLLIN, limit)
            case let errno where errno.rawValue == ECONNRESET: throw .closed
            default: throw .kernel(KernelError("receive from", "D-Bus connection"))
            }
        }
    }

    /// A line of the authentication.
    private mutating func line(_ limit: Limit) throws(DBusError) -> String {
        while true {
            if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
                let line = input[..<end].filter { $0 >= 32 }
                input.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard input.count < 4096 else { throw .notAuthenticated("the answer has no end") }
            try fill(limit)
        }
    }

    private mutating func receive(_ limit: Limit) throws(DBusError) -> DBusMessage {
        while true {
            if let length = try DBusMessage.length(input), input.count >= length {
                let message = Array(input[..<length])
                input.removeFirst(length)
                return try DBusMessage(message)
            }
            try fill(limit)
        }
    }

    private static func connect(
        _ address: DBusAddress, milliseconds: Int
    ) throws(KernelError) -> FileDescriptor {
        let name: String
        var place: [UInt8]
        switch address {
        case .path(let path): (name, place) = (path, Array(path.utf8) + [0])
        case .abstract(let text): (name, place) = ("@\(text)", [0] + text.utf8)
        }
        var socketAddress = sockaddr_un()
        socketAddress.sun_family = sa_family_t(AF_UNIX)
        guard place.count <= MemoryLayout.size(ofValue: socketAddress.sun_path) else {
            throw KernelError("connect to", name, .nameTooLong)
        }
        withUnsafeMutableBytes(of: &socketAddress.sun_path) { $0.copyBytes(from: place) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + place.count)
        let socket = FileDescriptor(
            owning: try check("socket") {
                Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        // How long connect(2) waits for a place in the listener's queue.
        var patience = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        _ = try check("setsockopt SO_SNDTIMEO", name) {
            setsockopt(socket.raw, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        _ = try check("connect to", name) {
            withUnsafePointer(to: &socketAddress) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(socket.raw, $0, length)
                }
            }
        }
        try socket.setNonBlocking(true)
        return socket
    }
}

/// Whom a method is called on.
package struct DBusTarget: Sendable {
    /// The name on the bus; nil where the service itself is at the other end.
    package let destination: String?
    package let path: String
    package let interface: String

    package init(destination: String?, path: String, interface: String) {
        self.destination = destination
        self.path = path
        self.interface = interface
    }
}
