/// A length of time, in documents as Go writes it: `1h30m0s`, `100ms`.
extension Duration: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = .zero
        let text = String(from: value, at: path, reporting: &problems)
        if let parsed = Duration(goText: text) {
            self = parsed
        } else if value.string != nil {
            problems.report(.invalid("not a duration, like 1h30m or 100ms"), at: path)
        }
    }

    /// Numbers with their units, h m s ms us ns, with a sign in front; `0` needs no unit.
    package init?(goText text: String) {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
        if rest == "0" {
            self = .zero
            return
        }
        if rest.isEmpty { return nil }
        var nanoseconds: Double = 0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest.dropFirst(unit.count)
            guard let amount = Double(number), let factor = Self.units[String(unit)] else { return nil }
            nanoseconds += amount * factor
        }
        guard nanoseconds <= 9.2e18 else { return nil }
        self = .nanoseconds(Int64(nanoseconds) * (isNegative ? -1 : 1))
    }

    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    package var goText: String {
        let (seconds, attoseconds) = components
        let isNegative = seconds < 0 || attoseconds < 0
        let nanoseconds = UInt64(attoseconds.magnitude / 1_000_000_000)
        let total = seconds.magnitude
        if total == 0, nanoseconds == 0 { return "0s" }
        let sign = isNegative ? "-" : ""
        if total == 0 {
            if nanoseconds < 1000 { return "\(sign)\(nanoseconds)ns" }
            if nanoseconds < 1_000_000 { return sign + Self.decimal(nanoseconds, digits: 3) + "µs" }
            return sign + Self.decimal(nanoseconds, digits: 6) + "ms"
        }
        var text = sign
        if total >= 3600 { text += "\(total / 3600)h" }
        if total >= 60 { text += "\(total / 60 % 60)m" }
        return text + Self.decimal(total % 60 * 1_000_000_000 + nanoseconds, digits: 9) + "s"
    }

    /// `value` with so many digits behind the point, without zeros at its end.
    private static func decimal(_ value: UInt64, digits: Int) -> String {
        var power: UInt64 = 1
        for _ in 0..<digits { power *= 10 }
        let fraction = String(value % power)
        var tail = String(repeating: "0", count: digits - fraction.count) + fraction
        while tail.hasSuffix("0") { tail.removeLast() }
        return tail.isEmpty ? "\(value / power)" : "\(value / power).\(tail)"
    }

    package var apiValue: APIValue { .string(goText) }
}
