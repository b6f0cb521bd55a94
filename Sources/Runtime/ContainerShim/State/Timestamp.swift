import Glibc
import OCISpec

/// A point in time in UTC, with nanoseconds; written and read in the form of RFC 3339.
public struct Timestamp: Equatable, Comparable, Sendable {
    /// Seconds since 1970.
    public var seconds: Int64
    /// 0…999,999,999.
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The wall clock's time.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// - Parameter nanosecondsSince1970: as the CRI counts it.
    public init(nanosecondsSince1970: Int64) {
        let seconds = nanosecondsSince1970.floorDivided(by: 1_000_000_000)
        self.init(
            seconds: seconds, nanoseconds: Int32(nanosecondsSince1970 - seconds * 1_000_000_000))
    }

    /// As the CRI counts it. What lies outside of the years 1678 to 2261 is at their ends.
    public var nanosecondsSince1970: Int64 {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, isTooLate) = product.addingReportingOverflow(Int64(nanoseconds))
        return isTooLate ? .max : sum
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// Length of what `write` writes.
    static let textLength = 30

    /// Writes `2026-11-19T08:07:06.050403020Z`, always 30 bytes.
    func write(to out: UnsafeMutablePointer<UInt8>) {
        let days = seconds.floorDivided(by: 86400)
        let second = Int(seconds - days * 86400)
        let (year, month, day) = civil(fromDays: days)
        digits(year, 4, out)
        out[4] = UInt8(ascii: "-")
        digits(month, 2, out + 5)
        out[7] = UInt8(ascii: "-")
        digits(day, 2, out + 8)
        out[10] = UInt8(ascii: "T")
        digits(second / 3600, 2, out + 11)
        out[13] = UInt8(ascii: ":")
        digits(second / 60 % 60, 2, out + 14)
        out[16] = UInt8(ascii: ":")
        digits(second % 60, 2, out + 17)
        out[19] = UInt8(ascii: ".")
        digits(Int(nanoseconds), 9, out + 20)
        out[29] = UInt8(ascii: "Z")
    }

    /// Reads RFC 3339: `2026-11-19T08:07:06Z`, with a fraction of up to nine digits or an offset.
    public init?(_ text: some StringProtocol) {
        var reader = TimestampReader(Array(text.utf8))
        guard let time = reader.read() else { return nil }
        self = time
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            write(to: buffer.baseAddress!)
            return Self.textLength
        }
    }
}

extension Timestamp: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        guard let time = Timestamp(try json.string()) else { throw json.error("not a time of RFC 3339") }
        self = time
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }
}

private func digits(_ value: Int, _ count: Int, _ out: UnsafeMutablePointer<UInt8>) {
    var rest = value
    for index in stride(from: count - 1, through: 0, by: -1) {
        out[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

// The calendar repeats every 400 years of 146,097 days. Years are counted from March, so that the leap day is
// the last one.

private func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468  // days from 0000-03-01
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153  // 0 is March
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let calendarMonth = month < 10 ? month + 3 : month - 9
    return (Int(yearOfEra + era * 400) + (calendarMonth <= 2 ? 1 : 0), Int(calendarMonth), Int(day))
}

private func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floorDivided(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private struct TimestampReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() -> Timestamp? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
            skip("T") || skip("t") || skip(" "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        var nanoseconds: Int64 = 0
        if skip(".") {
            var unit: Int64 = 100_000_000
            guard let first = number(1) else { return nil }
            nanoseconds = first * unit
            while let digit = number(1) {
                unit /= 10
                nanoseconds += digit * unit
            }
        }
        var offset: Int64 = 0
        if !skip("Z") && !skip("z") {
            let east = skip("+")
            guard east || skip("-"), let hours = number(2), skip(":"), let minutes = number(2) else {
                return nil
            }
            offset = (hours * 60 + minutes) * (east ? 60 : -60)
        }
        guard position == bytes.count else { return nil }
        let date = days(fromYear: year, month: month, day: day)
        let seconds = date * 86400 + hour * 3600 + minute * 60 + second - offset
        // By its offset it may be out of the years 0 to 9999, and could not be written.
        guard -62_167_219_200...253_402_300_799 ~= seconds else { return nil }
        return Timestamp(seconds: seconds, nanoseconds: Int32(nanoseconds))
    }

    private mutating func number(_ count: Int) -> Int64? {
        guard position + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + count] {
            let digit = byte &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            value = value * 10 + Int64(digit)
        }
        position += count
        return value
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
