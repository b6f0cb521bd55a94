/// Dates and times as text, by the proleptic Gregorian calendar, years 0 to 9999.
enum RFC3339 {
    static func text(seconds: Int64) -> String {
        let day = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        let second = Int(seconds - day * 86400)
        let date = date(of: day)
        return "\(padded(Int(date.year), 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    }

    /// With as many digits of the second as there are, as Go's RFC3339Nano.
    static func textWithNanoseconds(_ time: Time) -> String {
        var fraction = padded(Int(time.nanoseconds), 9)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return text(seconds: time.seconds) + (fraction.isEmpty ? "" : "." + fraction) + "Z"
    }

    static func parse(_ text: String) -> Time? {
        var scanner = Scanner(Array(text.utf8))
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2),
            scanner.take("-"),
            let day = scanner.number(2), scanner.take("T") || scanner.take("t"),
            let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
            scanner.take(":"),
            let second = scanner.number(2)
        else { return nil }
        guard (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var nanoseconds = 0
        if scanner.take(".") {
            guard let fraction = scanner.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset = 0
        if !scanner.take("Z"), !scanner.take("z") {
            let isWest = scanner.take("-")
            guard isWest || scanner.take("+"), let hours = scanner.number(2), scanner.take(":"),
                let minutes = scanner.number(2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
        }
        guard scanner.isAtEnd else { return nil }
        let seconds =
            dayNumber(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
        return Time(seconds: Int64(seconds - offset), nanoseconds: Int32(nanoseconds))
    }

    // Days are counted in eras of 400 years that begin on the first of March, so that leap days come last.

    private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(of day: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), Int(month),
            Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        )
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.count, 0)) + text
    }
}

private struct Scanner {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Exactly so many digits.
    mutating func number(_ width: Int) -> Int? {
        var value = 0
        for _ in 0..<width {
            guard let digit else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return value
    }

    /// At least one digit; those behind the ninth are cut off.
    mutating func fraction() -> Int? {
        guard digit != nil else { return nil }
        var value = 0
        var width = 0
        while let digit {
            if width < 9 {
                value = value * 10 + digit
                width += 1
            }
            position += 1
        }
        while width < 9 {
            value *= 10
            width += 1
        }
        return value
    }

    private var digit: Int? {
        guard position < text.count, text[position] &- UInt8(ascii: "0") < 10 else { return nil }
        return Int(text[position] - UInt8(ascii: "0"))
    }
}
