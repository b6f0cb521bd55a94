import KubernetesAPI
import NodeAgent
import Testing

/// `RestartAllContainers`.
@Suite struct PodLifeTests {
    private static let rules = [
        ContainerRestartRule(
            action: .restartAllContainers,
            exitCodes: ContainerRestartRuleOnExitCodes(operator: .in, values: [88]))
    ]

    /// An init container, a sidecar with the rule, two main containers: all of them are there.
    private func running(_ policy: RestartPolicy = .never) -> TestPod {
        var test = TestPod(policy: policy, initial: ["i"], sidecars: ["s"], main: ["a", "b"])
        test.pod.spec.initContainers[1].restartPolicyRules = Self.rules
        test.sandbox()
        test.exit("i", code: 0)
        test.run("s")
        test.run("a")
        test.run("b")
        return test
    }

    private func plan(_ test: TestPod, before: PodStatus = PodStatus()) -> PodPlan {
        PodPlan.make(test.pod, test.runtime, before: before)
    }

    private func status(_ test: TestPod, before: PodStatus = PodStatus()) -> PodStatus {
        PodStatusBuilder(
            pod: test.pod, runtime: test.runtime, plan: plan(test, before: before), before: before,
            hostIPs: [],
            runtimeName: "swiftlet", now: Time(seconds: 10)
        ).make()
    }

    private func condition(_ type: PodConditionType, of status: PodStatus) -> ConditionStatus? {
        status.conditions.first { $0.type == type }?.status
    }

    @Test func `all that runs is ended first`() {
        var test = running()
        test.exit("s", code: 88)
        let plan = plan(test)
        #expect(plan.kills.map(\.name) == ["a", "b"])
        #expect(plan.sandbox == .keep("s0") && plan.starts.isEmpty && plan.stops.isEmpty)
        #expect(condition(.allContainersRestarting, of: status(test)) == .true)
    }

    @Test func `another code restarts one container`() {
        var test = running()
        test.exit("s", code: 1)
        let plan = plan(test)
        #expect(plan.kills.isEmpty)
        #expect(plan.starts.map(\.container.name) == ["s"])
        #expect(condition(.allContainersRestarting, of: status(test)) == .false)
    }

    @Test func `then all of it begins anew, whatever it ended with`() throws {
        var test = running()
        test.exit("s", code: 88)
        test.exit("a", code: 0)
        test.exit("b", code: 137)
        let before = status(running())
        let first = plan(test)
        #expect(first.starts.map(\.container.name) == ["i"] && !first.isFinished)
        #expect(first.starts.first?.attempt == 1 && first.starts.first?.life == 1)
        // What was killed does not wait for that.
        #expect(first.starts.first?.previous == nil)
        let told = status(test, before: before)
        #expect(told.phase == .pending)
        #expect(told.containerStatuses[1].state.waiting != nil)
        #expect(told.containerStatuses[1].lastState.terminated?.exitCode == 137)
        #expect(condition(.initialized, of: told) == .true)
        #expect(condition(.allContainersRestarting, of: told) == .false)

        test.exit("i", code: 0, attempt: 1, life: 1)
        let second = plan(test)
        #expect(second.starts.map(\.container.name) == ["s"])
        // Who has begun it may have to wait before it does so again.
        #expect(second.starts.first?.previous?.exitCode == 88)
        test.run("s", attempt: 1, life: 1)
        #expect(plan(test).starts.map(\.container.name) == ["a", "b"])
        test.run("a", attempt: 1, life: 1)
        test.run("b", attempt: 1, life: 1)
        let last = plan(test)
        #expect(last.starts.isEmpty && last.kills.isEmpty && last.stops.isEmpty && last.outlived.isEmpty)
        #expect(status(test).phase == .running)
    }

    @Test func `the ends of an earlier life count no more`() {
        var test = running()
        test.exit("s", code: 88)
        test.exit("a", code: 0)
        test.exit("b", code: 137)
        test.exit("i", code: 3, attempt: 1, life: 1)
        #expect(plan(test).failedInit == "i")
        #expect(status(test).phase == .failed)
        test.exit("i", code: 0, attempt: 1, life: 1)
        test.run("s", attempt: 1, life: 1)
        test.exit("a", code: 0, attempt: 1, life: 1)
        test.run("b", attempt: 1, life: 1)
        // Never restarted by themselves.
        #expect(plan(test).starts.isEmpty)
        // Also when the one that began it is no longer kept.
        test.runtime?.containers.removeAll { $0.id == "s-0" }
        #expect(plan(test).starts.isEmpty && plan(test).kills.isEmpty)
        test.runtime?.containers.removeAll { $0.id == "b-1" }
        #expect(plan(test).starts.map(\.container.name) == ["b"])
    }

    @Test func `a life ends as often as a rule says`() {
        var test = running()
        test.exit("s", code: 88)
        test.exit("i", code: 0, attempt: 1, life: 1)
        test.exit("s", code: 88, attempt: 1, life: 1)
        test.run("a", attempt: 1, life: 1)
        #expect(plan(test).kills.map(\.name) == ["a", "b"])
        test.exit("a", code: 143, attempt: 1, life: 1)
        test.exit("b", code: 143)
        #expect(plan(test).starts.map(\.life) == [2])
    }

    @Test func `a sidecar of a pod that is done begins nothing`() {
        var test = running()
        test.exit("a", code: 0)
        test.exit("b", code: 0)
        #expect(plan(test).isFinished)
        test.exit("s", code: 88)
        let last = test.runtime?.containers.firstIndex { $0.name == "s" }
        if let last { test.runtime?.containers[last].finishedAt = 3_000_000_000 }
        #expect(plan(test).isFinished)
        #expect(status(test).phase == .succeeded)
        // One that ended before the others did does.
        if let last { test.runtime?.containers[last].finishedAt = 1_500_000_000 }
        #expect(plan(test).starts.map(\.container.name) == ["i"])
    }

    @Test func `a pod that has failed stays so`() {
        var test = running()
        test.exit("s", code: 88)
        var before = PodStatus()
        before.phase = .failed
        #expect(plan(test, before: before).isFinished)
        #expect(plan(test, before: before).kills.isEmpty)
    }

    @Test func `a main container begins it, too, and ephemeral ones stay`() {
        var test = TestPod(policy: .never, main: ["a"])
        test.pod.spec.containers[0].restartPolicyRules = Self.rules
        test.pod.spec.ephemeralContainers = [EphemeralContainer(name: "e", image: "image")]
        test.sandbox()
        test.run("e")
        test.exit("a", code: 88)
        let plan = plan(test)
        #expect(plan.kills.isEmpty)
        #expect(plan.starts.map(\.container.name) == ["a"])
        #expect(plan.starts.first?.previous?.exitCode == 88)
    }

    @Test func `a sandbox that is lost meanwhile is made anew`() {
        var test = running()
        test.exit("s", code: 88)
        test.exit("a", code: 0)
        test.exit("b", code: 0)
        test.runtime?.sandboxes[0].isReady = false
        #expect(plan(test).sandbox == .create(attempt: 1))
        // Nor is it done, or has failed, before that is there: the pod would stay so.
        #expect(status(test).phase == .pending)
        test.exit("b", code: 137)
        let told = status(test)
        #expect(told.phase == .pending)
        #expect(told.containerStatuses[1].lastState.terminated?.exitCode == 137)
        #expect(plan(test, before: told).sandbox == .create(attempt: 1))
    }
}
