import KubernetesAPI
import PodProbes
import Synchronization

/// What the probes of this node's containers say, by container id.
package final class ProbeKeeper: Sendable {
    fileprivate struct State {
        var verdicts: [String: ProbeVerdict] = [:]
        /// The ids of each pod's containers.
        var ids: [String: Set<String>] = [:]
        /// Probes' own grace periods, by container id and kind.
        var graces: [String: [ProbeKind: Int64]] = [:]
    }

    private let scheduler: ProbeScheduler
    private let events: EventRecorder
    private let statuses: StatusBook
    private let state = Mutex(State())

    package init(scheduler: ProbeScheduler, events: EventRecorder, statuses: StatusBook) {
        self.scheduler = scheduler
        self.events = events
        self.statuses = statuses
    }

    /// Follows the results until the scheduler is stopped.
    /// - Parameter changed: the uid of a pod for which something else holds now.
    package func run(_ changed: @Sendable (String) -> Void) async {
        for await report in scheduler.reports {
            if let message = report.eventMessage, let pod = statuses.pod(report.pod.uid) {
                let container = pod.everyContainer.first { $0.name == report.container }
                let reason = report.answer?.verdict == .warning ? "ProbeWarning" : "Unhealthy"
                events.record(.warning, reason, message, pod: pod, container: container)
            }
            if report.isChange, note(report) { changed(report.pod.uid) }
        }
    }

    private func note(_ report: ProbeReport) -> Bool {
        state.withLock { state in
            guard var verdict = state.verdicts[report.containerID] else { return false }
            let before = verdict
            switch report.kind {
            case .startup:
                verdict.isStarted = report.result == .success
                verdict.failed = report.result == .failure ? state.failure(report) : nil
            case .liveness: verdict.failed = report.result == .failure ? state.failure(report) : nil
            case .readiness: verdict.isReady = report.result == .success
            }
            state.verdicts[report.containerID] = verdict
            return verdict != before
        }
    }

    /// A container runs.
    /// - Parameter adopted: it ran before this agent was started, and this is what its status said.
    func track(
        _ record: ContainerRecord, _ container: PodContainer, of pod: Pod, address: String,
        adopted: ContainerStatus?
    ) {
        let probes = ProbeTranslation(container: container.container, address: address).probes()
        if probes.isEmpty { return }
        let isKnown = state.withLock { state -> Bool in
            if state.verdicts[record.id] != nil { return true }
            state.verdicts[record.id] = ProbeVerdict(
                isStarted: probes[.startup] == nil || adopted?.started == true, failed: nil,
                isReady: probes[.readiness] == nil || adopted?.ready == true)
            state.ids[pod.metadata.uid, default: []].insert(record.id)
            state.graces[record.id] = probes.compactMapValues(\.terminationGracePeriodSeconds)
            return false
        }
        if isKnown { return }
        scheduler.track(
            ProbedContainer(
                pod: ProbedPod(
                    uid: pod.metadata.uid, namespace: pod.metadata.namespace, name: pod.metadata.name),
                name: container.name, id: record.id,
                age: .now - ContinuousClock.Instant(unixNanoseconds: record.startedAt), probes: probes,
                adopted: adopted.map { .init(hasStarted: $0.started == true, isReady: $0.ready) }))
    }

    func ended(_ record: ContainerRecord, of uid: String) {
        let isKnown = state.withLock { state in
            state.ids[uid]?.remove(record.id)
            state.graces[record.id] = nil
            return state.verdicts.removeValue(forKey: record.id) != nil
        }
        if isKnown { scheduler.ended(pod: uid, container: record.name, id: record.id) }
    }

    func terminating(_ uid: String) { scheduler.terminating(pod: uid) }

    func forget(_ uid: String) {
        state.withLock { state in
            for id in state.ids.removeValue(forKey: uid) ?? [] {
                state.verdicts[id] = nil
                state.graces[id] = nil
            }
        }
        scheduler.forget(pod: uid)
    }

    func verdicts(of uid: String) -> [String: ProbeVerdict] {
        state.withLock { state in
            var result: [String: ProbeVerdict] = [:]
            for id in state.ids[uid] ?? [] { result[id] = state.verdicts[id] }
            return result
        }
    }
}

extension ProbeKeeper.State {
    fileprivate func failure(_ report: ProbeReport) -> ProbeVerdict.Failure {
        .init(kind: report.kind.rawValue.lowercased(), grace: graces[report.containerID]?[report.kind])
    }
}
