import ContainerCLI
import Logging
import TOMLKit

/// Why a value is not one, without the name of its key.
struct BadValue: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

/// What a key of the configuration can hold.
protocol ConfigurationValue: Sendable {
    /// What is written there, for people: `a number`.
    static var form: String { get }
    init(toml value: any TOMLValueConvertible) throws(BadValue)
    /// As it stands in a file.
    var toml: String { get }
}

extension ConfigurationValue {
    static func wrongType(_ value: any TOMLValueConvertible) -> BadValue {
        BadValue("\(form) is wanted, not \(value.type.article)")
    }
}

extension TOMLType {
    fileprivate var article: String {
        switch self {
        case .bool: "true or false"
        case .int, .array: "an \(self)"
        default: "a \(self)"
        }
    }
}

/// The parser ends a text at a zero, so that one that is written as an escape would cut a value off and nobody would
/// hear of it. Another character, which no text needs, takes its place before the file is parsed.
enum ZeroMark {
    private static let scalar: Unicode.Scalar = "\u{ffff}"
    private static let escapes = [("\\u0000", "\\uffff"), ("\\U00000000", "\\U0000ffff")]

    static func put(in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let backslash = rest.firstIndex(of: "\\") {
            result += rest[..<backslash]
            rest = rest[backslash...]
            if let (zero, mark) = escapes.first(where: { rest.hasPrefix($0.0) }) {
                result += mark
                rest = rest.dropFirst(zero.count)
            } else {
                // With what it escapes, which may be another one.
                result += rest.prefix(2)
                rest = rest.dropFirst(2)
            }
        }
        return result + rest
    }

    static func isIn(_ text: String) -> Bool { text.unicodeScalars.contains(scalar) }

    static let problem = "a text with a zero character is of no use here"
}

extension String: ConfigurationValue {
    static var form: String { "text" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let text = value.string else { throw Self.wrongType(value) }
        if ZeroMark.isIn(text) { throw BadValue(ZeroMark.problem) }
        self = text
    }

    var toml: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

extension Bool: ConfigurationValue {
    static var form: String { "true or false" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let flag = value.bool else { throw Self.wrongType(value) }
        self = flag
    }

    var toml: String { self ? "true" : "false" }
}

extension Int: ConfigurationValue {
    static var form: String { "a whole number" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let number = value.int else { throw Self.wrongType(value) }
        self = number
    }

    var toml: String { "\(self)" }
}

extension Array: ConfigurationValue where Element == String {
    static var form: String { "a list of texts" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let list = value.array else { throw Self.wrongType(value) }
        var texts: [String] = []
        for element in list {
            guard let text = element.string else {
                throw BadValue("a list of texts is wanted, and one of it is \(element.type.article)")
            }
            if ZeroMark.isIn(text) { throw BadValue(ZeroMark.problem) }
            texts.append(text)
        }
        self = texts
    }

    var toml: String { "[" + map(\.toml).joined(separator: ", ") + "]" }
}

/// One of a few words.
protocol ConfigurationWord: ConfigurationValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ConfigurationWord {
    static var form: String { allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ") }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let word = value.string else {
            throw BadValue("one of \(Self.form) is wanted, not \(value.type.article)")
        }
        guard let known = Self(rawValue: word) else {
            throw BadValue("\(word.toml) is none of \(Self.form)")
        }
        self = known
    }

    var toml: String { "\"\(rawValue)\"" }
}

extension CRIConfiguration.CgroupDriver: ConfigurationWord {}
extension CRIConfiguration.NetworkMode: ConfigurationWord {}
extension LogOutput.Form: ConfigurationWord {}
extension Logger.Level: ConfigurationWord {}

extension Duration: ConfigurationValue {
    static var form: String { "a time as \"90s\", \"1h30m\" or \"250ms\"" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        guard let text = value.string else { throw Self.wrongType(value) }
        guard let span = TimeSpan(parsing: text) else { throw BadValue("\(text.toml) is not \(Self.form)") }
        self = .nanoseconds(span.nanoseconds)
    }

    /// In the largest unit in which it is a whole number.
    var toml: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        let units: [(Int64, String)] = [
            (3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"),
            (1, "ns"),
        ]
        let unit = units.first { nanoseconds != 0 && nanoseconds % $0.0 == 0 } ?? (1_000_000_000, "s")
        return "\"\(nanoseconds / unit.0)\(unit.1)\""
    }
}

extension ByteSize: ConfigurationValue {
    static var form: String { "a size as \"16MiB\", or bytes" }

    init(toml value: any TOMLValueConvertible) throws(BadValue) {
        if let number = value.int {
            self.init(bytes: Int64(number))
            return
        }
        guard let text = value.string else { throw Self.wrongType(value) }
        do {
            try self.init(parsing: text)
        } catch {
            throw BadValue("\(text.toml) is not \(Self.form)")
        }
    }

    var toml: String {
        let units: [(Int64, String)] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        guard let unit = units.first(where: { bytes != 0 && bytes % $0.0 == 0 }) else { return "\(bytes)" }
        return "\"\(bytes / unit.0)\(unit.1)\""
    }
}
