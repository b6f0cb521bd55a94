import Glibc

/// A moment, in documents as RFC 3339 text of whole seconds in UTC: `2026-03-01T12:00:00Z`.
package struct Time: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int64
    /// 0 to 999,999,999; not written.
    package var nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The host's clock.
    package static var now: Time {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        return Time(seconds: Int64(clock.tv_sec), nanoseconds: Int32(clock.tv_nsec))
    }

    /// Reads RFC 3339 with any offset and fraction; nil for anything else.
    package init?(_ text: String) {
        guard let parsed = RFC3339.parse(text) else { return nil }
        self = parsed
    }
}

extension Time: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    package static func + (time: Self, duration: Duration) -> Self {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = Int64(time.nanoseconds) + attoseconds / 1_000_000_000
        let carry = nanoseconds < 0 ? -1 : nanoseconds / 1_000_000_000
        return Time(
            seconds: time.seconds + seconds + carry, nanoseconds: Int32(nanoseconds - carry * 1_000_000_000))
    }

    package static func - (time: Self, duration: Duration) -> Self { time + (.zero - duration) }

    package static func - (left: Self, right: Self) -> Duration {
        .seconds(left.seconds - right.seconds)
            + .nanoseconds(Int64(left.nanoseconds) - Int64(right.nanoseconds))
    }
}

extension Time: APICodable, CustomStringConvertible {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init(seconds: 0)
        let text = String(from: value, at: path, reporting: &problems)
        if let parsed = Time(text) {
            self = parsed
        } else if value.string != nil {
            problems.report(.invalid("not a time of RFC 3339, like 2026-03-01T12:00:00Z"), at: path)
        }
    }

    package var description: String { RFC3339.text(seconds: seconds) + "Z" }
    package var apiValue: APIValue { .string(description) }
}

/// A moment, in documents with microseconds: `2026-03-01T12:00:00.000000Z`.
package struct MicroTime: Hashable, Sendable {
    package var time: Time

    package init(_ time: Time) { self.time = time }
    package static var now: MicroTime { MicroTime(.now) }
}

extension MicroTime: APICodable, CustomStringConvertible {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init(Time(from: value, at: path, reporting: &problems))
    }

    package var description: String {
        let micros = String(time.nanoseconds / 1000)
        return RFC3339.text(seconds: time.seconds) + "." + String(repeating: "0", count: 6 - micros.count)
            + micros + "Z"
    }
    package var apiValue: APIValue { .string(description) }
}
