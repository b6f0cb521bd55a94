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

    @Test func whatTheNodeNeedsIsKilledLast() {
        var pod = pod()
        func score() -> Int64 { node.resources(of: pod.spec.containers[0], in: pod).oomScoreAdj }
        pod.spec.priorityClassName = "system-node-critical"
        #expect(score() == -997)
        pod.spec.priorityClassName = "system-cluster-critical"
        #expect(score() == 1000)
        pod.spec.priority = 2_000_001_000
        #expect(score() == -997)
    }

    /// A sidecar with less than any main container has the score of the one with least, and not its own.
    @Test(arguments: [(Int64(0), Int64(750)), (1 << 30, 750), (4 << 30, 500)])
    func aSidecarIsKilledNoSoonerThanTheLeastMainContainer(request: Int64, score: Int64) {
        var pod = TestPod(initial: ["i"], sidecars: ["s"], main: ["a", "b"]).pod
        pod.spec.containers[0].resources.requests[.memory] = Quantity(2 << 30)
        pod.spec.containers[1].resources.requests[.memory] = Quantity(3 << 30)
        if request > 0 { pod.spec.initContainers[1].resources.requests[.memory] = Quantity(request) }
        #expect(node.resources(of: pod.spec.initContainers[1], in: pod).oomScoreAdj == score)
        #expect(node.resources(of: pod.spec.initContainers[0], in: pod).oomScoreAdj == 999)
    }

    /// What the pod asks for beyond its containers counts for each of them alike.
    @Test func whatAPodAsksForAsAWholeIsShared() {
        var pod = TestPod(initial: ["i"], sidecars: ["s"], main: ["a", "b"]).pod
        func score(_ container: Container) -> Int64 { node.resources(of: container, in: pod).oomScoreAdj }
        pod.spec.containers[0].resources.requests[.memory] = Quantity(1 << 30)
        pod.spec.initContainers[1].resources.requests[.memory] = Quantity(1 << 30)
        pod.spec.resources = ResourceRequirements(requests: [.memory: Quantity(6 << 30)])
        // 4 of 6 Gi are nobody's: each of four containers has 1 of 8 Gi more.
        #expect(score(pod.spec.containers[0]) == 750)
        #expect(score(pod.spec.containers[1]) == 875)
        #expect(score(pod.spec.initContainers[0]) == 875)
        #expect(score(pod.spec.initContainers[1]) == 750)
        // As much as the main container that asks for least, with its part.
        pod.spec.initContainers[1].resources.requests[.memory] = nil
        pod.spec.resources = ResourceRequirements(requests: [.memory: Quantity(5 << 30)])
        pod.spec.containers[1].resources.requests[.memory] = Quantity(2 << 30)
        #expect(score(pod.spec.initContainers[1]) == 813)
        // A container may need more by itself while the pod starts: nothing is left then.
        pod.spec.initContainers[0].resources.requests[.memory] = Quantity(5 << 30)
        #expect(score(pod.spec.containers[0]) == 875)
        pod.spec.resources?.requests[.memory] = Quantity.zero
        #expect(score(pod.spec.containers[1]) == 750)
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
