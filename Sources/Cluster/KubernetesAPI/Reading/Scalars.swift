extension String: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = ""
        switch value {
        case .string(let text): self = text
        case .null: break
        default: problems.mismatch(value, expected: "a string", at: path)
        }
    }

    package var apiValue: APIValue { .string(self) }
    package var isOmitted: Bool { isEmpty }
}

extension Bool: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = false
        switch value {
        case .bool(let flag): self = flag
        case .null: break
        default: problems.mismatch(value, expected: "a boolean", at: path)
        }
    }

    package var apiValue: APIValue { .bool(self) }
    package var isOmitted: Bool { !self }
}

extension FixedWidthInteger where Self: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = 0
        switch value {
        case .integer(let wide):
            if let exact = Self(exactly: wide) {
                self = exact
            } else {
                problems.report(.invalid("\(wide) is out of range, \(Self.min) to \(Self.max)"), at: path)
            }
        // Above Int64 the tree has no integer: a UInt64 comes as a number.
        case .number(let number):
            if let exact = Self(exactly: number), Self.max > Int64.max {
                self = exact
            } else {
                problems.mismatch(value, expected: "an integer", at: path)
            }
        case .null: break
        default: problems.mismatch(value, expected: "an integer", at: path)
        }
    }

    package var apiValue: APIValue {
        if let integer = Int64(exactly: self) { return .integer(integer) }
        return .number(Double(self))
    }

    package var isOmitted: Bool { self == 0 }
}

extension Int: APICodable {}
extension Int32: APICodable {}
extension Int64: APICodable {}
extension UInt32: APICodable {}
extension UInt64: APICodable {}

extension Double: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = 0
        switch value {
        case .integer(let integer): self = Double(integer)
        case .number(let number): self = number
        case .null: break
        default: problems.mismatch(value, expected: "a number", at: path)
        }
    }

    package var apiValue: APIValue { .number(self) }
    package var isOmitted: Bool { self == 0 }
}

extension APIValue: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = value
    }
    package var apiValue: APIValue { self }
    package var isOmitted: Bool { isNull }
}
