import OCISpec

/// Why a field's value is refused, in the words that users of Kubernetes know.
package struct FieldError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case required = "Required value"
        case invalid = "Invalid value"
        case duplicate = "Duplicate value"
        case notSupported = "Unsupported value"
        case notFound = "Not found"
        case forbidden = "Forbidden"
        case tooLong = "Too long"
        case tooMany = "Too many"

        /// The reason in a `Status`'s causes.
        package var cause: CauseType {
            switch self {
            case .required: .fieldValueRequired
            case .invalid: .fieldValueInvalid
            case .duplicate: .fieldValueDuplicate
            case .notSupported: .fieldValueNotSupported
            case .notFound: .fieldValueNotFound
            case .forbidden: .fieldValueForbidden
            case .tooLong: .fieldValueTooLong
            case .tooMany: .fieldValueTooMany
            }
        }
    }

    package var kind: Kind
    package var path: FieldPath
    /// The value as it is shown: text in quotes, numbers as they are; nil where only the field counts.
    package var value: String?
    package var detail: String

    /// Without the path, as it stands in a `Status`'s causes.
    package var message: String {
        var text = kind.rawValue
        if let value { text += ": \(value)" }
        if !detail.isEmpty { text += ": \(detail)" }
        return text
    }

    package var description: String { "\(path): \(message)" }
}

/// A value that messages show.
package protocol ShownValue {
    var shown: String { get }
}

extension String: ShownValue {
    package var shown: String { JSONError.quoted(self) }
}

extension Int32: ShownValue {
    package var shown: String { "\(self)" }
}

extension Int64: ShownValue {
    package var shown: String { "\(self)" }
}

extension Bool: ShownValue {
    package var shown: String { "\(self)" }
}

extension Quantity: ShownValue {
    package var shown: String { "\"\(self)\"" }
}

/// The errors of an object, in the order in which they were found.
package struct FieldErrors: Error, Equatable, Sendable, CustomStringConvertible {
    package private(set) var all: [FieldError] = []

    package init() {}

    package var isEmpty: Bool { all.isEmpty }

    /// Several in brackets, as Kubernetes prints them.
    package var description: String {
        let texts = all.map(\.description)
        return texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
    }

    mutating func required(_ path: FieldPath, _ detail: String = "") {
        all.append(FieldError(kind: .required, path: path, detail: detail))
    }

    mutating func forbidden(_ path: FieldPath, _ detail: String) {
        all.append(FieldError(kind: .forbidden, path: path, detail: detail))
    }

    mutating func invalid(_ path: FieldPath, _ value: some ShownValue, _ detail: String) {
        all.append(FieldError(kind: .invalid, path: path, value: value.shown, detail: detail))
    }

    /// One error for each reason.
    mutating func invalid(_ path: FieldPath, _ value: String, _ reasons: [String]) {
        for reason in reasons { invalid(path, value, reason) }
    }

    /// A structure or a list, shown as JSON.
    mutating func invalid(_ path: FieldPath, json value: some APICodable, _ detail: String) {
        let text = String(decoding: value.apiValue.json(), as: UTF8.self)
        all.append(FieldError(kind: .invalid, path: path, value: text, detail: detail))
    }

    mutating func duplicate(_ path: FieldPath, _ value: String) {
        all.append(FieldError(kind: .duplicate, path: path, value: value.shown, detail: ""))
    }

    mutating func notFound(_ path: FieldPath, _ value: String) {
        all.append(FieldError(kind: .notFound, path: path, value: value.shown, detail: ""))
    }

    mutating func notSupported(_ path: FieldPath, _ value: String, _ supported: [String]) {
        let words = supported.map(\.shown).joined(separator: ", ")
        all.append(
            FieldError(
                kind: .notSupported, path: path, value: value.shown, detail: "supported values: \(words)"))
    }

    /// A word that must be one of those that are supported, sorted in the message.
    mutating func word<Word: APIEnumeration>(_ path: FieldPath, _ word: Word, of supported: [Word]) {
        if !supported.contains(word) { notSupported(path, word.rawValue, supported.map(\.rawValue).sorted()) }
    }

    /// A word that must be there and be one of those that are supported.
    mutating func requiredWord<Word: APIEnumeration>(_ path: FieldPath, _ word: Word, of supported: [Word]) {
        if word.isEmpty { required(path) } else { self.word(path, word, of: supported) }
    }

    mutating func tooLong(_ path: FieldPath, limit: Int) {
        all.append(FieldError(kind: .tooLong, path: path, detail: "may not be more than \(limit) bytes"))
    }

    mutating func tooMany(_ path: FieldPath, count: Int, limit: Int) {
        all.append(
            FieldError(
                kind: .tooMany, path: path, value: "\(count)", detail: "must have at most \(limit) items"))
    }

    mutating func notNegative(_ path: FieldPath, _ value: Int64) {
        if value < 0 { invalid(path, value, "must be greater than or equal to 0") }
    }

    mutating func inRange(_ path: FieldPath, _ value: Int64, _ range: ClosedRange<Int64>) {
        if !range.contains(value) { invalid(path, value, NameFormat.range(range)) }
    }
}
