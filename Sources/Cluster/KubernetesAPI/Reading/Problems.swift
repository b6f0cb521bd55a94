import OCISpec

/// What is wrong at one place of a document.
package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// No such field is known.
        case unknownField
        /// Must be there and is not.
        case missing
        /// Another type than the field has: what it has and what was found, each with its article.
        case type(expected: String, found: String)
        /// A value that cannot be read, and why.
        case invalid(String)
    }

    package var path: FieldPath
    package var reason: Reason

    package var description: String {
        switch reason {
        case .unknownField: "unknown field \"\(path)\""
        case .missing: "\(path): missing"
        case .type(let expected, let found): "\(place)expected \(expected), found \(found)"
        case .invalid(let reason): "\(place)\(reason)"
        }
    }

    private var place: String { path == .root ? "" : "\(path): " }
}

/// Everything that is wrong in a document, in the order in which it stands there.
package struct Problems: Equatable, Sendable, CustomStringConvertible, Error {
    package private(set) var all: [Problem] = []

    package init() {}

    package var isEmpty: Bool { all.isEmpty }

    package mutating func report(_ reason: Problem.Reason, at path: FieldPath) {
        all.append(Problem(path: path, reason: reason))
    }

    /// The value is of another type than expected; the short ones are shown.
    package mutating func mismatch(_ value: APIValue, expected: String, at path: FieldPath) {
        let found =
            switch value {
            case .string(let text): "the string \(JSONError.quoted(text))"
            case .bool(let value): "the boolean \(value)"
            case .integer(let value): "the integer \(value)"
            case .number(let value): "the number \(value)"
            default: value.noun
            }
        report(.type(expected: expected, found: found), at: path)
    }

    package var description: String { all.map(\.description).joined(separator: ", ") }
}
