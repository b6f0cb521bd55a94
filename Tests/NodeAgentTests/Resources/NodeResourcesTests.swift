import KubernetesAPI
import NodeAgent
import Testing

@Suite struct NodeResourcesTests {
    private let node: NodeResources

    init() throws {
        var kubelet = KubeletConfiguration()
        kubelet.maxPods = 3
        kubelet.evictionHard = ["memory.available": "0"]
        node = try NodeResources(
            machine: [.cpu: Quantity(2), .memory: Quantity(8 << 30, format: .binarySI)], kubelet)
    }

    private func pod(requests: ResourceList = [:], limits: ResourceList = [:]) -> Pod {
        var pod = TestPod().pod
        pod.spec.containers[0].resources = ResourceRequirements(limits: limits, requests: requests)
        return pod
    }

    @Test func classesOfService() {
        let memory = Quantity(1 << 20)
        #expect(node.qosClass(of: pod()) == .bestEffort)
        #expect(node.qosClass(of: pod(requests: [.cpu: Quantity(milli: 100)])) == .burstable)
        #expect(node.qosClass(of: pod(limits: [.memory: memory])) == .burstable)
        #expect(node.qosClass(of: pod(limits: [.cpu: Quantity(1), .memory: memory])) == .guaranteed)
        #expect(
            node.qosClass(
                of: pod(requests: [.cpu: Quantity(milli: 1)], limits: [.cpu: Quantity(1), .memory: memory]))
                == .burstable)
    }

    /// The scores of the documentation of node pressure.
    @Test(arguments: [
        (Int64(0), Int64(0), Int64(1000)), (4 << 30, 0, 500), (8 << 20, 0, 999), (8 << 30, 0, 3),
        (1 << 30, 1 << 30, 875),
    ])
    func outOfMemoryScores(request: Int64, limit: Int64, score: Int64) {
        var pod = pod()
        if request > 0 { pod.spec.containers[0].resources.requests[.memory] = Quantity(request) }
        if limit > 0 { pod.spec.containers[0].resources.limits[.memory] = Quantity(limit) }
        #expect(node.resources(of: pod.spec.containers[0], in: pod).oomScoreAdj == score)
    }

    @Test func aGuaranteedPodIsKilledLast() {
        let pod = pod(limits: [.cpu: Quantity(1), .memory: Quantity(1 << 20)])
        #expect(node.resources(of: pod.spec.containers[0], in: pod).oomScoreAdj == -997)
    }

    @Test func sharesAndQuota() {
        let pod = pod(requests: [.cpu: Quantity(milli: 250)], limits: [.cpu: Quantity(milli: 1500)])
        let resources = node.resources(of: pod.spec.containers[0], in: pod)
        #expect(resources.cpuShares == 256)
        #expect(resources.cpuQuota == 150_000)
        #expect(resources.cpuPeriod == 100_000)
        let none = self.pod()
        #expect(node.resources(of: none.spec.containers[0], in: none).cpuShares == 2)
    }

    @Test func aPodLargerThanTheNodeIsRefused() {
        let large = pod(requests: [.cpu: Quantity(3)])
        #expect(
            node.admit(large, beside: [])
                == PodFailure(
                    reason: "OutOfcpu",
                    message:
                        "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, "
                        + "capacity: 2000"))
        let half = pod(requests: [.memory: Quantity(5 << 30)])
        #expect(node.admit(half, beside: []) == nil)
        #expect(node.admit(half, beside: [half])?.reason == "OutOfmemory")
        #expect(node.admit(pod(), beside: [pod(), pod(), pod()])?.reason == "OutOfpods")
    }
}
