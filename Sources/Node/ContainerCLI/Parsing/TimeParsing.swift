import ContainerShim
import Glibc

/// A length of time.
public struct TimeSpan: Equatable, Sendable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Numbers with units, as Go writes durations: `90s`, `1h30m`, `1.5s`, `250ms`.
    public init?(parsing text: String) {
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest[unit.endIndex...]
            guard let value = Double(number) else { return nil }
            switch unit {
            case "ns": total += value
            case "us", "µs": total += value * 1e3
            case "ms": total += value * 1e6
            case "s": total += value * 1e9
            case "m": total += value * 60e9
            case "h": total += value * 3600e9
            default: return nil
            }
        }
        guard total < 0x1p62 else { return nil }
        self.nanoseconds = Int64(total)
    }
}

extension Timestamp {
    /// The whole seconds from `earlier` until this moment, or none. Not a span: its nanoseconds end after 292 years,
    /// and the builders of reproducible images date them to the year 1.
    public func wholeSeconds(since earlier: Timestamp) -> Int64 {
        max(0, seconds - earlier.seconds - (nanoseconds < earlier.nanoseconds ? 1 : 0))
    }

    /// What `--since` and `--until` take: a moment as RFC 3339, also shortened and then in local time;
    /// seconds after 1970 with an optional fraction; or a time span before `now`.
    public init(parsing text: String, now: Timestamp = .now) throws(UsageError) {
        if let span = TimeSpan(parsing: text) {
            self.init(nanosecondsSince1970: now.nanosecondsSince1970 - span.nanoseconds)
        } else if let moment = Timestamp(text) ?? Timestamp(localDate: text) ?? Timestamp(unixSeconds: text) {
            self = moment
        } else {
            throw UsageError(
                "invalid time '\(text)': wanted is 2026-01-02T15:04:05Z, 10m or seconds after 1970")
        }
    }

    /// `2026-01-02`, `2026-01-02T15`, `2026-01-02T15:04` or `2026-01-02T15:04:05`, in local time.
    private init?(localDate text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2),
            scanner.skip("-"),
            let day = scanner.number(2), 1...12 ~= month, 1...31 ~= day
        else { return nil }
        var time = tm()
        time.tm_year = Int32(year - 1900)
        time.tm_mon = Int32(month - 1)
        time.tm_mday = Int32(day)
        time.tm_isdst = -1
        if scanner.skip("T") || scanner.skip(" ") {
            guard let hour = scanner.number(2), hour < 24 else { return nil }
            time.tm_hour = Int32(hour)
            if scanner.skip(":") {
                guard let minute = scanner.number(2), minute < 60 else { return nil }
                time.tm_min = Int32(minute)
                if scanner.skip(":") {
                    guard let second = scanner.number(2), second <= 60 else { return nil }
                    time.tm_sec = Int32(second)
                }
            }
        }
        guard scanner.isAtEnd else { return nil }
        self.init(seconds: Int64(mktime(&time)))
    }

    private init?(unixSeconds text: String) {
        var scanner = DigitScanner(text)
        guard let seconds = scanner.digits() else { return nil }
        var fraction: Int32 = 0
        if scanner.skip(".") {
            guard let nanoseconds = scanner.fraction() else { return nil }
            fraction = nanoseconds
        }
        guard scanner.isAtEnd else { return nil }
        self.init(seconds: seconds, nanoseconds: fraction)
    }

    /// `2026-01-02 15:04:05 +0100 CET`: local time, as tables print it.
    public var local: String {
        var seconds = time_t(seconds)
        var time = tm()
        localtime_r(&seconds, &time)
        let offset = time.tm_gmtoff
        let zone = time.tm_zone.map { String(cString: $0) } ?? ""
        return padded(Int64(time.tm_year) + 1900, 4) + "-" + padded(Int64(time.tm_mon) + 1, 2) + "-"
            + padded(Int64(time.tm_mday), 2) + " " + padded(Int64(time.tm_hour), 2) + ":"
            + padded(Int64(time.tm_min), 2) + ":" + padded(Int64(time.tm_sec), 2) + (offset < 0 ? " -" : " +")
            + padded(Int64(abs(offset) / 3600), 2) + padded(Int64(abs(offset) / 60 % 60), 2) + " " + zone
    }
}

/// Reads the digits of dates.
struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    /// Exactly `count` digits.
    mutating func number(_ count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// One to ten digits, which end in the year 2286.
    mutating func digits() -> Int64? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...10).contains(digits.count) else { return nil }
        rest = rest[digits.endIndex...]
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// The digits behind the point, as nanoseconds; those beyond the ninth are dropped.
    mutating func fraction() -> Int32? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest[digits.endIndex...]
        var value: Int32 = 0
        for index in 0..<9 { value = value * 10 + Int32(digits.dropFirst(index).first.map { $0 - 48 } ?? 0) }
        return value
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}

/// Decimal digits with zeros in front, `width` of them at least.
func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
