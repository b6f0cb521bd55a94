import KubernetesAPI

/// What follows from readings over time: which thresholds count now, and what the node's conditions are.
package struct ThresholdWatch: Sendable {
    package struct Verdict: Sendable, Equatable {
        /// Crossed for long enough: something has to go. The most urgent first.
        package var due: [EvictionThreshold] = []
        package var conditions: Set<NodeConditionType> = []
    }

    private let settings: EvictionSettings
    /// Since when each threshold is crossed.
    private var crossed: [EvictionThreshold: ContinuousClock.Instant] = [:]
    /// When each condition was last true.
    private var lastTrue: [NodeConditionType: ContinuousClock.Instant] = [:]

    package init(_ settings: EvictionSettings) { self.settings = settings }

    /// A threshold once crossed is so until what is to be reclaimed is free beyond it; one that cannot be measured now
    /// stays as it was.
    package mutating func judge(_ reading: NodeReading, now: ContinuousClock.Instant) -> Verdict {
        var still: [EvictionThreshold: ContinuousClock.Instant] = [:]
        for threshold in settings.thresholds {
            let since = crossed[threshold]
            guard let amount = reading.amounts[threshold.signal] else {
                still[threshold] = since
                continue
            }
            if threshold.isCrossed(by: amount, reclaiming: since != nil) {
                still[threshold] = since ?? now
            }
        }
        crossed = still
        for threshold in crossed.keys { lastTrue[threshold.signal.condition] = now }
        // Longer than the shortage itself, so that a node does not go to and fro.
        lastTrue = lastTrue.filter { now - $0.value < settings.transition || $0.value == now }
        var verdict = Verdict(conditions: Set(lastTrue.keys))
        verdict.due = settings.thresholds.filter { threshold in
            guard let since = crossed[threshold], reading.amounts[threshold.signal] != nil else {
                return false
            }
            return now - since >= threshold.grace
        }
        return verdict
    }

    /// Whether a shortage may come before the next look in its time: less is left than twice a threshold.
    package func isNear(_ reading: NodeReading) -> Bool {
        settings.thresholds.contains { threshold in
            guard let amount = reading.amounts[threshold.signal] else { return false }
            let wanted = threshold.amount.quantity(of: amount.capacity)
            return wanted + wanted > Quantity(amount.available)
        }
    }
}
