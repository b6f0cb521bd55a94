import NIOCore
import Synchronization

/// An exec or attach over SPDY: the client opens a stream for each of the command's, which then runs.
final class SPDYCommand: Dialogue, SPDYSession {
    private enum Role: String {
        case error, stdin, stdout, stderr, resize
    }

    private let command: Command
    private let timeout: Duration
    private let connection: SPDYConnection
    private let expected: Set<Role>
    private let streams = Mutex<[Role: SPDYStream]>([:])
    private let arrived = Waiter()

    init(_ command: Command, timeout: Duration, send: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.command = command
        self.timeout = timeout
        connection = SPDYConnection(send: send)
        var expected: Set<Role> = [.error]
        if command.shape.stdin { expected.insert(.stdin) }
        if command.shape.stdout { expected.insert(.stdout) }
        if command.shape.stderr { expected.insert(.stderr) }
        if command.shape.terminal, command.version.resizes { expected.insert(.resize) }
        self.expected = expected
    }

    func makeReader() throws -> any InputReader {
        try SPDYReader(connection, session: self)
    }

    func accepts(id: UInt32, headers: [String: String]) -> Bool {
        headers["streamtype"].flatMap(Role.init(rawValue:)).map(expected.contains) ?? false
    }

    func opened(_ stream: SPDYStream) throws {
        guard let role = stream.headers["streamtype"].flatMap(Role.init(rawValue:)) else { return }
        let isFirst = streams.withLock { streams in
            guard streams[role] == nil else { return false }
            streams[role] = stream
            return true
        }
        guard isFirst else {
            throw StreamingError(.protocolViolation, "the client opened a second \(role) stream")
        }
        arrived.signal()
    }

    func closedByClient() {}

    func run() async {
        let complete = await finishes(within: timeout) { [self] in await waitForStreams() }
        let streams = streams.withLock { $0 }
        guard let error = streams[.error], complete, streams.count == expected.count else {
            return await giveUp(on: streams[.error])
        }
        await command.run(
            CommandStreams(
                error: error, stdin: streams[.stdin]?.incoming, stdout: streams[.stdout],
                stderr: streams[.stderr], resize: streams[.resize]?.incoming))
        await sayGoodbye()
    }

    private func waitForStreams() async {
        let isComplete = { @Sendable [self] in streams.withLock { $0.count == expected.count } }
        while !isComplete(), !Task.isCancelled {
            await arrived.wait(until: isComplete)
        }
    }

    private func giveUp(on error: SPDYStream?) async {
        guard !Task.isCancelled else { return }
        let outcome = CommandOutcome.failed("the client did not open its streams within \(timeout)")
        let text = command.version.reportsStatus ? outcome.status : outcome.plainText
        // A client that is gone by now needs no reason.
        try? await error?.write(ByteBuffer(string: text ?? ""))
        try? await error?.finish()
        await sayGoodbye()
    }

    private func sayGoodbye() async {
        // Whether the client is still there to hear it does not matter any more.
        try? await connection.sendGoAway()
    }

    func discardInput() { connection.discardInput() }
    func end(_ error: StreamingError) { connection.end(error) }
    func rejection() -> ByteBuffer { connection.goAway(.protocolError) }
}
