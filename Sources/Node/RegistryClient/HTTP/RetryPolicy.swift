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

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
private func httpDate(_ text: String) -> Int? {
    let words = text.split(separator: " ")
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let year = Int32(words[3]),
        let month = months.firstIndex(where: { $0 == words[2] })
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int32($0) }
    guard clock.count == 3 else { return nil }
    var date = tm()
    date.tm_mday = day
    date.tm_mon = Int32(month)
    date.tm_year = year - 1900
    (date.tm_hour, date.tm_min, date.tm_sec) = (clock[0], clock[1], clock[2])
    return timegm(&date)
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
