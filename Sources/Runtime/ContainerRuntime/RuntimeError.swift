import LinuxKernel

/// A failure of a container operation, in one line a user can act on.
public struct RuntimeError: Error, CustomStringConvertible, Sendable {
    public let message: String
    /// What the program that could not be executed stands for, in the shell's convention.
    public let kind: Kind

    public enum Kind: Sendable, Equatable {
        case other
        /// The container's program is not there (127).
        case programNotFound
        /// The container's program cannot be executed (126).
        case programNotExecutable
        case noSuchContainer
        case alreadyExists
        case wrongState
    }

    public init(_ message: String, kind: Kind = .other) {
        self.message = message
        self.kind = kind
    }

    /// What was being done, then why it failed.
    public init(_ doing: String, _ cause: any Error) {
        self.init("\(doing): \(cause)", kind: (cause as? RuntimeError)?.kind ?? .other)
    }

    public var description: String { message }
}

/// Runs `body` and names what it was part of when it fails.
func context<Result: ~Copyable>(
    _ doing: @autoclosure () -> String, _ body: () throws -> Result
) throws(RuntimeError) -> Result {
    do {
        return try body()
    } catch {
        throw RuntimeError(doing(), error)
    }
}
