/// A number or a name: a port, or a count that may be a percentage.
package enum IntOrString: Hashable, Sendable {
    case int(Int32)
    case string(String)

    package init() { self = .int(0) }
}

extension IntOrString: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer: self = .int(Int32(from: value, at: path, reporting: &problems))
        case .null: self.init()
        default:
            self.init()
            problems.mismatch(value, expected: "an integer or a string", at: path)
        }
    }

    package var apiValue: APIValue {
        switch self {
        case .int(let number): .integer(Int64(number))
        case .string(let text): .string(text)
        }
    }
}

extension IntOrString: CustomStringConvertible, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int32) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }

    package var description: String {
        switch self {
        case .int(let number): "\(number)"
        case .string(let text): text
        }
    }
}
