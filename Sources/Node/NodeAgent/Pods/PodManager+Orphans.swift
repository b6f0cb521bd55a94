import KubernetesAPI
import LinuxKernel
import Logging

/// What is still there of pods that nobody wants any more.
extension PodManager {
    /// A pod of the runtime that no source has: it ends as its containers' annotations say.
    func end(orphan uid: String) async {
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
    func cleanFolders(_ wanted: [String: Pod]) async {
        do {
            let kept = try AgentFiles.names(in: "\(services.settings.root)/pods") + services.records.uids()
            for uid in kept
            where wanted[uid] == nil && entries[uid] == nil && present?.contains(uid) != true {
                try removeLogs(uid)
                try await services.volumes.unmount(uid: uid)
                try await services.resources.remove(uid)
                try removeTree(services.settings.folder(ofPod: uid))
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
            try removeTree("\(folder)/\(name)")
        }
    }
}
