/// A time as RFC 3339 in UTC, `2024-01-01T00:00:00Z`.
package struct Timestamp {
    package let seconds: Int64

    package init(seconds: Int64) {
        self.seconds = seconds
    }

    package var text: String {
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        let (year, month, day) = Self.date(days)
        let time = seconds - days * 86400
        return "\(Self.pad(year, 4))-\(Self.pad(month))-\(Self.pad(day))T"
            + "\(Self.pad(time / 3600)):\(Self.pad(time / 60 % 60)):\(Self.pad(time % 60))Z"
    }

    private static func pad(_ number: Int64, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The Gregorian date of a day since 1970, by counting from the first of March, so that leap days come
    /// last.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1
        )
    }
}
