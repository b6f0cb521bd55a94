/// What a network refuses, in one line that a user can act on.
public struct NetworkError: Error, Equatable, CustomStringConvertible, Sendable {
    public enum Kind: Sendable {
        /// Somebody else has it: a port, say.
        case taken
        /// It contradicts itself.
        case invalid
        case other
    }

    public let kind: Kind
    public let description: String

    public init(_ description: String, _ kind: Kind = .other) {
        self.kind = kind
        self.description = description
    }
}
