/// How long a container that keeps ending waits before it is started again: 10 s, doubled each time up to 5 min, and
/// forgotten when it was well for ten minutes (Pod lifecycle, "Container restarts"). Also the waits between attempts of
/// other things that fail.
package struct RestartBackoff: Sendable {
    /// A container that ran longer than this begins anew, whatever the longest wait is (the kubelet's own constant).
    package static let goodRun: Duration = .seconds(600)

    package let initial: Duration
    package let longest: Duration
    /// From the last start to the end of what was started: after more than this the waits begin anew.
    private let memory: Duration

    private struct Entry {
        var wait: Duration
        var since: ContinuousClock.Instant
    }
    private var entries: [String: Entry] = [:]
    private var ends: [String: (attempt: String, at: ContinuousClock.Instant)] = [:]

    /// - Parameters:
    ///   - longest: where it is shorter than the first wait, every wait is as long as this.
    ///   - memory: twice the longest wait, unless said otherwise (client-go's flowcontrol.Backoff).
    package init(
        initial: Duration = .seconds(10), longest: Duration = .seconds(300), memory: Duration? = nil
    ) {
        self.initial = min(initial, longest)
        self.longest = longest
        self.memory = memory ?? longest * 2
    }

    /// When the last attempt at `key` ended: as it is told first. Runtimes tell it by the wall's clock, and that may be
    /// set back at any time; then the same end would lie in the future for as long.
    package mutating func end(
        _ key: String, of attempt: String, told: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        if let known = ends[key], known.attempt == attempt { return known.at }
        ends[key] = (attempt, told)
        return told
    }

    /// Until when a start of `key` has to wait.
    /// - Parameter ended: when the last attempt did. The time since then is a wait, and no sign that all is well.
    /// - Returns: nil: it may start now.
    package func waitEnd(
        _ key: String, ended: ContinuousClock.Instant, now: ContinuousClock.Instant
    ) -> (end: ContinuousClock.Instant, wait: Duration)? {
        guard let entry = entries[key], ended - entry.since <= memory else { return nil }
        let end = ended + entry.wait
        return end > now ? (end, entry.wait) : nil
    }

    /// Takes note of one more failure, or of a start after one.
    /// - Parameter ended: when what was started last ended; nil: now.
    package mutating func next(
        _ key: String, ended: ContinuousClock.Instant? = nil, now: ContinuousClock.Instant
    ) {
        if let entry = entries[key], (ended ?? now) - entry.since <= memory {
            entries[key] = Entry(wait: min(entry.wait * 2, longest), since: now)
        } else {
            entries[key] = Entry(wait: initial, since: now)
        }
    }

    package mutating func reset(_ key: String) { entries[key] = nil }
}
