import KubernetesAPI
import LinuxKernel
import NIOCore
import NIOPosix
import NIOSSL
import StreamingServer

/// A program that is executed in a container of a pod, by way of the agent and of its runtime's streaming server.
///
/// By SPDY/3.1, and not by WebSocket: older runtimes have no version of the latter in which an input can end
/// (`v5.channel.k8s.io`).
package struct PodExec: Sendable {
    /// Where the program's streams lead to. Methods may block.
    package protocol Console: Sendable {
        /// What goes to the program, a piece after the other; nil: nothing more.
        func input() async -> ByteBuffer?
        func output(_ bytes: ByteBuffer, isError: Bool) throws
        /// The sizes of the terminal, the first one at once.
        func sizes() -> AsyncStream<(rows: UInt16, columns: UInt16)>
    }

    package var namespace: String
    package var pod: String
    package var container: String
    package var command: [String]
    package var input: Bool
    package var terminal: Bool

    package init(
        namespace: String, pod: String, container: String, command: [String], input: Bool, terminal: Bool
    ) {
        self.namespace = namespace
        self.pod = pod
        self.container = container
        self.command = command
        self.input = input
        self.terminal = terminal
    }

    /// The path and query of the kubelet's API.
    var target: String {
        var query = command.map { "command=\(Self.escaped($0))" }
        if input { query.append("input=1") }
        query.append("output=1")
        // A terminal has one output only.
        query.append(terminal ? "tty=1" : "error=1")
        let path = [namespace, pod, container].map(Self.escaped)
        return "/exec/\(path.joined(separator: "/"))?\(query.joined(separator: "&"))"
    }

    /// RFC 3986, section 2.3: all but what is unreserved.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    /// The streams of the program.
    fileprivate enum Role: CaseIterable {
        case error, stdin, stdout, stderr, resize
    }

    /// In the order in which they are opened.
    private var roles: [Role] {
        Role.allCases.filter { role in
            switch role {
            case .error, .stdout: true
            case .stdin: input
            case .stderr: !terminal
            case .resize: terminal
            }
        }
    }

    /// The number of each stream: odd and without gaps, as servers want them.
    fileprivate var streams: [(role: Role, id: UInt32)] {
        roles.enumerated().map { ($0.element, UInt32($0.offset) * 2 + 1) }
    }
}

extension AgentClient {
    /// Executes a program, and waits for its end.
    /// - Returns: its exit code.
    package func run(_ exec: PodExec, _ console: any PodExec.Console) async throws -> Int32 {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            var session = ExecSession(exec, console)
            let ids = Dictionary(uniqueKeysWithValues: exec.streams)
            var bytes = inbound.makeAsyncIterator()
            try await outbound.write(upgradeRequest(exec.target))
            try await session.takeUpgrade(&bytes)
            try await outbound.write(try session.openings())
            return try await withThrowingTaskGroup(of: Void.self) { group in
                if let id = ids[.stdin] {
                    group.addTask {
                        while let piece = await console.input() {
                            try await outbound.write(
                                SPDY.data(id, piece, last: false))
                        }
                        try await outbound.write(
                            SPDY.data(id, ByteBuffer(), last: true))
                    }
                }
                if let id = ids[.resize] {
                    group.addTask {
                        for await (rows, columns) in console.sizes() {
                            let text = "{\"Width\":\(columns),\"Height\":\(rows)}\n"
                            try await outbound.write(
                                SPDY.data(id, ByteBuffer(string: text), last: false)
                            )
                        }
                    }
                }
                defer { group.cancelAll() }
                return try await session.finish(&bytes) { try await outbound.write($0) }
            }
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let context = try NIOSSLContext(configuration: tls)
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as NIOConnectionError {
            let reason = (error.connectionErrors.first?.error as? IOError).map {
                Errno(rawValue: $0.errnoCode)
            }
            throw Failure(
                "no agent answers at \(url)" + (reason.map { ": \($0)" } ?? ""))
        }
    }

    private func upgradeRequest(_ target: String) -> ByteBuffer {
        ByteBuffer(
            string: """
                POST \(target) HTTP/1.1\r
                Host: \(address.authority)\r
                Authorization: Bearer \(token)\r
                Connection: Upgrade\r
                Upgrade: SPDY/3.1\r
                X-Stream-Protocol-Version: v4.channel.k8s.io\r
                Content-Length: 0\r
                \r

                """)
    }
}

/// The client's end of one session, on what the agent sends.
private struct ExecSession {
    typealias Bytes = NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    private static let headLimit = 64 << 10

