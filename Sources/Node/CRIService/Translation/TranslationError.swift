/// Why a request cannot become a sandbox or a container: one line that names the field.
public struct TranslationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As gRPC's status codes call them.
    public enum Kind: Equatable, Sendable {
        /// The field's value is wrong, on whatever node.
        case invalidArgument
        /// What the field names is not there.
        case notFound
        /// This node, or the sandbox as it is, cannot do it.
        case failedPrecondition
    }

    public var kind: Kind
    /// As in the proto file, `config.linux.security_context.run_as_group`.
    public var field: String
    public var reason: String

    public init(_ kind: Kind, _ field: String, _ reason: String) {
        self.kind = kind
        self.field = field
        self.reason = reason
    }

    static func invalid(_ field: String, _ reason: String) -> TranslationError {
        TranslationError(.invalidArgument, field, reason)
    }

    public var description: String { "\(field): \(reason)" }
}

extension String {
    /// Whether it can stand in one line of a file: no control characters.
    var isOneLine: Bool { utf8.allSatisfy { $0 >= 32 && $0 != 127 } }
}
