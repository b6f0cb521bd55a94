import KubernetesAPI

/// What a pod needs next, decided from what is wanted and what is there, and from nothing that happened before.
package struct PodPlan: Equatable, Sendable {
    package enum Sandbox: Equatable, Sendable {
        case keep(String)
        /// A new one; everything of the old one is to be stopped first.
        case create(attempt: UInt32)
        /// The pod has done what it was for.
        case none
    }

    package struct Stop: Equatable, Sendable {
        package var container: ContainerRecord
        /// What the event says.
        package var message: String
        /// Seconds, where a probe says something else than the pod.
        package var grace: Int64?
    }

    package struct Start: Equatable, Sendable {
        package var container: PodContainer
        package var attempt: UInt32
        /// The attempt that has ended before, where a start after it may have to wait.
        package var previous: ContainerRecord?
        /// Of the pod.
        package var life: Int
    }

    package var sandbox: Sandbox
    package var stops: [Stop] = []
    /// Of a life of the pod that is over: to be ended together and quickly, before anything else.
    package var kills: [ContainerRecord] = []
    /// Names of containers that have not been made anew yet in this life.
    package var outlived: Set<String> = []
    /// In this order; one that has to wait for its back-off does not hold up the others.
    package var starts: [Start] = []
    /// Every init container has done its part.
    package var isInitialized = false
    /// Of an init container that has failed for good: the pod has failed.
    package var failedInit: String?

    /// All containers have ended and none is to be started again.
    package var isFinished: Bool { sandbox == .none }
}

/// What probes say of one container that runs.
package struct ProbeVerdict: Equatable, Sendable {
    /// No startup probe, or it has succeeded.
    package var isStarted = true
    /// A startup or liveness probe has failed as often as it may: which one.
    package var failed: Failure?
    /// No readiness probe, or it has succeeded.
    package var isReady = true

    package struct Failure: Equatable, Sendable {
        /// `liveness` or `startup`.
        package var kind: String
        /// The probe's own grace period, seconds.
        package var grace: Int64?

        package init(kind: String, grace: Int64? = nil) {
            self.kind = kind
            self.grace = grace
        }
    }

    package init(isStarted: Bool = true, failed: Failure? = nil, isReady: Bool = true) {
        self.isStarted = isStarted
        self.failed = failed
        self.isReady = isReady
    }
}

extension PodPlan {
    /// - Parameters:
    ///   - probes: by container id; what is not in it has no probes.
    ///   - before: what was last said of the pod; it knows containers that the runtime has lost.
    package static func make(
        _ pod: Pod, _ runtime: RuntimePod?, probes: [String: ProbeVerdict] = [:],
        before: PodStatus = PodStatus()
    ) -> PodPlan {
        let life = PodLife(pod, runtime, hasEnded: before.hasEnded)
        guard let sandbox = runtime?.readySandbox, runtime?.sandboxes.filter(\.isReady).count == 1 else {
            return withNewSandbox(pod, runtime, life, hasEnded: before.hasEnded)
        }
        var plan = PodPlan(sandbox: .keep(sandbox.id))
        let here = Here(
            pod: pod, sandbox: sandbox.id, runtime: runtime, life: life, probes: probes, before: before)
        let outlived = life.outlived(pod, runtime)
        plan.outlived = Set(outlived.map(\.name))
        plan.kills = outlived.filter { $0.state == .running }
        if !plan.kills.isEmpty { return plan }
        plan.decide(here)
        plan.stopLeftovers(here)
        return plan
    }

    private mutating func decide(_ here: Here) {
        isInitialized = initialize(here)
        // What has ended stays ended, also when its containers are collected before its sandbox is stopped.
        guard failedInit == nil, !here.before.hasEnded else { return finish(here) }
        if isInitialized, !runMain(here) { return finish(here) }
        // Whether or not init containers have done their part: what keeps them from it may be what is looked for.
        for container in here.pod.ephemeralContainers where !here.hasBegun(container) {
            // One whose processes it is to see comes first.
            if let target = container.target, starts.contains(where: { $0.container.name == target }) {
                continue
            }
            starts.append(here.start(container))
        }
    }

    /// Nothing runs twice: two writers on one volume would harm each other.
    private mutating func stopLeftovers(_ here: Here) {
        let leftovers = here.leftovers
        let names = Set(leftovers.map(\.name))
        starts.removeAll { names.contains($0.container.name) }
        let first = leftovers.map {
            Stop(
                container: $0,
                message: "Container \($0.name) still runs as of attempt \($0.attempt), will be stopped")
        }
        stops = first + stops
    }

    /// One look at a pod.
    private struct Here {
        let pod: Pod
        let sandbox: String
        let runtime: RuntimePod?
        let life: PodLife
        let probes: [String: ProbeVerdict]
        let before: PodStatus

        /// In the sandbox and the life of now: what ran in an older one has to run again.
        func latest(_ name: String) -> ContainerRecord? {
            runtime?.containers.first {
                $0.name == name && $0.sandbox == sandbox && !life.isOver(for: $0)
            }
        }

        /// In whatever sandbox, and also where the runtime has lost it since: an ephemeral container runs once.
        func hasBegun(_ ephemeral: PodContainer) -> Bool {
            runtime?.latest(ephemeral.name) != nil
                || before.status(of: ephemeral)?.containerID.isEmpty == false
        }

        /// Of all lives.
        func ephemeral(_ name: String) -> ContainerRecord? {
            runtime?.containers.first { $0.name == name && $0.sandbox == sandbox }
        }

        /// What a runtime did not stop when it was to: attempts before the newest one, or in an older sandbox.
        var leftovers: [ContainerRecord] {
            pod.everyContainer.flatMap { container in
                let name = container.name
                let current = container.role == .ephemeral ? ephemeral(name) : latest(name)
                return (runtime?.running ?? []).filter { $0.name == name && $0.id != current?.id }
            }
        }

