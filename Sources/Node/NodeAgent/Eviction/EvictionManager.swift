import KubernetesAPI
import Logging

/// Keeps a node from running out of memory, disk or processes: frees what nobody uses, and then ends one pod after the
/// other (Node-pressure eviction).
package struct EvictionManager<Node: EvictableNode>: Sendable {
    package struct Pace: Sendable {
        /// Between two looks.
        package var usual: Duration = .seconds(10)
        /// The same when little is left: the kernel's own notices (`kernelMemcgNotification`) are of one kind of group
        /// only and tell of one threshold each, and a look costs some microseconds.
        package var near: Duration = .seconds(1)

        package init() {}
    }

    private let node: Node
    private var watch: ThresholdWatch
    private let maxPodGrace: Int64
    /// `localStorageCapacityIsolation`: pods' own limits count.
    private let limitsStorage: Bool
    private let log: Logger

    package init(_ node: Node, _ settings: EvictionSettings, limitsStorage: Bool, log: Logger) {
        self.node = node
        watch = ThresholdWatch(settings)
        maxPodGrace = settings.maxPodGrace
        self.limitsStorage = limitsStorage
        self.log = log
    }

    /// Works until the task is cancelled.
    package mutating func run(_ pace: Pace = Pace()) async {
        var nextLimits = ContinuousClock.now
        while !Task.isCancelled {
            let isTime = ContinuousClock.now >= nextLimits
            if isTime { nextLimits = .now + pace.usual }
            let outcome = await look(now: .now, withLimits: isTime)
            // Whoever was evicted may not have been enough.
            if outcome.hasEvicted { continue }
            do {
                try await Task.sleep(for: outcome.isNear ? pace.near : pace.usual)
            } catch {
                return
            }
        }
    }

    package struct Outcome: Sendable, Equatable {
        package var hasEvicted = false
        package var isNear = false
    }

    /// One look, and what follows from it.
    /// - Parameter withLimits: also looks at the limits of pods' storage.
    package mutating func look(now: ContinuousClock.Instant, withLimits: Bool) async -> Outcome {
        let reading = await node.reading()
        let verdict = watch.judge(reading, now: now)
        await node.tell(verdict.conditions)
        var outcome = Outcome(isNear: watch.isNear(reading))
        if withLimits, limitsStorage, await enforceLimits() { outcome.hasEvicted = true }
        guard !outcome.hasEvicted, let threshold = verdict.due.first,
            let amount = reading.amounts[threshold.signal]
        else { return outcome }
        outcome.hasEvicted = await relieve(threshold, amount, reading.disks)
        // Where all was done that can be, looking more often would not help.
        outcome.isNear = false
        return outcome
    }

    // MARK: Shortages

    /// - Returns: whether a pod was evicted.
    private func relieve(
        _ threshold: EvictionThreshold, _ amount: NodeReading.Amount, _ disks: NodeReading.Disks
    ) async -> Bool {
        let signal = threshold.signal
        node.record(.warning, "EvictionThresholdMet", "Attempting to reclaim \(signal.resource)")
        if signal.condition == .diskPressure {
            await node.reclaim(for: signal, disks)
            let now = await node.reading()
            if let left = now.amounts[signal], !threshold.isCrossed(by: left, reclaiming: true) {
                return false
            }
        }
        let pods = await node.pods()
        let usage = await node.usage(of: pods, storageAge: signal.condition == .diskPressure ? .zero : nil)
        guard let pod = EvictionRanking.order(pods, usage, for: signal, disks: disks).first else {
            log.warning(
                "the node is short of \(signal.resource), and there is no pod to evict",
                metadata: ["signal": "\(signal.rawValue)", "available": "\(amount.available)"])
            return false
        }
        let message = EvictionMessage.text(threshold, amount, pod, usage[pod.metadata.uid])
        let failure = PodFailure(reason: PodFailure.evicted, message: message, isDisruption: true)
        await node.evict(pod, failure, for: signal.rawValue, grace: grace(of: pod, threshold))
        return true
    }

    /// None for a hard threshold; else the pod's own, but not longer than the node allows.
    private func grace(of pod: Pod, _ threshold: EvictionThreshold) -> Int64 {
        threshold.isSoft ? min(maxPodGrace, pod.grace) : 0
    }

    // MARK: Limits of pods' storage

    /// - Returns: whether a pod was evicted.
    private func enforceLimits() async -> Bool {
        let pods = await node.pods().filter { StorageLimits.areSet(for: $0) }
        if pods.isEmpty { return false }
        let usage = await node.usage(of: pods, storageAge: .seconds(9))
        var hasEvicted = false
        for pod in pods where !pod.isCritical {
            guard let taken = usage[pod.metadata.uid],
                let violation = StorageLimits.violation(by: pod, taken)
            else { continue }
            await node.evict(pod, violation.failure, for: violation.limit.rawValue, grace: 0)
            hasEvicted = true
        }
        return hasEvicted
    }
}
