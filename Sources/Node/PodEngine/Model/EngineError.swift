/// Why the engine did not do what it was asked to.
public struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// No such sandbox or container.
        case notFound
        /// The name is taken.
        case alreadyExists
        /// The request makes no sense.
        case invalid
        /// Not possible in the present state.
        case wrongState
        /// It takes longer than it may; it can be tried again.
        case timedOut
        /// Something else has to be there first: a network, say.
        case unavailable
        /// The kernel, a plugin or a program refused.
        case refused
    }

    public let kind: Kind
    /// One line: what was tried, on what, and why it failed.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
