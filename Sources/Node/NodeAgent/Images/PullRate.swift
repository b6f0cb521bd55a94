/// How often a pull may begin (`registryPullQPS`, `registryBurst`): a bucket that fills at a rate and holds a burst.
package struct PullRate: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: ContinuousClock.Instant?

    /// - Parameter perSecond: 0: as often as one likes.
    package init(perSecond: Int32, burst: Int32) {
        self.perSecond = Double(perSecond)
        self.burst = Double(max(1, burst))
        tokens = self.burst
    }

    package mutating func admits(at now: ContinuousClock.Instant) -> Bool {
        if perSecond <= 0 { return true }
        if let last { tokens = min(burst, tokens + (now - last) / .seconds(1) * perSecond) }
        last = now
        if tokens < 1 { return false }
        tokens -= 1
        return true
    }
}
