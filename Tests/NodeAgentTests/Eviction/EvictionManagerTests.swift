import KubernetesAPI
import Logging
import NodeAgent
import Synchronization
import Testing

/// A node with numbers of its own: pods hold what `held` says, and give it back when they are evicted.
private final class PaperNode: EvictableNode {
    struct State {
        var signal = EvictionSignal.memory
        var free: Int64 = 0
        var reclaimable: Int64 = 0
        var held: [String: Int64] = [:]
        var pods: [Pod] = []
        var evicted: [String] = []
        var failures: [PodFailure] = []
        var graces: [Int64] = []
        var signals: [String] = []
        var reclaims = 0
        var events: [String] = []
        var conditions: Set<NodeConditionType> = []
        var storage: [String: PodUsage] = [:]
    }
    let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    func reading() async -> NodeReading {
        state.withLock { NodeReading([$0.signal: .init(capacity: 1000, available: $0.free)]) }
    }

    func pods() async -> [Pod] {
        state.withLock { state in state.pods.filter { !state.evicted.contains($0.metadata.uid) } }
    }

    func usage(of pods: [Pod], storageAge: Duration?) async -> [String: PodUsage] {
        state.withLock { state in
            var result = state.storage
            for (uid, held) in state.held {
                result[uid, default: PodUsage()].memory = held
                result[uid, default: PodUsage()].volumes.bytes = held
            }
            return result
        }
    }

    func reclaim(for signal: EvictionSignal, _ disks: NodeReading.Disks) async {
        state.withLock { state in
            state.reclaims += 1
            state.free += state.reclaimable
            state.reclaimable = 0
        }
    }

    func evict(_ pod: Pod, _ failure: PodFailure, for signal: String, grace: Int64) async {
        state.withLock { state in
            state.evicted.append(pod.metadata.uid)
            state.failures.append(failure)
            state.signals.append(signal)
            state.graces.append(grace)
            state.free += state.held[pod.metadata.uid] ?? 0
        }
    }

    func tell(_ conditions: Set<NodeConditionType>) async { state.withLock { $0.conditions = conditions } }

    func record(_ kind: EventRecorder.Kind, _ reason: String, _ message: String) {
        state.withLock { $0.events.append("\(reason): \(message)") }
    }
}

@Suite struct EvictionManagerTests {
    private func pod(_ name: String) -> Pod {
        var pod = TestPod().pod
        pod.metadata.name = name
        pod.metadata.uid = name
        return pod
    }

    private func manager(
        _ node: PaperNode, _ thresholds: [EvictionThreshold], maxPodGrace: Int64 = 0, limits: Bool = true
    ) -> EvictionManager<PaperNode> {
        var settings = EvictionSettings(thresholds: thresholds)
        settings.maxPodGrace = maxPodGrace
        return EvictionManager(node, settings, limitsStorage: limits, log: Logger(label: "test"))
    }

    @Test func onePodAtATimeUntilThereIsEnough() async {
        let node = PaperNode(
            .init(
                free: 10, held: ["a": 30, "b": 200, "c": 20], pods: ["a", "b", "c"].map(pod)))
        var manager = manager(node, [EvictionThreshold(.memory, .quantity("100"))])
        let first = await manager.look(now: .now, withLimits: false)
        #expect(first.hasEvicted)
        let second = await manager.look(now: .now, withLimits: false)
        #expect(!second.hasEvicted)
        node.state.withLock { state in
            #expect(state.evicted == ["b"])
            #expect(state.graces == [0])
            #expect(state.signals == ["memory.available"])
            #expect(state.failures.first?.isDisruption == true)
            #expect(state.failures.first?.reason == "Evicted")
            #expect(state.conditions == [.memoryPressure])
            #expect(state.events == ["EvictionThresholdMet: Attempting to reclaim memory"])
            #expect(state.reclaims == 0)
        }
    }

    @Test func aDiskIsCleanedBeforePodsGo() async {
        let node = PaperNode(
            .init(signal: .nodeDisk, free: 10, reclaimable: 100, held: ["a": 500], pods: [pod("a")]))
        var manager = manager(node, [EvictionThreshold(.nodeDisk, .quantity("100"))])
        _ = await manager.look(now: .now, withLimits: false)
        #expect(node.state.withLock { $0.reclaims } == 1)
        #expect(node.state.withLock { $0.evicted }.isEmpty)
        node.state.withLock { $0.free = 10 }
        _ = await manager.look(now: .now, withLimits: false)
        #expect(node.state.withLock { $0.evicted } == ["a"])
    }

    @Test func cleaningHasToReachTheMinimum() async {
        let node = PaperNode(
            .init(signal: .nodeDisk, free: 90, reclaimable: 20, held: ["a": 500], pods: [pod("a")]))
        var manager = manager(
            node, [EvictionThreshold(.nodeDisk, .quantity("100"), reclaim: .quantity("50"))])
        _ = await manager.look(now: .now, withLimits: false)
        #expect(node.state.withLock { $0.evicted } == ["a"])
    }

    @Test(arguments: [(Int64(60), Int64(30)), (10, 10)])
    func aSoftThresholdLeavesTime(most: Int64, grace: Int64) async {
        let node = PaperNode(.init(free: 10, held: ["a": 30], pods: [pod("a")]))
        let soft = EvictionThreshold(.memory, .quantity("100"), softGrace: .seconds(5))
        var manager = manager(node, [soft], maxPodGrace: most)
        let start = ContinuousClock.now
        _ = await manager.look(now: start, withLimits: false)
        #expect(node.state.withLock { $0.evicted }.isEmpty)
        _ = await manager.look(now: start + .seconds(5), withLimits: false)
        #expect(node.state.withLock { $0.graces } == [grace])
    }

    @Test func limitsOfStorageAreKeptAtOnce() async {
        var limited = pod("a")
        limited.spec.containers[0].resources.limits[.ephemeralStorage] = "100"
        var usage = PodUsage()
        usage.containers["a"] = .init(layer: .init(bytes: 200))
        let state = PaperNode.State(free: 500, pods: [limited, pod("b")], storage: ["a": usage, "b": usage])
        let off = PaperNode(state)
        var blind = manager(off, [], limits: false)
        _ = await blind.look(now: .now, withLimits: true)
        #expect(off.state.withLock { $0.evicted }.isEmpty)
        let node = PaperNode(state)
        var manager = manager(node, [])
        let outcome = await manager.look(now: .now, withLimits: true)
        #expect(outcome.hasEvicted)
        #expect(node.state.withLock { $0.evicted } == ["a"])
        #expect(
            node.state.withLock { $0.failures.first?.message }
                == "Pod ephemeral local storage usage exceeds the total limit of containers 100. ")
    }

    @Test func withoutAPodToEvictItOnlySaysSo() async {
        let node = PaperNode(.init(free: 10))
        var manager = manager(node, [EvictionThreshold(.memory, .quantity("100"))])
        let outcome = await manager.look(now: .now, withLimits: true)
        #expect(!outcome.hasEvicted)
        // And does not say it each second.
        #expect(!outcome.isNear)
        node.state.withLock { $0.free = 150 }
        let near = await manager.look(now: .now, withLimits: true)
        #expect(near.isNear)
    }
}