        func start(_ container: PodContainer) -> Start {
            let last = runtime?.latest(container.name)
            // Only who has ended a life has done so by itself.
            let isKilled = last.map(life.isOver) == true && !life.enders.contains(container.name)
            return Start(
                container: container,
                attempt: last.map { $0.attempt + 1 } ?? attempt(before.status(of: container)),
                previous: isKilled ? nil : last, life: life.number)
        }

        /// Of a container that the runtime does not have (any more).
        private func attempt(_ old: ContainerStatus?) -> UInt32 {
            guard let old else { return 0 }
            return UInt32(old.restartCount) + (old.containerID.isEmpty ? 0 : 1)
        }

        func verdict(_ record: ContainerRecord) -> ProbeVerdict { probes[record.id] ?? ProbeVerdict() }
    }

    // MARK: Sandbox

    private static func withNewSandbox(
        _ pod: Pod, _ runtime: RuntimePod?, _ life: PodLife, hasEnded: Bool
    ) -> PodPlan {
        let attempt = runtime?.sandboxes.map(\.attempt).max().map { $0 + 1 } ?? 0
        var plan = PodPlan(sandbox: .create(attempt: attempt))
        plan.stops = (runtime?.running ?? []).map { Stop(container: $0, message: "Pod sandbox changed") }
        let outlived = life.outlived(pod, runtime)
        let wanted = pod.mainContainers.filter { container in
            guard let last = runtime?.latest(container.name) else { return true }
            // What was killed with its sandbox ended with a code of its own.
            return last.state != .exited || life.isOver(for: last)
                || pod.restarts(container, exitCode: last.exitCode)
        }
        // A pod that is not to be restarted has had its sandbox, and one whose containers are all done needs none.
        let neverAgain =
            attempt > 0 && pod.spec.restartPolicy == .never && runtime?.containers.isEmpty == false
            && outlived.isEmpty
        if wanted.isEmpty || neverAgain || hasEnded {
            plan.sandbox = .none
            plan.failedInit =
                pod.initContainers.first { container in
                    guard let last = runtime?.latest(container.name), container.role == .initial else {
                        return false
                    }
                    return last.state == .exited && last.exitCode != 0
                }?.name
            plan.isInitialized = plan.failedInit == nil
            return plan
        }
        // Containers are planned at the next look, which finds the sandbox. Until then what they ended with says no more
        // of the pod than in the old one.
        plan.outlived = Set(outlived.map(\.name))
        return plan
    }

    // MARK: Init containers

    /// - Returns: whether the main containers may run.
    private mutating func initialize(_ here: Here) -> Bool {
        let pod = here.pod
        // Init containers that have done their work may be collected; main ones tell that they have.
        let hasBegun = pod.mainContainers.contains { here.latest($0.name) != nil }
        for container in pod.initContainers {
            let record = here.latest(container.name)
            if hasBegun && container.role == .initial { continue }
            guard let record else {
                starts.append(here.start(container))
                if hasBegun { continue }
                return false
            }
            switch record.state {
            case .running:
                if let stop = stop(container, record, here) { stops.append(stop) }
                if hasBegun { continue }
                if container.role == .sidecar, here.verdict(record).isStarted { continue }
                return false
            case .exited where container.role == .initial && record.exitCode == 0:
                continue
            case .exited where !pod.restarts(container, exitCode: record.exitCode):
                failedInit = container.name
                return false
            case .exited, .created, .unknown:
                starts.append(here.start(container))
                if hasBegun { continue }
                return false
            }
        }
        return true
    }

    // MARK: Main containers

    /// - Returns: false when all have ended for good.
    private mutating func runMain(_ here: Here) -> Bool {
        var isGoingOn = false
        for container in here.pod.mainContainers {
            guard let record = here.latest(container.name) else {
                // Ended in an older sandbox, and is not to run again.
                if let last = here.runtime?.latest(container.name), last.state == .exited,
                    !here.life.isOver(for: last), !here.pod.restarts(container, exitCode: last.exitCode)
                {
                    continue
                }
                starts.append(here.start(container))
                isGoingOn = true
                continue
            }
            switch record.state {
            case .running:
                isGoingOn = true
                if let stop = stop(container, record, here) { stops.append(stop) }
            case .exited where !here.pod.restarts(container, exitCode: record.exitCode):
                continue
            case .exited, .created, .unknown:
                isGoingOn = true
                starts.append(here.start(container))
            }
        }
        return isGoingOn
    }

    private func stop(_ container: PodContainer, _ record: ContainerRecord, _ here: Here) -> Stop? {
        let name = container.name
        if record.hash != container.container.definitionHash {
            return Stop(container: record, message: "Container \(name) definition changed, will be restarted")
        }
        if let failure = here.verdict(record).failed {
            let outcome = here.pod.restarts(container, exitCode: 137) ? ", will be restarted" : ""
            return Stop(
                container: record, message: "Container \(name) failed \(failure.kind) probe\(outcome)",
                grace: failure.grace)
        }
        return nil
    }

    /// Sidecars and ephemeral containers end after the others, the last one first.
    private mutating func finish(_ here: Here) {
        starts = []
        let rest = (here.pod.initContainers + here.pod.mainContainers).reversed()
            .compactMap { here.latest($0.name) }.filter { $0.state == .running }
        stops = rest.map { Stop(container: $0, message: "Stopping container \($0.name)") }
        stops += here.pod.ephemeralContainers.compactMap { here.ephemeral($0.name) }.filter {
            $0.state == .running
        }
        .map { Stop(container: $0, message: "Stopping container \($0.name)") }
        sandbox = .none
    }
}
