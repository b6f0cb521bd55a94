/// What plain YAML text means, by the rules of YAML 1.1 as Kubernetes' own reader has them: `yes` is true,
/// `0644` and `0o644` are octal, `1_000` is a number; `1:30` and dates stay text.
enum YAMLScalar {
    /// Nil for infinity and what is no number, which JSON does not have.
    static func value(of text: String) -> APIValue? {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            if isInfinity(text) { return nil }
            return number(text) ?? .string(text)
        case UInt8(ascii: "."):
            if isInfinity(text) || [".nan", ".NaN", ".NAN"].contains(text) { return nil }
            return float(text) ?? .string(text)
        default:
            return words[text] ?? .string(text)
        }
    }

    /// Whether a value is what an explicit tag says.
    static func matches(_ value: APIValue, tag: String) -> Bool {
        switch value {
        case .null: tag == "null"
        case .bool: tag == "bool"
        case .integer: tag == "int" || tag == "float"
        case .number: tag == "float"
        default: false
        }
    }

    private static let words: [String: APIValue] = {
        var words: [String: APIValue] = ["~": .null, "null": .null, "Null": .null, "NULL": .null]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            words[word] = true
        }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            words[word] = false
        }
        return words
    }()

    private static func isInfinity(_ text: String) -> Bool {
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
        return [".inf", ".Inf", ".INF"].contains(unsigned)
    }

    private static func number(_ text: String) -> APIValue? {
        let plain = text.filter { $0 != "_" }
        if let integer = integer(plain) { return integer }
        return float(plain)
    }

    private static func integer(_ text: String) -> APIValue? {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
        guard digits.utf8.first.map({ $0 &- UInt8(ascii: "0") < 10 }) == true else { return nil }
        let lowercased = digits.lowercased()
        let magnitude: UInt64?
        switch lowercased.prefix(2) {
        case "0x": magnitude = UInt64(lowercased.dropFirst(2), radix: 16)
        case "0b": magnitude = UInt64(lowercased.dropFirst(2), radix: 2)
        case "0o": magnitude = UInt64(lowercased.dropFirst(2), radix: 8)
        default:
            magnitude = UInt64(digits, radix: digits.first == "0" && digits.count > 1 ? 8 : 10)
        }
        guard let magnitude else { return nil }
        if isNegative {
            return magnitude <= UInt64(1) << 63 ? .integer(Int64(0 &- Int64(bitPattern: magnitude))) : nil
        }
        return Int64(exactly: magnitude).map(APIValue.integer) ?? .number(Double(magnitude))
    }

    /// `[sign] (.digits | digits [.digits]) [exponent]`. Whole ones are integers: that is how JSON is written
    /// of them.
    private static func float(_ text: String) -> APIValue? {
        var rest = Substring(text)
        if rest.hasPrefix("-") || rest.hasPrefix("+") { rest.removeFirst() }
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.hasPrefix(".") {
            rest.removeFirst()
            fraction = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(fraction.count)
        }
        if whole.isEmpty, fraction.isEmpty { return nil }
        var exponent: Substring = ""
        if rest.hasPrefix("e") || rest.hasPrefix("E") {
            rest.removeFirst()
            let digits = rest.hasPrefix("-") || rest.hasPrefix("+") ? rest.dropFirst() : rest
            guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
            exponent = rest
            rest = ""
        }
        guard rest.isEmpty else { return nil }
        let sign = text.hasPrefix("-") ? "-" : ""
        let written = "\(sign)\(whole.isEmpty ? "0" : whole).\(fraction.isEmpty ? "0" : fraction)"
        guard let value = Double(exponent.isEmpty ? written : "\(written)e\(exponent)"), value.isFinite else {
            return nil
        }
        if value.magnitude < 9_007_199_254_740_992, let integer = Int64(exactly: value) {
            return .integer(integer)
        }
        return .number(value)
    }
}
