/// That the runtime does not have a procedure. It is believed for a while and not for good: the runtime may be exchanged
/// for a newer one while the agent lives.
package struct Absence: Sendable {
    /// Between two attempts at what was not there.
    package static let pause: Duration = .seconds(600)

    private var found: ContinuousClock.Instant?

    package init() {}

    package func isBelieved(now: ContinuousClock.Instant) -> Bool {
        found.map { now - $0 < Self.pause } ?? false
    }

    /// - Returns: whether this is news.
    package mutating func note(now: ContinuousClock.Instant) -> Bool {
        defer { found = now }
        return found == nil
    }

    /// The procedure is there.
    package mutating func end() { found = nil }
}
