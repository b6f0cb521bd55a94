import KubernetesAPI
import NodeAgent
import Testing

@Suite struct ResizeTests {
    private let node: NodeResources

    init() throws {
        var kubelet = KubeletConfiguration()
        kubelet.evictionHard = ["memory.available": "0"]
        node = try NodeResources(machine: [.cpu: Quantity(4), .memory: Quantity("8Gi")], kubelet)
    }

    private func pod(cpu: Int64, limit: Int64? = nil) -> Pod {
        var test = TestPod()
        test.pod.spec.containers[0].resources = ResourceRequirements(
            limits: limit.map { [.cpu: Quantity(milli: $0)] } ?? [:], requests: [.cpu: Quantity(milli: cpu)])
        return test.pod
    }

    private func decide(_ desired: Pod, _ before: Pod, beside others: [Pod] = []) -> ResizeDecision {
        ResizeDecision.make(
            desired: desired, allocated: AllocatedResources(before), beside: others, node)
    }

    @Test func whatFitsIsGranted() {
        #expect(decide(pod(cpu: 100), pod(cpu: 100)) == .none)
        #expect(decide(pod(cpu: 3000), pod(cpu: 100), beside: [pod(cpu: 1000)]) == .granted)
    }

    @Test func whatDoesNotFitWaits() {
        #expect(
            decide(pod(cpu: 3001), pod(cpu: 100), beside: [pod(cpu: 1000)])
                == .deferred(
                    "Node didn't have enough resource: cpu, requested: 3001, used: 1000, capacity: 4000"))
        // Less is always possible, also on a node that has too many.
        #expect(decide(pod(cpu: 50), pod(cpu: 100), beside: [pod(cpu: 4000)]) == .granted)
    }

    @Test func whatCanNeverBe() {
        #expect(
            decide(pod(cpu: 5000), pod(cpu: 100))
                == .infeasible("Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"))
        var other = pod(cpu: 100)
        other.spec.containers[0].resources = ResourceRequirements()
        #expect(
            decide(other, pod(cpu: 100))
                == .infeasible("Pod QOS Class may not change as a result of resizing"))
    }

    // MARK: What is to be done

    private func running(_ containers: [Container]) -> (Pod, RuntimePod) {
        var test = TestPod(main: containers.map(\.name))
        test.sandbox()
        for container in containers { test.run(container.name) }
        test.pod.spec.containers = containers
        return (test.pod, test.runtime!)
    }

    private func container(_ name: String, limit: Int64, restarts: Bool = false) -> Container {
        var container = Container(name: name, image: "image")
        container.resources.limits[.cpu] = Quantity(milli: limit)
        if restarts {
            container.resizePolicy = [.init(resourceName: .cpu, restartPolicy: .restartContainer)]
        }
        return container
    }

    private func plan(_ now: [Container], had limit: Int64) -> ResizePlan {
        let (pod, runtime) = running(now)
        return ResizePlan.make(pod, runtime) { _ in
            ActualResources(container: container("", limit: limit).resources, pod: nil)
        }
    }

    @Test func thoseThatShrinkComeFirst() {
        let plan = plan([container("more", limit: 300), container("less", limit: 100)], had: 200)
        #expect(plan.updates.map(\.container.name) == ["less", "more"])
        #expect(plan.restarts.isEmpty)
    }

    @Test func aPolicyWantsARestart() {
        let plan = plan([container("a", limit: 300, restarts: true)], had: 200)
        #expect(plan.restarts.map(\.container.name) == ["a"] && plan.updates.isEmpty)
    }

    @Test func whatIsAsItShouldBeStays() {
        #expect(plan([container("a", limit: 200)], had: 200).isEmpty)
        let (pod, runtime) = running([container("a", limit: 200)])
        #expect(ResizePlan.make(pod, runtime) { _ in nil }.isEmpty)
    }

    // MARK: What is said

    @Test func conditionsComeAndGo() {
        var test = TestPod()
        test.sandbox()
        test.run("a")
        func status(_ conditions: [PodCondition], before: PodStatus) -> PodStatus {
            var builder = PodStatusBuilder(
                pod: test.pod, runtime: test.runtime, plan: PodPlan.make(test.pod, test.runtime),
                before: before,
                hostIPs: [], runtimeName: "test", now: .now)
            builder.resizeConditions = conditions
            return builder.make()
        }
        let pending = PodCondition(type: .podResizePending, status: .true, reason: "Deferred", message: "m")
        let first = status([pending], before: PodStatus())
        #expect(first.conditions.contains { $0.type == .podResizePending && $0.reason == "Deferred" })
        #expect(!status([], before: first).conditions.contains { $0.type == .podResizePending })
    }

    @Test func theStatusTellsWhatAContainerHas() {
        var test = TestPod()
        test.pod.spec.containers[0] = container("a", limit: 300)
        test.sandbox()
        test.run("a")
        var builder = PodStatusBuilder(
            pod: test.pod, runtime: test.runtime, plan: PodPlan.make(test.pod, test.runtime),
            before: PodStatus(),
            hostIPs: [], runtimeName: "test", now: .now)
        let actual = container("a", limit: 200).resources
        builder.actualResources = [test.id("a"): ActualResources(container: actual, pod: nil)]
        #expect(builder.make().containerStatuses[0].resources == actual)
    }
}
