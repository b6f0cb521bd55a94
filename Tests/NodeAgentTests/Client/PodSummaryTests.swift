import KubernetesAPI
import NodeAgent
import Testing

/// The lines of `swiftlet pods`, as kubectl writes them.
@Suite struct PodSummaryTests {
    private enum State {
        case running(ready: Bool = true)
        case waiting(String)
        case ended(Int32, String = "Error")
    }

    private func status(_ name: String, _ state: State, restarts: Int32 = 0) -> ContainerStatus {
        var status = ContainerStatus()
        status.name = name
        status.restartCount = restarts
        switch state {
        case .running(let ready):
            status.state.running = ContainerStateRunning(startedAt: Time(seconds: 1))
            status.ready = ready
            status.started = ready
        case .waiting(let reason): status.state.waiting = ContainerStateWaiting(reason: reason)
        case .ended(let code, let reason):
            status.state.terminated = ContainerStateTerminated(exitCode: code, reason: reason)
        }
        if restarts > 0 {
            status.lastState.terminated = ContainerStateTerminated(
                exitCode: 1, finishedAt: Time(seconds: Int64(restarts)))
        }
        return status
    }

    private func pod(
        _ phase: PodPhase, initialized: Bool? = nil, ready: Bool = true, _ test: TestPod,
        initial: [ContainerStatus] = [], main: [ContainerStatus] = []
    ) -> Pod {
        var pod = test.pod
        pod.status.phase = phase
        if let initialized {
            pod.status.conditions.append(
                PodCondition(type: .initialized, status: initialized ? .true : .false))
        }
        pod.status.conditions.append(PodCondition(type: .ready, status: ready ? .true : .false))
        pod.status.initContainerStatuses = initial
        pod.status.containerStatuses = main
        return pod
    }

    private func line(_ pod: Pod) -> String {
        PodTable.row(pod, now: Time(seconds: 10))[2...4].joined(separator: " ")
    }

    @Test func whileInitializingInitContainersCount() {
        let test = TestPod(initial: ["i"])
        let waiting = status("a", .waiting("PodInitializing"))
        let failing = pod(
            .pending, initialized: false, ready: false, test,
            initial: [status("i", .waiting("CrashLoopBackOff"), restarts: 3)], main: [waiting])
        #expect(line(failing) == "0/1 Init:CrashLoopBackOff 3 (7s ago)")
        let running = pod(
            .pending, initialized: false, ready: false, test, initial: [status("i", .running(ready: false))],
            main: [waiting])
        #expect(line(running) == "0/1 Init:0/1 0")
    }

    @Test func onceInitializedInitContainersDoNot() {
        let done = pod(
            .running, initialized: true, TestPod(initial: ["i"]),
            initial: [status("i", .ended(0, "Completed"), restarts: 4)],
            main: [status("a", .running(), restarts: 2)])
        #expect(line(done) == "1/1 Running 2 (8s ago)")
    }

    /// Sidecars are ended when the pod is done: how, says nothing of the pod.
    @Test func aPodThatIsDoneIsNotInitializing() {
        let done = pod(
            .succeeded, initialized: true, ready: false, TestPod(sidecars: ["s"]),
            initial: [status("s", .ended(137))], main: [status("a", .ended(0, "Completed"))])
        #expect(line(done) == "0/2 Completed 0")
    }

    @Test func sidecarsCountBesideTheOthers() {
        let test = TestPod(sidecars: ["s"])
        let well = pod(
            .running, initialized: true, test, initial: [status("s", .running(), restarts: 1)],
            main: [status("a", .running(), restarts: 2)])
        #expect(line(well) == "2/2 Running 3 (8s ago)")
        let failing = pod(
            .running, initialized: true, ready: false, test,
            initial: [status("s", .waiting("CrashLoopBackOff"), restarts: 5)],
            main: [status("a", .waiting("ErrImagePull"))])
        #expect(line(failing) == "0/2 ErrImagePull 5 (5s ago)")
    }

    @Test func aPodOfWhichOneContainerIsDone() {
        let states = [status("a", .running()), status("b", .ended(0, "Completed"))]
        let test = TestPod(main: ["a", "b"])
        #expect(line(pod(.running, test, main: states)) == "1/2 Running 0")
        #expect(line(pod(.running, ready: false, test, main: states)) == "1/2 NotReady 0")
    }

    @Test func aPodThatWasRefusedOrIsToEnd() {
        var refused = pod(.failed, ready: false, TestPod())
        refused.status.reason = "OutOfcpu"
        #expect(line(refused) == "0/1 OutOfcpu 0")
        var ending = pod(.running, TestPod(), main: [status("a", .running())])
        ending.metadata.deletionTimestamp = Time(seconds: 1)
        #expect(line(ending) == "1/1 Terminating 0")
    }
}
