import KubernetesAPI
import NodeAgent
import Testing

@Suite struct PodPlanTests {
    @Test func `a new pod gets a sandbox and nothing else yet`() {
        let plan = PodPlan.make(TestPod().pod, nil)
        #expect(plan.sandbox == .create(attempt: 0))
        #expect(plan.starts.isEmpty && plan.stops.isEmpty && !plan.isFinished)
    }

    @Test func `main containers start together once there is a sandbox`() {
        var test = TestPod(main: ["a", "b"])
        test.sandbox()
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.sandbox == .keep("s0"))
        #expect(plan.starts.map(\.container.name) == ["a", "b"])
        #expect(plan.starts.allSatisfy { $0.attempt == 0 && $0.previous == nil })
    }

    @Test func `a sandbox that is not ready is replaced and what ran in it is stopped`() {
        var test = TestPod()
        test.sandbox(isReady: false)
        test.run("a")
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.sandbox == .create(attempt: 1))
        #expect(plan.stops.map(\.container.name) == ["a"])
    }

    @Test func `what ran in an older sandbox runs again with the next number`() throws {
        var test = TestPod()
        test.sandbox(isReady: false)
        test.exit("a", code: 137)
        test.sandbox()
        let plan = PodPlan.make(test.pod, test.runtime)
        let start = try #require(plan.starts.first)
        #expect(start.attempt == 1)
        #expect(start.previous?.exitCode == 137)
    }

    // MARK: Restart policies

    @Test(arguments: [
        (RestartPolicy.always, Int32(0), true), (.always, 1, true), (.onFailure, 0, false),
        (.onFailure, 1, true),
        (.never, 0, false), (.never, 1, false),
    ])
    func `a container that ended is started as the policy says`(
        policy: RestartPolicy, code: Int32, restarts: Bool
    ) {
        var test = TestPod(policy: policy)
        test.sandbox()
        test.exit("a", code: code)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.starts.map(\.container.name) == (restarts ? ["a"] : []))
        #expect(plan.isFinished == !restarts)
    }

    @Test func `a container's own policy and rules go before the pod's`() {
        var test = TestPod(policy: .never)
        test.pod.spec.containers[0].restartPolicy = .never
        test.pod.spec.containers[0].restartPolicyRules = [
            ContainerRestartRule(
                action: .restart, exitCodes: ContainerRestartRuleOnExitCodes(operator: .in, values: [42]))
        ]
        test.sandbox()
        test.exit("a", code: 42)
        #expect(PodPlan.make(test.pod, test.runtime).starts.count == 1)
        test.exit("a", code: 43, attempt: 1)
        #expect(PodPlan.make(test.pod, test.runtime).isFinished)
    }

    @Test func `a pod that is never restarted gets no second sandbox`() {
        var test = TestPod(policy: .never)
        test.sandbox(isReady: false)
        test.exit("a", code: 0)
        #expect(PodPlan.make(test.pod, test.runtime).isFinished)
    }

    // MARK: Init containers

    @Test func `init containers run one after the other`() {
        var test = TestPod(initial: ["i", "j"])
        test.sandbox()
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["i"])
        test.run("i")
        #expect(PodPlan.make(test.pod, test.runtime).starts.isEmpty)
        test.exit("i", code: 0)
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["j"])
        test.exit("j", code: 0)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isInitialized)
        #expect(plan.starts.map(\.container.name) == ["a"])
    }

    @Test func `an init container that fails is tried again and ends the pod where it may not`() {
        var test = TestPod(initial: ["i"])
        test.sandbox()
        test.exit("i", code: 1)
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.attempt) == [1])
        test.pod.spec.restartPolicy = .never
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.failedInit == "i")
        #expect(plan.isFinished)
    }

    @Test func `init containers that were collected are not run again beside a running pod`() {
        var test = TestPod(initial: ["i"])
        test.sandbox()
        test.run("a")
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isInitialized)
        #expect(plan.starts.isEmpty)
    }

    // MARK: Sidecars

    @Test func `a sidecar holds up the next container until it has started`() {
        var test = TestPod(sidecars: ["s"])
        test.sandbox()
        test.run("s")
        let id = test.id("s")
        let waiting = PodPlan.make(test.pod, test.runtime, probes: [id: ProbeVerdict(isStarted: false)])
        #expect(!waiting.isInitialized && waiting.starts.isEmpty)
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["a"])
    }

    @Test func `a sidecar that ends is started again beside the others`() {
        var test = TestPod(policy: .never, sidecars: ["s"])
        test.sandbox()
        test.run("a")
        test.exit("s", code: 0)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isInitialized)
        #expect(plan.starts.map(\.container.name) == ["s"])
    }

    @Test func `sidecars end after the main containers the last one first`() {
        var test = TestPod(policy: .never, sidecars: ["s", "t"])
        test.sandbox()
        test.run("s")
        test.run("t")
        test.exit("a", code: 0)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isFinished)
        #expect(plan.stops.map(\.container.name) == ["t", "s"])
    }

    // MARK: What an earlier agent knew

    @Test(arguments: [PodPhase.succeeded, .failed])
    func `a pod that has ended stays so when the runtime has lost it`(phase: PodPhase) {
        var before = PodStatus()
        before.phase = phase
        #expect(PodPlan.make(TestPod(policy: .never).pod, nil, before: before).isFinished)
        before.phase = .running
        #expect(!PodPlan.make(TestPod(policy: .never).pod, nil, before: before).isFinished)
    }

    @Test(arguments: [PodPhase.succeeded, .failed])
    func `a pod that has ended stays so when it was collected and its sandbox not yet`(phase: PodPhase) {
        var test = TestPod(policy: .never, initial: ["i"])
        test.sandbox()
        var before = PodStatus()
        before.phase = phase
        let plan = PodPlan.make(test.pod, test.runtime, before: before)
        #expect(plan.isFinished)
        #expect(plan.starts.isEmpty)
    }

    @Test func `a container that the runtime has lost gets the next number`() {
        var test = TestPod()
        test.sandbox()
        var before = PodStatus()
        before.containerStatuses = [ContainerStatus(name: "a", restartCount: 3, containerID: "x://1")]
        #expect(PodPlan.make(test.pod, test.runtime, before: before).starts.map(\.attempt) == [4])
        // Counted already, when its loss was told.
        before.containerStatuses = [ContainerStatus(name: "a", restartCount: 4)]
        #expect(PodPlan.make(test.pod, test.runtime, before: before).starts.map(\.attempt) == [4])
    }

    @Test func `an init container that failed for good is remembered without its sandbox`() {
        var test = TestPod(policy: .never, initial: ["i"])
        test.sandbox(isReady: false)
        test.exit("i", code: 4)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isFinished && plan.failedInit == "i" && !plan.isInitialized)
    }

    // MARK: Running containers

    @Test func `a container whose definition changed is stopped and its resources may change`() {
        var test = TestPod()
        test.sandbox()
        test.run("a")
        test.pod.spec.containers[0].resources.limits[.memory] = Quantity(1 << 20)
        #expect(PodPlan.make(test.pod, test.runtime).stops.isEmpty)
        test.pod.spec.containers[0].image = "other"
        #expect(
            PodPlan.make(test.pod, test.runtime).stops.map(\.message)
                == ["Container a definition changed, will be restarted"])
    }

    @Test func `a failed probe stops a container in the probe's own time`() {
        var test = TestPod()
        test.sandbox()
        test.run("a")
        let verdict = ProbeVerdict(failed: .init(kind: "liveness", grace: 5))
        let plan = PodPlan.make(test.pod, test.runtime, probes: [test.id("a"): verdict])
        #expect(plan.stops.map(\.message) == ["Container a failed liveness probe, will be restarted"])
        #expect(plan.stops.map(\.grace) == [5])
    }

    // MARK: What a runtime did not stop

    @Test func `an earlier attempt that still runs is stopped and nothing starts beside it`() {
        var test = TestPod(main: ["a", "b"])
        test.sandbox()
        test.run("b")
        test.run("a")
        test.run("a", attempt: 1)
        let both = PodPlan.make(test.pod, test.runtime)
        #expect(both.stops.map(\.container.id) == ["a-0"])
        #expect(both.stops.map(\.message) == ["Container a still runs as of attempt 0, will be stopped"])
        #expect(both.starts.isEmpty && both.sandbox == .keep("s0"))
        test.exit("a", code: 1, attempt: 1)
        test.exit("b", code: 1)
        let one = PodPlan.make(test.pod, test.runtime)
        #expect(one.stops.map(\.container.id) == ["a-0"])
        #expect(one.starts.map(\.container.name) == ["b"])
        test.runtime?.containers.removeAll { $0.id == "a-0" }
        let none = PodPlan.make(test.pod, test.runtime)
        #expect(none.stops.isEmpty)
        #expect(none.starts.map(\.attempt) == [2, 1])
    }

    @Test func `what still runs in an older sandbox is stopped before it runs in the new one`() {
        var test = TestPod(sidecars: ["s"])
        test.sandbox(isReady: false)
        test.run("s")
        test.run("a")
        test.sandbox()
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.stops.map(\.container.name) == ["s", "a"])
        #expect(plan.starts.isEmpty)
        test.exit("s", code: 137)
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["s"])
    }

    @Test func `a pod that is done has no earlier attempt left`() {
        var test = TestPod(policy: .never)
        test.sandbox()
        test.run("a")
        test.exit("a", code: 0, attempt: 1)
        let plan = PodPlan.make(test.pod, test.runtime)
        #expect(plan.isFinished)
        #expect(plan.stops.map(\.container.id) == ["a-0"])
    }

    @Test func `an ephemeral container is started once`() {
        var test = TestPod()
        test.pod.spec.ephemeralContainers = [EphemeralContainer(name: "e", image: "x")]
        test.sandbox()
        test.run("a")
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["e"])
        test.exit("e", code: 1)
        #expect(PodPlan.make(test.pod, test.runtime).starts.isEmpty)
        // Nor in the next sandbox, nor when the runtime has lost it.
        test.runtime?.sandboxes[0].isReady = false
        test.sandbox()
        test.run("a", attempt: 1)
        #expect(PodPlan.make(test.pod, test.runtime).starts.isEmpty)
        test.runtime?.containers.removeAll { $0.name == "e" }
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["e"])
        var before = PodStatus()
        before.ephemeralContainerStatuses = [ContainerStatus(name: "e")]
        #expect(PodPlan.make(test.pod, test.runtime, before: before).starts.map(\.container.name) == ["e"])
        before.ephemeralContainerStatuses[0].containerID = "runtime://e-0"
        #expect(PodPlan.make(test.pod, test.runtime, before: before).starts.isEmpty)
    }

    @Test func `an ephemeral container does not wait for init containers`() {
        var test = TestPod(initial: ["i"])
        test.pod.spec.ephemeralContainers = [EphemeralContainer(name: "e", image: "x")]
        test.sandbox()
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["i", "e"])
        test.run("i")
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["e"])
    }

    @Test func `an ephemeral container waits for the one whose processes it sees`() {
        var test = TestPod()
        var ephemeral = EphemeralContainer(name: "e", image: "x")
        ephemeral.targetContainerName = "a"
        test.pod.spec.ephemeralContainers = [ephemeral]
        test.sandbox()
        #expect(PodPlan.make(test.pod, test.runtime).starts.map(\.container.name) == ["a"])
        test.run("a")
        let starts = PodPlan.make(test.pod, test.runtime).starts
        #expect(starts.map(\.container.name) == ["e"])
        #expect(starts.first?.container.target == "a")
    }
}
