/// What a network refuses, in one line that a user can act on.
public struct NetworkError: Error, Equatable, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
