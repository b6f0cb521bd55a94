/// A span of time as Go's programs write it in their files: `200ms`, `1.5s`, `1m30s` (time.ParseDuration).
package enum GoDuration {
    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]
    /// A year.
    private static let most = 365 * 24 * 3600e9

    /// - Returns: nil for anything else, also for a span before now; a year for anything longer.
    package static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        if text.isEmpty { return nil }
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix(while: isOfNumber)
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !isOfNumber($0) }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units[String(unit)] else { return nil }
            total += value * factor
        }
        return Int64(min(total, most))
    }

    private static func isOfNumber(_ character: Character) -> Bool {
        "0"..."9" ~= character || character == "."
    }
}
