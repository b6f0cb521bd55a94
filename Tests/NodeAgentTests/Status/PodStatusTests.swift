import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

/// What is said of a pod, from what is there of it.
@Suite struct PodStatusTests {
    private func status(
        of test: TestPod, before: PodStatus = PodStatus(),
        _ change: (inout PodStatusBuilder) -> Void = { _ in }
    ) -> PodStatus {
        var builder = PodStatusBuilder(
            pod: test.pod, runtime: test.runtime,
            plan: PodPlan.make(test.pod, test.runtime, before: before), before: before,
            hostIPs: ["192.0.2.1"],
            runtimeName: "swiftlet", now: Time(seconds: 10))
        change(&builder)
        return builder.make()
    }

    @Test(arguments: [RestartPolicy.always, .onFailure])
    func `a container that is started again waits and says why`(policy: RestartPolicy) throws {
        var test = TestPod(policy: policy)
        test.sandbox()
        test.exit("a", code: 137)
        let state = try #require(
            status(of: test) { $0.failures["a"] = ContainerFailure(.postStart, "PostStartHook failed") }
                .containerStatuses.first)
        #expect(state.state.waiting?.reason == "PostStartHookError")
        #expect(state.lastState.terminated?.exitCode == 137)
    }

    @Test(arguments: [
        (CRISignal.runtimeDefault, nil), (.sigusr1, "SIGUSR1"), (.sigrtminplus3, "SIGRTMIN+3"),
        (.sigrtmaxminus14, "SIGRTMAX-14"), (.sigrtmin, "SIGRTMIN"),
    ])
    func `the stop signal is the runtime's word`(signal: CRISignal, name: String?) {
        var test = TestPod()
        test.sandbox()
        test.run("a")
        test.runtime?.containers[0].stopSignal = signal
        #expect(status(of: test).containerStatuses.first?.stopSignal?.rawValue == name)
    }

    @Test func `a pod that was refused has no containers of which to say anything`() throws {
        let test = TestPod(sidecars: ["s"], main: ["a", "b"])
        let refused = status(of: test) {
            $0.failure = PodFailure(reason: "OutOfcpu", message: "Pod was rejected: …")
        }
        #expect(refused.phase == .failed)
        #expect(refused.containerStatuses.isEmpty && refused.initContainerStatuses.isEmpty)
        // What ran before it was ended still counts when the runtime has nothing of it any more.
        var old = TestPod(main: ["a"])
        old.sandbox()
        old.exit("a", code: 3)
        let before = status(of: old)
        old.runtime = nil
        let evicted = status(of: old, before: before) {
            $0.failure = PodFailure(reason: "Evicted", message: "…")
        }
        #expect(evicted.containerStatuses.first?.state.terminated?.exitCode == 3)
    }

    @Test(arguments: [
        ("", nil, ""), ("", "why", "why"), ("oom", nil, "oom"), ("oom", "", "oom"),
        ("oom", "why\n", "oom: why\n"),
    ])
    func `the runtime's word of an end and the program's are told together`(
        runtime: String, words: String?, told: String
    ) {
        var test = TestPod(policy: .never)
        test.sandbox()
        test.exit("a", code: 137)
        test.runtime?.containers[0].message = runtime
        test.runtime?.containers[0].lastWords = words
        #expect(status(of: test).containerStatuses.first?.state.terminated?.message == told)
    }

    @Test func `a container that is not started again has ended whatever failed before`() throws {
        var test = TestPod(policy: .never)
        test.sandbox()
        test.exit("a", code: 137)
        let status = status(of: test) {
            $0.failures["a"] = ContainerFailure(.postStart, "PostStartHook failed")
        }
        #expect(status.containerStatuses.first?.state.waiting == nil)
        #expect(status.containerStatuses.first?.state.terminated?.exitCode == 137)
        #expect(status.phase == .failed)
    }
}
