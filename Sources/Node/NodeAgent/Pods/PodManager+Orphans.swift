import KubernetesAPI
import LinuxKernel
import Logging

/// What is still there of pods that nobody wants any more.
extension PodManager {
    /// A pod of the runtime that no source has, or only as one that is to end. The former goes on ending where an agent
    /// before has begun with that, else it ends as its containers' annotations say.
    func end(orphan uid: String, as known: Pod? = nil) async {
        do {
            guard let found = try await services.runtime.pod(uid: uid) else {
                if entries[uid] == nil { present?[uid] = nil }
                return
            }
            let remains = Pod(remainsOf: found)
            let ending = known == nil ? services.records.ending(remains) : nil
            let pod = known ?? ending ?? remains
            // Somebody may have wanted it, or have ended it, meanwhile.
            guard entries[uid] == nil else { return }
            log.notice("a pod that nobody wants ends", metadata: ["pod": "\(pod.fullName)", "uid": "\(uid)"])
            let adopted = known == nil ? ending?.status : services.records.status(of: pod)
            let end = PodWorker.End.deleted(grace: ending?.graceLeft)
            let worker = PodWorker(pod, services: services, adopted: adopted, end: end)
            start(worker, pod, AllocatedResources(pod), isEnding: true)
        } catch {
            log.warning("look at pod \(uid): \(error)")
        }
    }

    /// Ends a pod of the runtime that has the uid of this one and another name: nothing of the one becomes the other's.
    /// - Returns: whether this one has to wait for that.
    func endPredecessor(of pod: Pod) async -> Bool {
        let uid = pod.metadata.uid
        guard let name = present?[uid], !name.isEmpty, name != pod.fullName else { return false }
        // A source that has said nothing yet may want it.
        guard isComplete else { return true }
        await end(orphan: uid)
        return entries[uid] != nil || present?[uid] != nil
    }

    /// Folders of pods that neither a source nor the runtime has, and what only these have used. One that cannot be
    /// cleaned holds up no other.
    func cleanFolders(_ wanted: [String: Pod]) async {
        do {
            let folders = try AgentFiles.names(in: "\(services.settings.root)/pods")
            let kept = try Set(folders).union(services.records.uids())
            for uid in kept.sorted()
            where wanted[uid] == nil && entries[uid] == nil && present?[uid] == nil {
                await clean(uid)
            }
            try await services.volumes.releaseDevices()
        } catch {
            log.warning("clean up after pods that are gone: \(error)")
        }
    }

    private func clean(_ uid: String) async {
        do {
            try removeLogs(uid)
            try await services.volumes.unmount(uid: uid)
            try await services.resources.remove(uid)
            try removeTree(try services.settings.folder(ofPod: uid))
            services.users.forget(uid)
            services.records.forget(uid)
        } catch {
            log.warning("clean up after pod \(uid), which is gone: \(error)")
        }
    }

    /// Of a pod whose name is not known any more.
    private func removeLogs(_ uid: String) throws {
        let folder = services.settings.kubelet.podLogsDir
        for name in try AgentFiles.names(in: folder) where name.hasSuffix("_" + uid) {
            try removeTree("\(folder)/\(name)")
            services.logLinks.clean(of: "\(folder)/\(name)")
        }
    }
}

extension Pod {
    /// Seconds, of one that ends already.
    fileprivate var graceLeft: Int64? {
        guard let end = metadata.deletionTimestamp else { return nil }
        if let whole = metadata.deletionGracePeriodSeconds, whole <= 0 { return 0 }
        return max(PodWorker.shortestGrace, (end - .now).components.seconds)
    }

    /// What the runtime tells of a pod whose manifest is gone.
    fileprivate init(remainsOf found: RuntimePod) {
        self.init()
        metadata.uid = found.uid
        metadata.name = found.name
        metadata.namespace = found.namespace
        spec.terminationGracePeriodSeconds =
            found.containers.compactMap { $0.annotations[PodLabels.podGrace].flatMap { Int64($0) } }.max()
    }
}
