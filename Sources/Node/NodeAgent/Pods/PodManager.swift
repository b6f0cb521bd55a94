import KubernetesAPI
import Logging

/// All pods of a node: those that its sources want, and those that are still there and nobody wants any more.
package actor PodManager {
    struct Entry {
        let worker: PodWorker
        let task: Task<Void, Never>
        var isEnding = false
        /// By an earlier agent's word.
        let hadEnded: Bool
        /// As its source has it.
        var pod: Pod
        var allocated: AllocatedResources
        /// Whether it was told of a change that it cannot have now.
        var pending: PodCondition?

        /// With what it was given.
        var allocatedPod: Pod { allocated.applied(to: pod) }
    }

    let services: AgentServices
    private let sourceNames: Set<String>
    var states: [String: SourceState] = [:]
    var entries: [String: Entry] = [:]
    /// Pods that have failed as a whole, by uid: they stay so.
    var failures: [String: PodFailure] = [:]
    /// Of these the ones that a shortage of the node kept from beginning.
    var refused: Set<String> = []
    /// Where the pod of a name came from last.
    var homes: [String: PodOrigin] = [:]
    var told: Set<String> = []
    /// What the runtime has, by uid: full names, empty where it has not told them; nil before the first look.
    var present: [String: String]?
    /// Pods that have ended here, and when: what the runtime finishes of one of them afterwards is nobody's, whatever
    /// may be in a manifest that cannot be read.
    private var endedHere: [String: ContinuousClock.Instant] = [:]
    /// Longer than the runtime takes to finish what was asked of it.
    private static let afterEnd: Duration = .seconds(600)
    /// Whether somebody decides, and whether something was told meanwhile.
    private var isDeciding = false, isOutdated = false
    private var isStopping = false
    let log: Logger

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

    /// The pods that the runtime has: their full names, by uid.
    package func seen(_ pods: [String: String]) async {
        let isFirst = present == nil
        // Whoever made one whose uid leads elsewhere, it was no agent.
        let pods = pods.filter { FolderName.isOne($0.key) }
        present = pods
        if isFirst || pods.keys.contains(where: { entries[$0] == nil }) { await reconcile() }
    }

    /// Something of a pod has changed: in the runtime, or what its probes say.
    package func poke(_ uid: String) async {
        if let entry = entries[uid] { return entry.worker.wakeup.signal() }
        // Nobody's: what was under way when its pod was removed may have come to its end only now.
        guard !isStopping, present != nil, FolderName.isOne(uid) else { return }
        guard knowsAll || endedHere[uid] != nil else {
            // Whether somebody wants it is not known now: a manifest is half written, say.
            if present?[uid] == nil { present?[uid] = "" }
            return
        }
        let wanted = wantedPods()[uid]?.pod
        guard wanted?.isTerminating != false else { return }
        await end(orphan: uid, as: wanted)
    }

    package func objectsChanged() async {
        for entry in entries.values { await entry.worker.objectsChanged() }
    }

    /// What every pod's status says of the node is another.
    package func nodeChanged() {
        for entry in entries.values { entry.worker.wakeup.signal() }
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
        entries.values.filter(holdsSomething).map(\.allocatedPod)
    }

    private func holdsSomething(_ entry: Entry) -> Bool {
        let uid = entry.pod.metadata.uid
        // Its worker may have said nothing yet.
        let hasEnded = services.statuses.pod(uid)?.status.hasEnded ?? entry.hadEnded
        return failures[uid] == nil && !hasEnded
    }

    /// Those that could be evicted.
    package var evictablePods: [Pod] {
        entries.values.filter { failures[$0.pod.metadata.uid] == nil && !$0.isEnding }.map(\.pod)
    }

    // MARK: What follows

    /// One decision at a time: it takes calls to the runtime, and what is told during one counts in the next.
    private func reconcile() async {
        isOutdated = true
        if isDeciding { return }
        isDeciding = true
        defer { isDeciding = false }
        while isOutdated {
            isOutdated = false
            await decide()
        }
    }

    private func decide() async {
        guard !isStopping, let present else { return }
        let claims = wantedPods()
        let wanted = claims.mapValues(\.pod)
        // Another pod may have the uid of one that is gone: it begins when nothing of that is left.
        for (uid, entry) in entries where wanted[uid]?.fullName != entry.pod.fullName && !entry.isEnding {
            guard isComplete else { continue }
            entries[uid]?.isEnding = true
            await entry.worker.end(.deleted(grace: nil))
        }
        // Before others begin: one of them may have the name of one that ends.
        if knowsAll {
            for uid in present.keys where entries[uid] == nil && wanted[uid] == nil { await end(orphan: uid) }
        }
        // Those that are there already first: whoever is new gets what they leave.
        func order(_ pod: Pod) -> (Int, String) { (present[pod.metadata.uid] == nil ? 1 : 0, pod.fullName) }
        for pod in wanted.values.sorted(by: { order($0) < order($1) }) {
            let uid = pod.metadata.uid
            if let entry = entries[uid] {
                if entry.pod.fullName != pod.fullName { continue }
                await change(uid, to: pod)
                if pod.isTerminating {
                    entries[uid]?.isEnding = true
                    // Also one that ends already: its grace period may be shorter now.
                    await entry.worker.end(.deleted(grace: pod.metadata.deletionGracePeriodSeconds))
                }
                continue
            }
            if await endPredecessor(of: pod) { continue }
            let isPresent = self.present?[uid] != nil
            if pod.isTerminating {
                // It never begins: not again, when its source still lists it, and not for an agent that finds it so.
                if isPresent { await end(orphan: uid, as: pod) }
                continue
            }
            // Its predecessor of the same name has to be gone first: they share a hostname, ports and a log folder.
            if entries.values.contains(where: { $0.pod.fullName == pod.fullName }) { continue }
            begin(pod, isPresent: isPresent)
            await change(uid, to: pod)
        }
        keepHomes(claims)
        if knowsAll { await cleanFolders(wanted.filter { !$0.value.isTerminating }) }
    }

    /// Every source has said what it has.
    var isComplete: Bool { sourceNames.isSubset(of: states.keys) }

    /// And none has something that could never be read: a pod that nobody seems to want may be in it.
    var knowsAll: Bool { isComplete && !states.values.contains(where: \.mayHaveMore) }

    private func begin(_ pod: Pod, isPresent: Bool) {
        let uid = pod.metadata.uid
        let adopted = services.statuses.pod(uid)?.status ?? services.records.status(of: pod)
        if failures[uid] == nil { failures[uid] = adopted?.failure }
        if failures[uid] == nil, adopted?.hasEnded != true,
            let failure = refusal(of: pod, isPresent: isPresent)
        {
            failures[uid] = failure
            // The next agent decides anew, as a kubelet does about a static pod: there is no API server that remembers.
            services.records.fail(pod, failure, isKept: false)
            services.events.record(.warning, failure.reason, failure.message, pod: pod)
        }
        // Known from the start, and told of its end before it runs: whoever comes between finds it.
        let end = failures[uid].map { PodWorker.End.failed($0, grace: nil) }
        let allocated = allocate(pod, isPresent: isPresent)
        let worker = PodWorker(allocated.applied(to: pod), services: services, adopted: adopted, end: end)
        start(worker, pod, allocated, hadEnded: adopted?.hasEnded == true)
    }

    func start(
        _ worker: PodWorker, _ pod: Pod, _ allocated: AllocatedResources, isEnding: Bool = false,
        hadEnded: Bool = false
    ) {
        let uid = pod.metadata.uid
        let task = Task {
            await worker.run()
            await self.gone(uid)
        }
        entries[uid] = Entry(
            worker: worker, task: task, isEnding: isEnding, hadEnded: hadEnded, pod: pod, allocated: allocated
        )
    }

    private func gone(_ uid: String) async {
        guard !isStopping else { return }
        entries[uid] = nil
        failures[uid] = nil
        refused.remove(uid)
        present?[uid] = nil
        let now = ContinuousClock.now
        endedHere = endedHere.filter { now - $0.value < Self.afterEnd }
        endedHere[uid] = now
        // A successor of the same name may be waiting.
        await reconcile()
        // And what the runtime has finished since the worker's last look is nobody's now.
        await poke(uid)
    }

    // MARK: The end of the agent

    /// Lets go of all pods; they go on.
    package func stop() async {
        isStopping = true
        for entry in entries.values { entry.task.cancel() }
        for entry in entries.values { await entry.task.value }
    }
}
