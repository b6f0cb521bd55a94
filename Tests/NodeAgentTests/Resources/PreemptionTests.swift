import KubernetesAPI
import NodeAgent
import Testing

@Suite struct PreemptionTests {
    private let node: NodeResources

    init() throws {
        node = try NodeResources(machine: [.cpu: Quantity(4), .memory: "8Gi"])
    }

    private func pod(_ name: String, cpu: Int64, priority: Int32 = 0, guaranteed: Bool = false) -> Pod {
        var pod = TestPod().pod
        pod.metadata.name = name
        pod.metadata.uid = name
        pod.spec.priority = priority
        let list: ResourceList = [.cpu: Quantity(milli: cpu), .memory: Quantity(1 << 20)]
        pod.spec.containers[0].resources = ResourceRequirements(
            limits: guaranteed ? list : [:], requests: list)
        return pod
    }

    private func victims(_ cpu: Int64, _ others: [Pod]) -> [String]? {
        victims(for: pod("critical", cpu: cpu, priority: 2_000_000_000), others)
    }

    private func victims(for critical: Pod, _ others: [Pod]) -> [String]? {
        return Preemption.victims(for: critical, among: others, qosClass: node.qosClass) {
            node.admit(critical, beside: $0) == nil
        }?.map(\.metadata.name)
    }

    @Test func theLeastImportantOnesGo() {
        let others = [
            pod("sure", cpu: 1000, guaranteed: true), pod("low", cpu: 1000),
            pod("high", cpu: 1000, priority: 10),
        ]
        #expect(victims(1000, others) == [])
        #expect(victims(2000, others) == ["low"])
        #expect(victims(3000, others) == ["low", "high"])
        #expect(victims(4000, others) == ["low", "high", "sure"])
    }

    @Test func noMoreThanItTakes() {
        #expect(victims(3000, [pod("a", cpu: 500), pod("b", cpu: 3500, priority: 1)]) == ["b"])
    }

    @Test(arguments: ["system-cluster-critical", "system-node-critical"])
    func aPriorityMayBeTheNameOfItsClass(name: String) {
        func named(_ cpu: Int64) -> Pod {
            var named = pod("named", cpu: cpu)
            named.spec.priority = nil
            named.spec.priorityClassName = name
            return named
        }
        #expect(victims(for: named(2000), [pod("low", cpu: 3000)]) == ["low"])
        #expect(victims(2000, [named(3000)]) == nil)
    }

    @Test func criticalPodsStay() {
        #expect(victims(2000, [pod("a", cpu: 3000, priority: 2_000_000_000)]) == nil)
        #expect(victims(5000, [pod("a", cpu: 1000)]) == nil)
    }
}
