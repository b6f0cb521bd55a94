import Glibc

/// A moment as logs and their readers write it (RFC 3339, with up to nine digits of a second).
public struct LogTime: Sendable, Comparable {
    public var seconds: Int64
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (left: LogTime, right: LogTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    public static var now: LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    public init?(_ text: some StringProtocol) {
        self.init(Array(text.utf8)[...])
    }

    init?(_ text: ArraySlice<UInt8>) {
        var rest = text
        func number(_ digits: Int) -> Int? {
            guard rest.count >= digits else { return nil }
            var value = 0
            for byte in rest.prefix(digits) {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            rest = rest.dropFirst(digits)
            return value
        }
        func take(_ characters: StaticString) -> UInt8? {
            guard let first = rest.first else { return nil }
            let isOne = characters.withUTF8Buffer { $0.contains(first) }
            guard isOne else { return nil }
            rest = rest.dropFirst()
            return first
        }

        guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil,
            let day = number(2), take("Tt ") != nil, let hour = number(2), take(":") != nil,
            let minute = number(2), take(":") != nil, let second = number(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var nanoseconds = 0
        if take(".") != nil {
            var digits = 0
            while let digit = number(1) {
                digits += 1
                guard digits <= 9 else { continue }
                nanoseconds = nanoseconds * 10 + digit
            }
            guard digits > 0 else { return nil }
            for _ in digits..<max(digits, 9) { nanoseconds *= 10 }
        }
        var offset = 0
        switch take("Zz+-") {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
        case let sign?:
            guard let hours = number(2), take(":") != nil, let minutes = number(2) else { return nil }
            offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
        case nil: return nil
        }
        guard rest.isEmpty else { return nil }

        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        seconds = Int64(timegm(&parts)) - Int64(offset)
        self.nanoseconds = Int32(nanoseconds)
    }
}
