/// What the user asked cannot be understood or is not allowed: one line, without the program's name.
public struct UsageError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
