import Glibc
import KubernetesAPI
import Logging

/// All pods of a node: those that its sources want, and those that are still there and nobody wants any more.
package actor PodManager {
    private struct Entry {
        let worker: PodWorker
        let task: Task<Void, Never>
        var isEnding = false
        /// As its source has it.
        var pod: Pod
        var allocated: AllocatedResources
        /// Whether it was told of a change that it cannot have now.
        var pending: PodCondition?

        /// With what it was given.
        var allocatedPod: Pod { allocated.applied(to: pod) }
    }

    private let services: AgentServices
    private let sourceNames: Set<String>
    private var states: [String: SourceState] = [:]
    private var entries: [String: Entry] = [:]
    /// Pods that have failed as a whole, by uid: they stay so.
    private var failures: [String: PodFailure] = [:]
    /// Of these the ones that a shortage of the node kept from beginning.
    private var refused: Set<String> = []
    private var told: Set<String> = []
    /// What the runtime has; nil before the first look.
    private var present: Set<String>?
    private var isStopping = false
    private let log: Logger

    /// - Parameter sources: the names of those whose word is waited for before pods that nobody wants are removed.
    package init(services: AgentServices, sources: Set<String>) {
        self.services = services
        sourceNames = sources
        log = services.log
    }

    // MARK: What is told

    package func apply(_ state: SourceState) async {
        states[state.source] = state
        await reconcile()
    }

    /// The pods that the runtime has.
    package func seen(_ uids: Set<String>) async {
        let isFirst = present == nil
        present = uids
        let orphans = uids.subtracting(entries.keys)
        if isFirst || !orphans.isEmpty { await reconcile() }
    }

    /// Something of a pod has changed: in the runtime, or what its probes say.
    package func poke(_ uid: String) async {
        if let entry = entries[uid] { return entry.worker.wakeup.signal() }
        // Nobody's: what was under way when its pod was removed may have come to its end only now.
        guard !isStopping, present != nil, knowsAll, wantedPods()[uid] == nil else { return }
        await end(orphan: uid)
    }

    package func objectsChanged() async {
        for entry in entries.values { await entry.worker.objectsChanged() }
    }

    /// Ends a pod that its source still wants: for want of memory or disk, or with the node.
    /// - Parameter isKept: it stays ended for the agents that come after this one, too.
    package func evict(_ uid: String, _ failure: PodFailure, grace: Int64?, isKept: Bool = false) async {
        guard let entry = entries[uid], !entry.isEnding else { return }
        failures[uid] = failure
        services.records.fail(services.statuses.pod(uid) ?? entry.pod, failure, isKept: isKept)
        await entry.worker.end(.failed(failure, grace: grace))
    }

    /// The node has enough of everything again: pods that had to stay out for that come in. A manifest is what the node
    /// is for, and there is nobody else to make the pod anew.
    package func pressureEnded() async {
        for uid in refused {
            guard let entry = entries[uid], !entry.isEnding else { continue }
            entries[uid]?.isEnding = true
            await entry.worker.end(.deleted(grace: 0))
        }
    }

    package var podCount: Int { entries.count }

    /// Those that hold something of the node.
    package var activePods: [Pod] {
        entries.values.filter { holdsSomething($0.pod.metadata.uid) }.map(\.allocatedPod)
    }

    private func holdsSomething(_ uid: String) -> Bool {
        let phase = services.statuses.pod(uid)?.status.phase
        return failures[uid] == nil && phase != .succeeded && phase != .failed
    }

    /// Those that could be evicted.
    package var evictablePods: [Pod] {
        entries.values.filter { failures[$0.pod.metadata.uid] == nil && !$0.isEnding }.map(\.pod)
    }

    // MARK: What follows

    private func reconcile() async {
        guard !isStopping, let present else { return }
        let wanted = wantedPods()
        for (uid, entry) in entries where wanted[uid] == nil && !entry.isEnding {
            guard isComplete else { continue }
            entries[uid]?.isEnding = true
            await entry.worker.end(.deleted(grace: nil))
        }
        // The oldest first, as they came in their sources.
        for pod in wanted.values.sorted(by: { ($0.fullName) < ($1.fullName) }) {
            let uid = pod.metadata.uid
            if let entry = entries[uid] {
                await change(uid, to: pod)
                if pod.metadata.deletionTimestamp != nil, !entry.isEnding {
                    entries[uid]?.isEnding = true
                    await entry.worker.end(.deleted(grace: pod.metadata.deletionGracePeriodSeconds))
                }
                continue
            }
            // Its predecessor of the same name has to be gone first: they share a hostname, ports and a log folder.
            if entries.values.contains(where: { $0.pod.fullName == pod.fullName }) { continue }
            begin(pod, isPresent: present.contains(uid))
            await change(uid, to: pod)
        }
        guard knowsAll else { return }
        for uid in present where entries[uid] == nil && wanted[uid] == nil { await end(orphan: uid) }
        await cleanFolders(wanted)
    }

    /// Every source has said what it has.
    private var isComplete: Bool { sourceNames.isSubset(of: states.keys) }

    /// And none has something that could never be read: a pod that nobody seems to want may be in it.
    private var knowsAll: Bool { isComplete && !states.values.contains(where: \.mayHaveMore) }

    /// By uid. Of two pods with one name the first one counts.
    private func wantedPods() -> [String: Pod] {
        var result: [String: Pod] = [:]
        var owners: [String: Pod] = [:]
        for source in states.keys.sorted() {
            for pod in states[source]?.pods ?? [] {
                if let owner = owners[pod.fullName], owner.metadata.uid != pod.metadata.uid {
                    let message =
                        "pod \(pod.fullName) is there twice: the one with uid \(owner.metadata.uid) runs, the one "
                        + "with uid \(pod.metadata.uid) does not"
                    if told.insert(message).inserted { log.error("\(message)") }
                    continue
                }
                owners[pod.fullName] = pod
                result[pod.metadata.uid] = pod
            }
        }
        return result
    }

    /// A pod that is there already, perhaps with other resources.
    private func change(_ uid: String, to pod: Pod) async {
        guard let entry = entries[uid] else { return }
        let others = activePods.filter { $0.metadata.uid != uid }
        var allocated = entry.allocated
        let decision = ResizeDecision.make(
            desired: pod, allocated: allocated, beside: others, services.resources)
        if decision == .granted {
            allocated = AllocatedResources(pod)
            do {
                try files(uid).write(allocated)
            } catch {
                log.error("resize of pod \(pod.fullName): \(error)")
                return
            }
        }
        let pending = decision.condition
        guard entry.pod != pod || entry.allocated != allocated || entry.pending != pending else { return }
        if let pending, pending != entry.pending {
            services.events.record(.warning, "Resize\(pending.reason)", pending.message, pod: pod)
        }
        entries[uid]?.pod = pod
        entries[uid]?.allocated = allocated
        entries[uid]?.pending = pending
        await entry.worker.update(allocated.applied(to: pod), resizePending: pending)
    }

    private func files(_ uid: String) -> ResourceFiles {
        ResourceFiles(folder: services.settings.folder(ofPod: uid))
    }

    /// What a pod that begins has: as an agent before has given it, else what it asks for.
    private func allocate(_ pod: Pod, isPresent: Bool) -> AllocatedResources {
        let uid = pod.metadata.uid
        do {
            if isPresent, let before = try files(uid).allocated() {
                return AllocatedResources(before.applied(to: pod))
            }
            try files(uid).write(AllocatedResources(pod))
        } catch {
            log.error("write down what pod \(pod.fullName) was given: \(error)")
        }
        return AllocatedResources(pod)
    }

    /// Why a pod does not fit; room is made for a critical one.
    private func lackOfRoom(for pod: Pod) -> PodFailure? {
        let resources = services.resources
        let others = activePods
        guard let refusal = resources.admit(pod, beside: others) else { return nil }
        guard pod.isCritical,
            let victims = Preemption.victims(
                for: pod, among: others, qosClass: resources.qosClass,
                fits: { resources.admit(pod, beside: $0) == nil })
        else { return refusal }
        log.notice("pods make room for \(pod.fullName): \(refusal.message)")
        for victim in victims {
            guard let entry = entries[victim.metadata.uid] else { continue }
            failures[victim.metadata.uid] = Preemption.failure
            services.records.fail(victim, Preemption.failure, isKept: true)
            services.events.record(.warning, "Preempting", Preemption.failure.message, pod: victim)
            Task { await entry.worker.end(.failed(Preemption.failure, grace: nil)) }
        }
        return nil
    }

    /// Why a pod may not begin; one that is there already has begun.
    /// - Returns: also whether it may not begin under the next agent either: what the node lacks now, or is about to do,
    ///   is over then.
    private func refusal(of pod: Pod, isPresent: Bool) -> (failure: PodFailure, isKept: Bool)? {
        if !isPresent {
            if let failure = services.admission.refusal(of: pod) { return (failure, false) }
            let qosClass = services.resources.qosClass(of: pod)
            if let failure = services.pressure.refusal(of: pod, qosClass: qosClass) {
                refused.insert(pod.metadata.uid)
                return (failure, false)
            }
            if let failure = lackOfRoom(for: pod) { return (failure, true) }
        }
        return services.resources.assign(pod).map { ($0, true) }
    }

    private func begin(_ pod: Pod, isPresent: Bool) {
        let uid = pod.metadata.uid
        let adopted = services.statuses.pod(uid)?.status ?? services.records.status(of: uid)
        if failures[uid] == nil { failures[uid] = adopted?.failure }
        if failures[uid] == nil, adopted?.hasEnded != true,
            let (failure, isKept) = refusal(of: pod, isPresent: isPresent)
        {
            failures[uid] = failure
            services.records.fail(pod, failure, isKept: isKept)
            services.events.record(.warning, failure.reason, failure.message, pod: pod)
        }
        // Known from the start, and told of its end before it runs: whoever comes between finds it.
        let end = failures[uid].map { PodWorker.End.failed($0, grace: nil) }
        let allocated = allocate(pod, isPresent: isPresent)
        let worker = PodWorker(allocated.applied(to: pod), services: services, adopted: adopted, end: end)
        start(worker, pod, allocated)
    }

    private func start(
        _ worker: PodWorker, _ pod: Pod, _ allocated: AllocatedResources, isEnding: Bool = false
    ) {
        let uid = pod.metadata.uid
        let task = Task {
            await worker.run()
            await self.gone(uid)
        }
        entries[uid] = Entry(worker: worker, task: task, isEnding: isEnding, pod: pod, allocated: allocated)
    }

    private func gone(_ uid: String) async {
        guard !isStopping else { return }
        entries[uid] = nil
        failures[uid] = nil
        refused.remove(uid)
        present?.remove(uid)
        // A successor of the same name may be waiting.
        await reconcile()
        // And what the runtime has finished since the worker's last look is nobody's now.
        await poke(uid)
    }

    // MARK: What nobody wants

    /// A pod of the runtime that no source has: it ends as its containers' annotations say.
    private func end(orphan uid: String) async {
        do {
            guard let found = try await services.runtime.pod(uid: uid) else { return }
            var pod = Pod()
            pod.metadata.uid = uid
            pod.metadata.name = found.name
            pod.metadata.namespace = found.namespace
            pod.spec.terminationGracePeriodSeconds =
                found.containers.compactMap { $0.annotations[PodLabels.podGrace].flatMap { Int64($0) } }.max()
            // Somebody may have wanted it, or have ended it, meanwhile.
            guard entries[uid] == nil else { return }
            log.notice("a pod that nobody wants ends", metadata: ["pod": "\(pod.fullName)", "uid": "\(uid)"])
            let worker = PodWorker(pod, services: services, adopted: nil, end: .deleted(grace: nil))
            start(worker, pod, AllocatedResources(pod), isEnding: true)
        } catch {
            log.warning("look at pod \(uid): \(error)")
        }
    }

    /// Folders of pods that neither a source nor the runtime has.
    private func cleanFolders(_ wanted: [String: Pod]) async {
        do {
            let kept = try AgentFiles.names(in: "\(services.settings.root)/pods") + services.records.uids()
            for uid in kept
            where wanted[uid] == nil && entries[uid] == nil && present?.contains(uid) != true {
                try removeLogs(uid)
                try await services.volumes.unmount(uid: uid)
                try await services.resources.remove(uid)
                try AgentFiles.removeTree(services.settings.folder(ofPod: uid))
                services.users.forget(uid)
                services.records.forget(uid)
            }
        } catch {
            log.warning("clean up after pods that are gone: \(error)")
        }
    }

    /// Of a pod whose name is not known any more.
    private func removeLogs(_ uid: String) throws {
        let folder = services.settings.kubelet.podLogsDir
        for name in try AgentFiles.names(in: folder) where name.hasSuffix("_" + uid) {
            try AgentFiles.removeTree("\(folder)/\(name)")
        }
    }

    /// Now and then, until the task is cancelled: removes groups of pods that are gone, and looks again at what had to wait.
    package func lookAfterResources() async {
        while !Task.isCancelled {
            if isComplete, let present {
                // Pods that have ended meanwhile may have made room.
                for (uid, entry) in entries where entry.pending != nil { await change(uid, to: entry.pod) }
                do {
                    try await services.resources.sweep(known: present.union(entries.keys))
                } catch {
                    log.warning("remove groups of pods that are gone: \(error)")
                }
            }
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                return
            }
        }
    }

    // MARK: The end of the agent

    /// Lets go of all pods; they go on.
    package func stop() async {
        isStopping = true
        for entry in entries.values { entry.task.cancel() }
        for entry in entries.values { await entry.task.value }
    }
}
