import KubernetesAPI
import Logging

/// Removes what evicted pods have left in the runtime and on the disk, when the disk is short: their containers with
/// what they wrote, their logs and their sandboxes. What they ended with stays in their status.
///
/// Containers of pods that have ended by themselves stay: they are the record of that for an agent that is started
/// later. Of evicted pods there is another one, `StatusRecords`.
struct ContainerCollector: Sendable {
    let services: AgentServices
    let reserve: DiskReserve

    func collectEnded() async {
        let evicted = services.statuses.pods.filter {
            $0.status.phase == .failed && $0.status.reason == PodFailure.evicted
        }
        if evicted.isEmpty { return }
        // Not before a pod was evicted: one that goes on writing would have it at once.
        reserve.release()
        for pod in evicted {
            do {
                try await collect(pod)
            } catch {
                services.log.warning(
                    "remove what an evicted pod has left: \(error)", metadata: ["pod": "\(pod.fullName)"])
            }
        }
    }

    private func collect(_ pod: Pod) async throws {
        let uid = pod.metadata.uid
        guard let found = try await services.runtime.pod(uid: uid) else { return }
        // There may have been no space for it when the pod was evicted.
        services.records.note(pod)
        // On a full disk the runtime could not write down that they have ended.
        for record in found.running { try await services.runtime.stopContainer(record.id, grace: 0) }
        for record in found.containers { try await services.runtime.removeContainer(record.id) }
        try AgentFiles.removeTree(services.settings.logFolder(of: pod))
        for sandbox in found.sandboxes {
            if sandbox.isReady { try await services.runtime.stopSandbox(sandbox.id) }
            try await services.runtime.removeSandbox(sandbox.id)
        }
    }
}
