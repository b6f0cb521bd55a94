import KubernetesAPI
import Logging

/// What pods are given of the node, and which of them may begin.
extension PodManager {
    /// A pod that is there already, perhaps with other resources.
    func change(_ uid: String, to pod: Pod) async {
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

    private func files(_ uid: String) throws(FolderNameError) -> ResourceFiles {
        ResourceFiles(folder: try services.settings.folder(ofPod: uid))
    }

    /// What a pod that begins has: as an agent before has given it, else what it asks for.
    func allocate(_ pod: Pod, isPresent: Bool) -> AllocatedResources {
        let uid = pod.metadata.uid
        if isPresent {
            do {
                if let before = try files(uid).allocated() {
                    return AllocatedResources(before.applied(to: pod))
                }
            } catch {
                log.warning("pod \(pod.fullName) is given what its manifest asks for: \(error)")
            }
        }
        do {
            try files(uid).write(AllocatedResources(pod))
        } catch {
            log.error("write down what pod \(pod.fullName) was given: \(error)")
        }
        return AllocatedResources(pod)
    }

    // MARK: Who may begin

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

    /// Without those that are no longer wanted: what one of them holds still, its successor gets.
    private var podsThatStay: [Pod] {
        activePods.filter { entries[$0.metadata.uid]?.isEnding != true }
    }

    /// Why a pod may not begin; one that is there already has begun.
    func refusal(of pod: Pod, isPresent: Bool) -> PodFailure? {
        if !isPresent {
            if let failure = MissingFeatures.refusal(of: pod) { return failure }
            if let failure = services.admission.refusal(of: pod) { return failure }
            let qosClass = services.resources.qosClass(of: pod)
            if let failure = services.pressure.refusal(of: pod, qosClass: qosClass) {
                refused.insert(pod.metadata.uid)
                return failure
            }
            // Before others make room for a pod that could not begin even so.
            if let failure = HostPorts.refusal(of: pod, beside: podsThatStay) { return failure }
            if let failure = lackOfRoom(for: pod) { return failure }
        }
        return services.resources.assign(pod)
    }

    // MARK: Now and then

    /// Until the task is cancelled: removes groups of pods that are gone, and looks again at what had to wait.
    package func lookAfterResources() async {
        while !Task.isCancelled {
            if isComplete, let present {
                // Pods that have ended meanwhile may have made room.
                for (uid, entry) in entries where entry.pending != nil { await change(uid, to: entry.pod) }
                do {
                    try await services.resources.sweep(known: Set(present.keys).union(entries.keys))
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
}
