import KubernetesAPI
import NodeAgent
import Testing

@Suite struct ThresholdWatchTests {
    private let start = ContinuousClock.now

    private func watch(_ thresholds: [EvictionThreshold], transition: Int = 300) -> ThresholdWatch {
        var settings = EvictionSettings(thresholds: thresholds)
        settings.transition = .seconds(transition)
        return ThresholdWatch(settings)
    }

    private func memory(_ available: Int64) -> NodeReading {
        NodeReading([.memory: .init(capacity: 1000, available: available)])
    }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func aHardThresholdCountsAtOnce() {
        let hard = EvictionThreshold(.memory, .quantity("100"))
        var watch = watch([hard])
        // What is left has to be less, and not just as much.
        let enough = watch.judge(memory(100), now: at(0))
        #expect(enough.due.isEmpty)
        #expect(enough.conditions.isEmpty)
        let verdict = watch.judge(memory(99), now: at(10))
        #expect(verdict.due == [hard])
        #expect(verdict.conditions == [.memoryPressure])
    }

    @Test func aShareIsOfTheWhole() {
        let hard = EvictionThreshold(.memory, .share(0.25))
        var watch = watch([hard])
        #expect(watch.judge(memory(250), now: at(0)).due.isEmpty)
        #expect(watch.judge(memory(249), now: at(1)).due == [hard])
    }

    @Test func aSoftThresholdCountsAfterItsTime() {
        let soft = EvictionThreshold(.memory, .quantity("100"), softGrace: .seconds(60))
        var watch = watch([soft])
        let first = watch.judge(memory(50), now: at(0))
        #expect(first.due.isEmpty)
        // The condition is there at once.
        #expect(first.conditions == [.memoryPressure])
        #expect(watch.judge(memory(50), now: at(59)).due.isEmpty)
        #expect(watch.judge(memory(50), now: at(60)).due == [soft])
        // Once it was not crossed the time begins anew.
        #expect(watch.judge(memory(500), now: at(70)).due.isEmpty)
        #expect(watch.judge(memory(50), now: at(80)).due.isEmpty)
    }

    @Test func aShortageLastsUntilTheMinimumIsReclaimed() {
        let hard = EvictionThreshold(.memory, .quantity("100"), reclaim: .quantity("50"))
        var watch = watch([hard])
        #expect(watch.judge(memory(120), now: at(0)).due.isEmpty)
        #expect(watch.judge(memory(90), now: at(1)).due == [hard])
        #expect(watch.judge(memory(149), now: at(2)).due == [hard])
        #expect(watch.judge(memory(150), now: at(3)).due.isEmpty)
        #expect(watch.judge(memory(120), now: at(4)).due.isEmpty)
    }

    @Test func aConditionOutlivesItsShortage() {
        var watch = watch([EvictionThreshold(.memory, .quantity("100"))], transition: 30)
        #expect(watch.judge(memory(90), now: at(0)).conditions == [.memoryPressure])
        #expect(watch.judge(memory(500), now: at(29)).conditions == [.memoryPressure])
        #expect(watch.judge(memory(500), now: at(30)).conditions.isEmpty)
    }

    @Test func conditionsOfSignals() {
        let all = EvictionSignal.allCases.map { EvictionThreshold($0, .quantity("10")) }
        var watch = watch(all)
        let reading = NodeReading(
            Dictionary(
                uniqueKeysWithValues: EvictionSignal.allCases.map { ($0, .init(capacity: 100, available: 1)) }
            ))
        let verdict = watch.judge(reading, now: at(0))
        #expect(verdict.conditions == [.memoryPressure, .diskPressure, .pidPressure])
        #expect(verdict.due.first?.signal == .memory)
    }

    @Test func whatCannotBeMeasuredStaysAsItWas() {
        let hard = EvictionThreshold(.memory, .quantity("100"))
        var watch = watch([hard], transition: 0)
        #expect(watch.judge(NodeReading([:]), now: at(0)).conditions.isEmpty)
        _ = watch.judge(memory(50), now: at(1))
        let blind = watch.judge(NodeReading([:]), now: at(2))
        #expect(blind.conditions == [.memoryPressure])
        // But nothing is evicted for it.
        #expect(blind.due.isEmpty)
    }

    @Test func nearIsBelowTwiceAThreshold() {
        let watch = watch([EvictionThreshold(.memory, .quantity("100"))])
        #expect(!watch.isNear(memory(200)))
        #expect(watch.isNear(memory(199)))
    }
}
