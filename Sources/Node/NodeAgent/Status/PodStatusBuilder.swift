import KubernetesAPI

/// What a pod's status says, from what is wanted, what the runtime has and what probes say (Pod lifecycle).
package struct PodStatusBuilder {
    package var pod: Pod
    package var runtime: RuntimePod?
    package var plan: PodPlan
    /// Why a container waits, by its name.
    package var failures: [String: ContainerFailure] = [:]
    /// By container id.
    package var probes: [String: ProbeVerdict] = [:]
    /// Before: times of transitions are kept, and what is no longer in the runtime.
    package var before: PodStatus
    /// Set when the pod as a whole has failed: evicted, over its deadline, refused.
    package var failure: PodFailure?
    package var isTerminating = false
    /// As the runtime says of the pod's handler.
    package var mountsRecursivelyReadOnly = false
    /// What containers have, by id, where that is known.
    package var actualResources: [String: ActualResources] = [:]
    /// `PodResizePending` and `PodResizeInProgress`, where they hold.
    package var resizeConditions: [PodCondition] = []
    package var hostIPs: [String]
    /// `containerd`, `swiftlet`: what container ids begin with.
    package var runtimeName: String
    package var now: Time

    package init(
        pod: Pod, runtime: RuntimePod?, plan: PodPlan, before: PodStatus, hostIPs: [String],
        runtimeName: String,
        now: Time
    ) {
        self.pod = pod
        self.runtime = runtime
        self.plan = plan
        self.before = before
        self.hostIPs = hostIPs
        self.runtimeName = runtimeName
        self.now = now
    }

    package func make() -> PodStatus {
        var status = PodStatus()
        status.observedGeneration = pod.metadata.generation
        status.qosClass = before.qosClass
        if let own = pod.spec.resources {
            status.allocatedResources = own.requests
            let actual = runtime?.running.compactMap { actualResources[$0.id] }.first
            status.resources = actual.map(\.pod) ?? own
        }
        status.hostIP = hostIPs.first ?? ""
        status.hostIPs = hostIPs.map { HostIP(ip: $0) }
        var ips = pod.spec.hostNetwork ? hostIPs : runtime?.sandboxes.first?.ips ?? []
        // Of a pod that has ended, the address that it had.
        if ips.isEmpty { ips = before.podIPs.map(\.ip) }
        status.podIP = ips.first ?? ""
        status.podIPs = ips.map { PodIP(ip: $0) }
        status.startTime = before.startTime ?? started
        status.initContainerStatuses = pod.initContainers.map(containerStatus)
        status.containerStatuses = pod.mainContainers.map(containerStatus)
        status.ephemeralContainerStatuses = pod.ephemeralContainers.map(containerStatus)
        status.phase = phase(status)
        if let failure {
            status.reason = failure.reason
            status.message = failure.message
        }
        status.conditions = conditions(status)
        if wasRefused {
            // Nothing is being created: there is nothing to say of containers.
            status.initContainerStatuses = []
            status.containerStatuses = []
            status.ephemeralContainerStatuses = []
        }
        return status
    }

    /// The pod failed before anything of it was there.
    private var wasRefused: Bool {
        guard failure != nil, runtime == nil else { return false }
        let all =
            before.initContainerStatuses + before.containerStatuses + before.ephemeralContainerStatuses
        return all.allSatisfy { $0.containerID.isEmpty && $0.lastState == ContainerState() }
    }

    /// The pod's first sandbox tells when it was first seen, also to an agent that was started after it.
    private var started: Time {
        guard let first = runtime?.sandboxes.map(\.createdAt).min(), first > 0 else { return now }
        return Time(unixNanoseconds: first)
    }

    // MARK: Containers

    private func containerStatus(_ container: PodContainer) -> ContainerStatus {
        var status = ContainerStatus()
        let record = runtime?.latest(container.name)
        let old = before.status(of: container)
        status.name = container.name
        status.image = record.map(\.image) ?? container.container.image
        status.imageID = record.map(\.imageRef) ?? old?.imageID ?? ""
        status.restartCount = record.map { Int32($0.attempt) } ?? old?.restartCount ?? 0
        guard let record else {
            if let old, old.state.terminated != nil {
                // Collected since; what it ended with is still true.
                return old
            }
            if let old { keep(old, in: &status) }
            status.state.waiting = waiting(container)
            status.started = false
            return status
        }
        status.containerID = "\(runtimeName)://\(record.id)"
        status.stopSignal = record.stopSignal.name.map { Signal(rawValue: $0) }
        status.user = record.user.map { user in
            ContainerUser(
                linux: LinuxContainerUser(
                    uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups))
        }
        let resources = actualResources[record.id]?.container ?? container.container.resources
        status.resources = resources == ResourceRequirements() ? nil : resources
        status.allocatedResources = container.container.resources.requests
        status.volumeMounts = container.container.volumeMounts.map {
            $0.status(isRecursive: mountsRecursivelyReadOnly)
        }
        status.lastState.terminated =
            runtime?.previous(container.name).flatMap(terminated) ?? old?.lastState.terminated
        let verdict = probes[record.id] ?? ProbeVerdict()
        switch record.state {
        case .running:
            status.state.running = ContainerStateRunning(startedAt: Time(unixNanoseconds: record.startedAt))
            status.started = verdict.isStarted
            status.ready =
                container.role == .initial || container.role == .ephemeral
                ? false : verdict.isStarted && verdict.isReady
        case .created:
            status.state.waiting = waiting(container)
            status.started = false
        case .exited, .unknown:
            status.started = false
            let end = terminated(record) ?? unknownEnd(record)
            // Of one that is not started again, its end is all there is to say.
            if let failure = failures[container.name], willRestart(container, record, end) {
                status.state.waiting = ContainerStateWaiting(
                    reason: failure.reason.rawValue, message: failure.message)
                status.lastState.terminated = end
            } else if outlived.contains(container.name) {
                status.state.waiting = waiting(container)
                status.lastState.terminated = end
            } else {
                status.state.terminated = end
                status.ready = container.role == .initial && end.exitCode == 0
            }
        }
        return status
    }

    /// Containers that wait to be made anew with all others.
    private var outlived: Set<String> { isTerminating || failure != nil ? [] : plan.outlived }

    private func willRestart(
        _ container: PodContainer, _ record: ContainerRecord, _ end: ContainerStateTerminated
    ) -> Bool {
        record.state == .unknown || pod.restarts(container, exitCode: end.exitCode)
    }

    /// A container that the runtime has lost, with its host's start or by somebody's hand.
    private func keep(_ old: ContainerStatus, in status: inout ContainerStatus) {
        status.lastState = old.lastState
        guard old.state.running != nil else { return }
        status.restartCount = old.restartCount + 1
        status.lastState.terminated = ContainerStateTerminated(
            exitCode: 137, reason: "ContainerStatusUnknown",
            message:
                "The container could not be located when the pod was deleted.  The container used to be Running",
            containerID: old.containerID)
    }

    private func waiting(_ container: PodContainer) -> ContainerStateWaiting {
        if let failure = failures[container.name] {
            return ContainerStateWaiting(reason: failure.reason.rawValue, message: failure.message)
        }
        let waitsForInit = !pod.spec.initContainers.isEmpty && !plan.isInitialized
        return ContainerStateWaiting(reason: waitsForInit ? "PodInitializing" : "ContainerCreating")
    }

    private func terminated(_ record: ContainerRecord) -> ContainerStateTerminated? {
        guard record.state == .exited else { return nil }
        let reason = record.reason.isEmpty ? (record.exitCode == 0 ? "Completed" : "Error") : record.reason
        return ContainerStateTerminated(
            exitCode: record.exitCode, reason: reason,
            message: LastWords.share(of: record.endMessage, in: pod),
            startedAt: Time(unixNanoseconds: record.startedAt),
            finishedAt: Time(unixNanoseconds: record.finishedAt),
            containerID: "\(runtimeName)://\(record.id)")
    }

    private func unknownEnd(_ record: ContainerRecord) -> ContainerStateTerminated {
        ContainerStateTerminated(
            exitCode: 137, reason: "ContainerStatusUnknown",
            message: "The container could not be located when the pod was terminated",
            containerID: "\(runtimeName)://\(record.id)")
    }

    // MARK: Phase

    private func phase(_ status: PodStatus) -> PodPhase {
        if failure != nil { return .failed }
        if before.phase == .failed || before.phase == .succeeded, plan.isFinished { return before.phase }
        if plan.failedInit != nil { return .failed }
        let hasMainBegun = status.containerStatuses.contains {
            $0.state.waiting == nil || $0.lastState.terminated != nil
        }
        if !plan.isInitialized && !hasMainBegun { return .pending }
        var running = 0
        var waiting = 0
        var stopped = 0
        var succeeded = 0
        var restarts = false
        for (container, status) in zip(pod.mainContainers, status.containerStatuses) {
            if status.state.running != nil {
                running += 1
            } else if outlived.contains(container.name) {
                // As one that is started for the first time, until the others are there.
                if plan.isInitialized { stopped += 1 } else { waiting += 1 }
                restarts = true
            } else if let end = status.state.terminated ?? status.lastState.terminated {
                stopped += 1
                if end.exitCode == 0 { succeeded += 1 }
                if pod.restarts(container, exitCode: end.exitCode) { restarts = true }
            } else {
                waiting += 1
            }
        }
        if waiting > 0 { return .pending }
        if running > 0 { return .running }
        if stopped > 0 {
            // Sidecars that still run keep the pod running.
            if restarts || (!isTerminating && !plan.stops.isEmpty && plan.isFinished) { return .running }
            return succeeded == stopped ? .succeeded : .failed
        }
        return .pending
    }

    // MARK: Conditions

    private func conditions(_ status: PodStatus) -> [PodCondition] {
        let hasSandbox = runtime?.readySandbox != nil && !(status.podIPs.isEmpty && !pod.spec.hostNetwork)
        let containersReady = readiness(status)
        var list = [
            PodCondition(type: .podReadyToStartContainers, status: hasSandbox ? .true : .false),
            initialized(status),
            gated(containersReady, status),
            containersReady,
            PodCondition(type: .podScheduled, status: .true),
        ]
        if let failure, failure.isDisruption {
            list.append(
                PodCondition(
                    type: .disruptionTarget, status: .true, reason: "TerminationByKubelet",
                    message: failure.message))
        }
        if let restarting { list.append(restarting) }
        list += resizeConditions
        // What the pod's source says (readiness gates), and why it has failed.
        let own: [PodConditionType] = [.podResizePending, .podResizeInProgress]
        for other in before.conditions
        where !own.contains(other.type) && !list.contains(where: { $0.type == other.type }) {
            list.append(other)
        }
        return list.map { condition in
            var condition = condition
            condition.observedGeneration = pod.metadata.generation
            let old = before.conditions.first { $0.type == condition.type }
            condition.lastTransitionTime =
                old?.status == condition.status ? old?.lastTransitionTime ?? now : now
            return condition
        }
    }

    /// `AllContainersRestarting`, of pods with a rule that says so: until all of an earlier life has ended.
    private var restarting: PodCondition? {
        let rules = (pod.initContainers + pod.mainContainers).flatMap(\.container.restartPolicyRules)
        guard rules.contains(where: { $0.action == .restartAllContainers }) else { return nil }
        if plan.kills.isEmpty || isTerminating || failure != nil {
            return PodCondition(type: .allContainersRestarting, status: .false)
        }
        return PodCondition(
            type: .allContainersRestarting, status: .true, reason: "RestartAllContainersStarted",
            message: "a container has ended as one of its restartPolicyRules says")
    }

    /// As the kubelet: what has no init containers is initialized from the start, also while it has no sandbox.
    private func initialized(_ status: PodStatus) -> PodCondition {
        let incomplete = zip(pod.initContainers, status.initContainerStatuses).filter { container, status in
            container.role == .sidecar ? status.started != true : status.state.terminated?.exitCode != 0
        }.map(\.0.name)
        // Nor is a pod whose containers are all started anew less initialized for that.
        let wasInitialized = before.condition(.initialized)?.status == .true && !outlived.isEmpty
        if plan.isInitialized || wasInitialized || incomplete.isEmpty || status.phase == .succeeded {
            return PodCondition(
                type: .initialized, status: .true, reason: status.phase == .succeeded ? "PodCompleted" : "")
        }
        return PodCondition(
            type: .initialized, status: .false, reason: "ContainersNotInitialized",
            message: "containers with incomplete status: [\(incomplete.joined(separator: " "))]")
    }

    private func readiness(_ status: PodStatus) -> PodCondition {
        if status.phase == .succeeded {
            return PodCondition(type: .containersReady, status: .false, reason: "PodCompleted")
        }
        if status.phase == .failed {
            return PodCondition(type: .containersReady, status: .false, reason: "PodFailed")
        }
        let sidecars = zip(pod.initContainers, status.initContainerStatuses).filter { $0.0.role == .sidecar }
            .map(\.1)
        let unready = (sidecars + status.containerStatuses).filter { !$0.ready }.map(\.name)
        if unready.isEmpty { return PodCondition(type: .containersReady, status: .true) }
        return PodCondition(
            type: .containersReady, status: .false, reason: "ContainersNotReady",
            message: "containers with unready status: [\(unready.joined(separator: " "))]")
    }

    /// `Ready`: the containers are, and so is what the readiness gates stand for.
    private func gated(_ containers: PodCondition, _ status: PodStatus) -> PodCondition {
        var ready = containers
        ready.type = .ready
        guard containers.status == .true else { return ready }
        let unmet = pod.spec.readinessGates.filter { gate in
            before.conditions.first { $0.type == gate.conditionType }?.status != .true
        }.map { gate in
            let isThere = before.conditions.contains { $0.type == gate.conditionType }
            let what = isThere ? "is not \"True\"" : "does not exist"
            return "corresponding condition of pod readiness gate \"\(gate.conditionType.rawValue)\" \(what)."
        }
        guard !unmet.isEmpty else { return ready }
        ready.status = .false
        ready.reason = "ReadinessGatesNotReady"
        ready.message = unmet.joined(separator: ", ")
        return ready
    }
}

