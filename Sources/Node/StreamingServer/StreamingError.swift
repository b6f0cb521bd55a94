/// Why streaming failed: one line that says what was tried and what went wrong.
public struct StreamingError: Error, CustomStringConvertible, Sendable {
    /// What went wrong, for callers that react to it.
    public enum Kind: Sendable, Equatable {
        /// The client is gone, or has closed this stream.
        case clientLeft
        /// The client sent what its protocol does not allow.
        case protocolViolation
        /// The client exceeded a limit.
        case limit
        /// The client did not do in time what it has to.
        case timeout
        /// As many requests as are allowed wait for their clients.
        case tooManyRequests
        /// The request makes no sense.
        case invalid
        /// An address or a certificate cannot be used.
        case configuration
        /// The server is not running.
        case notRunning
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    package static let clientLeft = StreamingError(.clientLeft, "the client has left")
    static let streamClosed = StreamingError(.clientLeft, "the client has closed this stream")
}
