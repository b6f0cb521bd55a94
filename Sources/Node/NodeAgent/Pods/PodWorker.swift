import CRIProtocol
import KubernetesAPI
import Logging
import PodVolumes

/// Keeps one pod as it is wanted. It looks at what is there each time that something changes, decides anew, and does
/// the next things (level-triggered): what was interrupted is simply found unfinished at the next look.
actor PodWorker {
    /// Why a pod is to end.
    enum End: Equatable, Sendable {
        /// It is no longer wanted: everything of it goes.
        /// - grace: seconds; nil: the pod's own.
        case deleted(grace: Int64?)
        /// It has failed, and stays as a record of that.
        case failed(PodFailure, grace: Int64?)

        /// With the grace period that the pod has now: what it says later is told anew.
        fileprivate func told(to pod: Pod) -> End {
            if case .deleted(grace: nil) = self { return .deleted(grace: pod.grace) }
            return self
        }
    }

    /// Waits between attempts of what failed: volumes, sandboxes, configurations.
    private static let retry: (first: Duration, longest: Duration) = (.seconds(1), .seconds(10))

    let uid: String
    let services: AgentServices
    nonisolated let wakeup = Wakeup()
    private(set) var pod: Pod
    var end: End?
    /// When that was told.
    private var endTold = Time.now
    private(set) var runtime: RuntimePod?
    /// Why containers wait, by name.
    var failures: [String: ContainerFailure] = [:]
    /// Of containers that end, by name and definition.
    var backoff: RestartBackoff
    /// Of everything else that fails, by what it is.
    var retries = RestartBackoff(initial: retry.first, longest: retry.longest)
    var lastFailure: [String: ContinuousClock.Instant] = [:]
    /// When something is due without anything happening.
    var due: ContinuousClock.Instant?
    var mounts: PodMounts?
    var cgroupParent: String?
    /// What the pod's own group was last set for.
    var groupLimits: AllocatedResources?
    /// What containers were changed to since they were made, by id.
    var changedResources: [String: ActualResources] = [:]
    /// To containers' logs, by id.
    var logLinks: [String: String] = [:]
    /// Set while containers have not yet what the pod was given.
    var resizing: PodCondition?
    /// What the pod's source asks for and cannot have now.
    private var resizePending: PodCondition?
    private var isSettled = false
    private var status: PodStatus
    /// Of a look at what the pod's volumes are made of, `syncFrequency` after the last one.
    private var nextRefresh: ContinuousClock.Instant
    private var step: Task<Bool, Never>?
    /// Of this agent's first sight of the pod; nil where that has run already.
    private var firstSeen: ContinuousClock.Instant?
    /// Containers that were there when this agent began.
    private let adopted: PodStatus?
    var log: Logger

    /// - Parameters:
    ///   - adopted: what an earlier agent said of this pod.
    ///   - end: set for a pod that is only to end.
    init(_ pod: Pod, services: AgentServices, adopted: PodStatus?, end: End? = nil) {
        self.end = end?.told(to: pod)
        uid = pod.metadata.uid
        self.pod = pod
        self.services = services
        self.adopted = adopted
        firstSeen = adopted == nil && end == nil ? .now : nil
        status = adopted ?? pod.status
        status.takeConditions(of: pod.status)
        status.qosClass = services.resources.qosClass(of: pod)
        backoff = RestartBackoff(
            longest: services.settings.longestBackoff, memory: RestartBackoff.goodRun)
        nextRefresh = .now + services.settings.kubelet.syncFrequency
        log = services.log
        log[metadataKey: "pod"] = "\(pod.fullName)"
        log[metadataKey: "uid"] = "\(uid)"
        do {
            changedResources = try ResourceFiles(folder: try services.settings.folder(ofPod: uid)).actual()
        } catch {
            log.warning("read what containers have: \(error)")
        }
    }

    // MARK: What is wanted

    /// - Parameter resizePending: why the pod has other resources than its source asks for.
    func update(_ pod: Pod, resizePending: PodCondition? = nil) {
        // These may be in files of its volumes.
        if pod.metadata.labels != self.pod.metadata.labels
            || pod.metadata.annotations != self.pod.metadata.annotations
        {
            nextRefresh = .now
        }
        self.pod = pod
        status.takeConditions(of: pod.status)
        self.resizePending = resizePending
        isSettled = false
        wakeup.signal()
    }

    /// What is under way is interrupted. A shorter grace period than before counts at once, a longer one not at all.
    func end(_ end: End) {
        let end = end.told(to: pod)
        switch (self.end, end) {
        case (.deleted?, .failed): return
        case (.deleted(let old?)?, .deleted(let new?)) where new >= old: return
        case (let old?, let new) where old == new: return
        default: break
        }
        self.end = end
        endTold = .now
        isSettled = false
        step?.cancel()
        wakeup.signal()
    }

    // MARK: The loop

    /// Returns when nothing of the pod is left.
    func run() async {
        while !Task.isCancelled {
            due = nil
            let step = Task { await self.sync() }
            self.step = step
            let isGone = await withTaskCancellationHandler {
                await step.value
            } onCancel: {
                step.cancel()
            }
            self.step = nil
            if isGone { return }
            await wakeup.wait(until: due)
        }
    }

    func isDue(at time: ContinuousClock.Instant) { due = min(due ?? time, time) }

    /// - Returns: whether the pod is gone.
    private func sync() async -> Bool {
        do {
            try await look()
            if let end { return try await finish(end) }
            if let failure = overDeadline() {
                services.events.record(.normal, failure.reason, failure.message, pod: pod)
                end(.failed(failure, grace: nil))
                wakeup.signal()
                return false
            }
            let plan = currentPlan
            publish(plan)
            if plan.isFinished {
                try await settle(plan)
                return false
            }
            try await carryOut(plan)
        } catch is CancellationError {
            // Something else is wanted now.
        } catch {
            if !Task.isCancelled { report(error) }
        }
        return false
    }

    /// What the runtime has now, and what its containers have said at their end.
    func look() async throws {
        runtime = try await services.runtime.pod(uid: uid, known: runtime)
        guard var now = runtime else { return }
        for index in now.containers.indices {
            let record = now.containers[index]
            if record.state == .running {
                track(record)
            } else {
                services.probes.ended(record, of: uid)
            }
            // Once: the runtime's pod keeps the records of what has ended from look to look.
            if record.state == .exited, record.lastWords == nil {
                now.containers[index].lastWords = LastWords.read(record, pod, services.settings)
            }
        }
        runtime = now
        linkLogs()
    }

    private func track(_ record: ContainerRecord) {
        guard let container = pod.everyContainer.first(where: { $0.name == record.name }),
            container.role == .main || container.role == .sidecar
        else { return }
        let address = (pod.spec.hostNetwork ? services.settings.hostIPs : runtime?.readySandbox?.ips ?? [])
            .first
        let old = adopted?.status(of: container)
        services.probes.track(
            record, container, of: pod, address: address ?? "127.0.0.1",
            adopted: old?.containerID.hasSuffix(record.id) == true ? old : nil)
    }

    var currentPlan: PodPlan {
        PodPlan.make(pod, runtime, probes: services.probes.verdicts(of: uid), before: status)
    }

    // MARK: Status

    func publish(_ plan: PodPlan) {
        for container in pod.everyContainer where runtime?.latest(container.name)?.state == .running {
            failures[container.name] = nil
        }
        var builder = PodStatusBuilder(
            pod: pod, runtime: runtime, plan: plan, before: status, hostIPs: services.settings.hostIPs,
            runtimeName: services.runtimeName, now: .now)
        builder.failures = failures
        builder.probes = services.probes.verdicts(of: uid)
        builder.isTerminating = end != nil
        builder.mountsRecursivelyReadOnly = services.features.mountsRecursivelyReadOnly(for: pod)
        builder.actualResources = actualResources
        builder.resizeConditions = [resizePending, resizing].compactMap { $0 }
        if case .failed(let failure, _) = end { builder.failure = failure }
        status = builder.make()
        if status.phase != .pending, let seen = firstSeen {
            firstSeen = nil
            if status.phase == .running { services.counters.podRuns(after: .now - seen) }
        }
        var said = pod
        said.status = status
        // Also where no source says so: who asks sees that it is on its way out.
        if case .deleted(let grace) = end, !pod.isTerminating {
            let seconds = max(0, grace ?? pod.grace)
            said.metadata.deletionTimestamp = endTold + .seconds(min(seconds, PodWorker.longestGrace))
            said.metadata.deletionGracePeriodSeconds = seconds
        }
        services.statuses.publish(said)
    }

    /// `activeDeadlineSeconds`.
    private func overDeadline() -> PodFailure? {
        guard let seconds = pod.spec.activeDeadlineSeconds, let start = status.startTime,
            status.phase != .succeeded, status.phase != .failed
        else { return nil }
        let left = start + .seconds(seconds) - .now
        if left > .zero {
            isDue(at: .now + left)
            return nil
        }
        return PodFailure(
            reason: "DeadlineExceeded",
            message: "Pod was active on the node longer than the specified deadline")
    }

    /// What kept a step from its end; it is tried again.
    private func report(_ error: any Error) {
        let key = "step"
        retries.next(key, now: .now)
        let wait = retries.waitEnd(key, ended: .now, now: .now)?.end ?? .now + Self.retry.first
        isDue(at: wait)
        if !(error is ToldError) {
            log.error("\(error)")
            services.events.record(.warning, "FailedSync", "Error: \(error)", pod: pod)
        }
    }

    // MARK: The end

    private func finish(_ end: End) async throws -> Bool {
        switch end {
        case .deleted(let grace):
            // An agent that finds it so has said nothing of it yet; of what nobody knows any more nothing is said.
            if pod.isTerminating || services.statuses.pod(uid) != nil { publish(currentPlan) }
            try await stopEverything(grace: grace ?? pod.grace)
            try await removeEverything()
            return true
        case .failed(_, let grace):
            if isSettled { return false }
            try await stopEverything(grace: grace ?? pod.grace)
            try await look()
            publish(currentPlan)
            try await release()
            isSettled = true
            return false
        }
    }

    /// A pod whose containers have all ended: its sandbox and volumes go, its containers stay, with logs and codes.
    private func settle(_ plan: PodPlan) async throws {
        if isSettled { return }
        if !plan.stops.isEmpty {
            try await stopEverything(grace: pod.grace)
            try await look()
            publish(currentPlan)
        }
        for sandbox in runtime?.sandboxes ?? [] where sandbox.isReady {
            try await services.runtime.stopSandbox(sandbox.id)
        }
        try await look()
        publish(currentPlan)
        try await release()
        isSettled = true
    }

    // MARK: Volumes that change

    /// Config maps and secrets that a running pod sees.
    func refreshVolumes() async throws {
        guard mounts != nil else { return }
        if .now >= nextRefresh {
            nextRefresh = .now + services.settings.kubelet.syncFrequency
            _ = try await services.volumes.update(pod)
        }
        isDue(at: nextRefresh)
    }

    /// Something that pods are made of has changed.
    func objectsChanged() {
        nextRefresh = .now
        // What failed for want of it is tried again at once.
        retries = RestartBackoff(initial: Self.retry.first, longest: Self.retry.longest)
        wakeup.signal()
    }
}

/// A failure that was told as an event already.
struct ToldError: Error {}