    private let exec: PodExec
    private let console: any PodExec.Console
    private var decoder = SPDYFrameDecoder()
    private var status = ByteBuffer()

    init(_ exec: PodExec, _ console: any PodExec.Console) {
        self.exec = exec
        self.console = console
    }

    /// Reads the answer to the request for an upgrade.
    /// - Throws: the reason that it gives for none.
    mutating func takeUpgrade(_ bytes: inout Bytes) async throws {
        var answer = ByteBuffer()
        var text = ""
        while true {
            guard answer.readableBytes < Self.headLimit, let more = try await bytes.next() else {
                throw AgentClient.Failure(
                    text.isEmpty
                        ? "the agent ended the connection" : "the agent's answer is none: \(text.prefix(200))"
                )
            }
            answer.writeImmutableBuffer(more)
            text = String(buffer: answer)
            guard let head = text.firstRange(of: "\r\n\r\n") else { continue }
            guard text.hasPrefix("HTTP/1.1 101 ") else {
                var body = ByteBuffer(string: String(text[head.upperBound...]))
                // The agent closes after a refusal.
                while body.readableBytes < Self.headLimit, let more = try await bytes.next() {
                    body.writeImmutableBuffer(more)
                }
                let reason = String(buffer: body).trimmed
                let line = String(text.prefix { $0 != "\r\n" && $0 != "\r" })
                throw AgentClient.Failure(reason.isEmpty ? "the agent answers \(line)" : reason)
            }
            // What follows the head is of the session already.
            answer.moveReaderIndex(forwardBy: text[..<head.upperBound].utf8.count)
            decoder.append(answer)
            return
        }
    }

    /// The frames that open the program's streams.
    func openings() throws -> ByteBuffer {
        let deflater = try HeaderDeflater()
        var frames = ByteBuffer()
        for (role, id) in exec.streams {
            frames.writeImmutableBuffer(
                SPDY.synStream(id, block: deflater.block([("streamtype", "\(role)")])))
        }
        return frames
    }

    /// Until the program has ended.
    /// - Returns: its exit code.
    mutating func finish(_ bytes: inout Bytes, send: (ByteBuffer) async throws -> Void) async throws -> Int32
    {
        let roles = Dictionary(uniqueKeysWithValues: exec.streams.map { ($0.id, $0.role) })
        var open = Set(roles.values).intersection([.error, .stdout, .stderr])
        while true {
            while let event = try decoder.next() {
                switch event {
                case .data(let id, let piece, let isLast):
                    guard let role = roles[id] else { continue }
                    try take(piece, from: role)
                    if isLast { open.remove(role) }
                case .reset(let id), .headers(let id, _, last: true):
                    roles[id].map { _ = open.remove($0) }
                case .ping(let id):
                    if id % 2 == 0 { try await send(SPDY.ping(id)) }
                case .goAway: open = []
                case .headers, .synStream, .initialWindow, .windowUpdate: break
                }
            }
            if open.isEmpty { return try exitCode() }
            guard let more = try await bytes.next() else {
                guard status.readableBytes > 0 else {
                    throw AgentClient.Failure("the connection ended before the program")
                }
                return try exitCode()
            }
            decoder.append(more)
        }
    }

    private mutating func take(_ piece: ByteBuffer, from role: PodExec.Role) throws {
        guard piece.readableBytes > 0 else { return }
        switch role {
        case .error:
            guard status.readableBytes + piece.readableBytes <= Self.headLimit else {
                throw AgentClient.Failure(
                    "the runtime says more than \(Self.headLimit) bytes about the program's end")
            }
            status.writeImmutableBuffer(piece)
        case .stdout: try console.output(piece, isError: false)
        case .stderr: try console.output(piece, isError: true)
        case .stdin, .resize: break
        }
    }

    /// From the `metav1.Status` on the error stream.
    private func exitCode() throws -> Int32 {
        let text = String(buffer: status)
        // Version 4 has a word for success, too: a session that ends without one has not run to its end.
        guard !text.isEmpty else {
            throw AgentClient.Failure("the runtime did not say how the program ended")
        }
        let said: Status
        do {
            var problems = Problems()
            said = Status(from: try APIValue(json: text), at: .root, reporting: &problems)
        } catch {
            throw AgentClient.Failure(text.trimmed)
        }
        if said.status == "Success" { return 0 }
        let code = said.details?.causes.first { $0.reason.rawValue == "ExitCode" }.flatMap {
            Int32($0.message)
        }
        guard let code else { throw AgentClient.Failure(said.message) }
        return code
    }
}