/// Why a pod as a whole has failed.
package struct PodFailure: Equatable, Sendable {
    /// `Evicted`, `DeadlineExceeded`, `OutOfcpu`.
    package var reason: String
    package var message: String
    /// The node ended it, and not the pod itself.
    package var isDisruption = false

    package init(reason: String, message: String, isDisruption: Bool = false) {
        self.reason = reason
        self.message = message
        self.isDisruption = isDisruption
    }
}

extension PodStatus {
    func status(of container: PodContainer) -> ContainerStatus? {
        let list =
            switch container.role {
            case .initial, .sidecar: initContainerStatuses
            case .main: containerStatuses
            case .ephemeral: ephemeralContainerStatuses
            }
        return list.first { $0.name == container.name }
    }
}

extension VolumeMount {
    /// Of a mount that is read-only it says also whether that holds for what is mounted below it: what became of
    /// `IfPossible`.
    /// - Parameter isRecursive: whether the runtime can do that.
    fileprivate func status(isRecursive: Bool) -> VolumeMountStatus {
        var status = VolumeMountStatus(name: name, mountPath: mountPath, readOnly: readOnly)
        guard readOnly else { return status }
        let isWanted = recursiveReadOnly == .ifPossible || recursiveReadOnly == .enabled
        let isPrivate = mountPropagation == nil || mountPropagation == MountPropagationMode.none
        status.recursiveReadOnly = isWanted && isPrivate && isRecursive ? .enabled : .disabled
        return status
    }
}
