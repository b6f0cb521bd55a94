import NIOCore

/// The size of a client's terminal, in characters.
public struct TerminalSize: Sendable, Equatable {
    public var width: UInt16
    public var height: UInt16

    public init(width: UInt16, height: UInt16) {
        self.width = width
        self.height = height
    }
}

/// A client's ends of a process' streams; those it did not ask for are nil.
public struct RemoteStreams: Sendable {
    public let stdin: RemoteInput?
    public let stdout: RemoteOutput?
    public let stderr: RemoteOutput?
    /// The sizes that the client's terminal takes. Only the newest waits: nobody needs those before it.
    public let resizes: AsyncStream<TerminalSize>
}

/// Bytes from a client. The sequence ends when the client closes its half, and throws when it leaves without.
///
/// While they are not taken the client's connection is not read beyond a bound, so the client waits.
public struct RemoteInput: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let queue: InboundQueue

    public func makeAsyncIterator() -> Iterator {
        Iterator(queue: queue)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let queue: InboundQueue

        public mutating func next() async throws -> ByteBuffer? {
            try await queue.next()
        }
    }
}

/// Bytes to a client.
public struct RemoteOutput: Sendable {
    let sink: any OutputSink

    /// Returns when the kernel has taken the bytes, so a slow client makes its own session wait and nothing else.
    /// Throws `StreamingError` of kind `clientLeft` when nobody is there to read them.
    public func write(_ bytes: ByteBuffer) async throws {
        try await sink.write(bytes)
    }
}

/// One connection that a client forwards to a port of a sandbox.
public struct ForwardedConnection: Sendable {
    /// What the client sends; ends at its half close.
    public let input: RemoteInput
    let sink: any OutputSink

    /// Sends to the client, with the same promises as `RemoteOutput.write`.
    public func write(_ bytes: ByteBuffer) async throws {
        try await sink.write(bytes)
    }

    /// Tells the client that nothing more comes, while it may go on sending.
    public func finish() async throws {
        try await sink.finish()
    }
}

/// Where a protocol takes the bytes of one stream to its client.
protocol OutputSink: Sendable {
    func write(_ bytes: ByteBuffer) async throws
    /// Ends this direction of the stream, where the protocol has a word for that. Idempotent.
    func finish() async throws
}
