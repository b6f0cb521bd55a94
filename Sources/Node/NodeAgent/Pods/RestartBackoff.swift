/// How long a container that keeps ending waits before it is started again: 10 s, doubled each time up to 5 min, and
/// forgotten when it was well for twice the longest wait (Pod lifecycle, "Container restarts").
package struct RestartBackoff: Sendable {
    package var initial: Duration = .seconds(10)
    package var longest: Duration = .seconds(300)

    private struct Entry {
        var wait: Duration
        var since: ContinuousClock.Instant
    }
    private var entries: [String: Entry] = [:]

    package init(initial: Duration = .seconds(10), longest: Duration = .seconds(300)) {
        self.initial = initial
        self.longest = longest
    }

    /// Until when a start of `key` has to wait.
    /// - Parameter ended: when the last attempt did.
    /// - Returns: nil: it may start now.
    package mutating func waitEnd(
        _ key: String, ended: ContinuousClock.Instant, now: ContinuousClock.Instant
    ) -> (end: ContinuousClock.Instant, wait: Duration)? {
        guard let entry = entries[key] else { return nil }
        if now - entry.since > longest * 2 {
            entries[key] = nil
            return nil
        }
        let end = ended + entry.wait
        return end > now ? (end, entry.wait) : nil
    }

    /// Takes note of one more failure, or of a start after one.
    package mutating func next(_ key: String, now: ContinuousClock.Instant) {
        if let entry = entries[key], now - entry.since <= longest * 2 {
            entries[key] = Entry(wait: min(entry.wait * 2, longest), since: now)
        } else {
            entries[key] = Entry(wait: initial, since: now)
        }
    }

    package mutating func reset(_ key: String) { entries[key] = nil }
}
