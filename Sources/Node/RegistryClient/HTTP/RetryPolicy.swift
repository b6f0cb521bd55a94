import Glibc

/// When a request that failed is made again: after a while that doubles each time, of which a random part is
/// left out, so that many nodes that failed together do not come back together.
public struct RetryPolicy: Sendable {
    /// How often a request is made in all.
    public var attempts = 5
    /// How often a request is made when no answer came in time.
    public var attemptsAfterTimeout = 2
    public var firstDelay: Duration = .milliseconds(500)
    public var longestDelay: Duration = .seconds(15)
    /// A registry that wants us to wait longer (Retry-After) gets an error instead.
    public var longestWait: Duration = .seconds(90)

    public init() {}

    /// - Parameters:
    ///   - attempt: how often the request has failed, 1 at first.
    ///   - error: why it failed this time.
    ///   - random: from 0 to 1.
    /// - Returns: how long to wait; nil when it should not be made again.
    package func delay(
        afterAttempt attempt: Int, _ error: RegistryError, random: Double = .random(in: 0...1)
    ) -> Duration? {
        guard error.isTransient, attempt < attempts else { return nil }
        if case .rateLimited(let seconds?) = error.kind {
            let wanted = Duration.seconds(seconds)
            return wanted > longestWait ? nil : max(wanted, firstDelay)
        }
        let doubled = firstDelay * (1 << min(attempt - 1, 20))
        return min(doubled, longestDelay) * (0.5 + random / 2)
    }
}

/// The seconds that a Retry-After header asks for (RFC 9110, section 10.2.3).
/// - Parameter now: seconds since 1970.
package func retryAfter(_ value: String?, now: Int = time(nil)) -> Int? {
    guard let value = value?.trimmingSpaces, !value.isEmpty else { return nil }
    if value.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
        return Int(value) ?? Int.max / 2
    }
    return httpDate(value).map { max(0, $0 - now) }
}

/// Seconds since 1970 of a date in any of the three forms that there are (RFC 9110, section 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
private func httpDate(_ text: String) -> Int? {
    var words = text.split { " -".contains($0) }.map { String($0) }
    if words.count == 5 { words = [words[0], words[2], words[1], words[4], words[3], "GMT"] }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard words.count == 6, words[5] == "GMT", let day = number(words[1], 1...31),
        let given = number(words[3], 0...9999), let month = months.firstIndex(of: words[2])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).compactMap {
        number($0, 0...60)
    }
    guard clock.count == 3 else { return nil }
    let year = words[3].utf8.count == 2 ? (given < 70 ? 2000 : 1900) + given : given
    var date = tm()
    date.tm_mday = day
    date.tm_mon = Int32(month)
    date.tm_year = year - 1900
    (date.tm_hour, date.tm_min, date.tm_sec) = (clock[0], clock[1], clock[2])
    return timegm(&date)
}

/// Digits alone: a stranger's numbers are not calculated with before they are seen to be small.
private func number(_ text: some StringProtocol, _ range: ClosedRange<Int32>) -> Int32? {
    guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let value = Int32(text),
        range.contains(value)
    else { return nil }
    return value
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmingSpaces: String {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
