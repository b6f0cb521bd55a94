import KubernetesAPI
import LinuxKernel
import Logging

/// Removes what pods that have ended left in the runtime and on the disk, when the disk is short: their containers with
/// what they wrote, their logs and their sandboxes. What they ended with stays in their status, which is written down
/// for the agent that comes next.
struct ContainerCollector: Sendable {
    let services: AgentServices
    let reserve: DiskReserve

    private func giveUpReserve() {
        do {
            if try reserve.isNeeded() { try reserve.giveUp() }
        } catch {
            services.log.warning("give up the reserve on the disk: \(error)")
        }
    }

    func collectEnded() async {
        let ended = services.statuses.pods.filter(\.status.hasEnded)
        // Not before a pod was evicted: one that goes on writing would have it at once.
        if ended.contains(where: Self.isEvicted) { giveUpReserve() }
        for pod in ended {
            do {
                try await collect(pod)
            } catch {
                services.log.warning(
                    "remove what a pod that has ended left: \(error)", metadata: ["pod": "\(pod.fullName)"])
            }
        }
    }

    private static func isEvicted(_ pod: Pod) -> Bool { pod.status.reason == PodFailure.evicted }

    private func collect(_ pod: Pod) async throws {
        let uid = pod.metadata.uid
        guard let found = try await services.runtime.pod(uid: uid) else { return }
        if Self.isEvicted(pod) {
            // There may have been no space for it when the pod was evicted.
            services.records.note(pod)
            // On a full disk the runtime could not write down that they have ended.
            for record in found.running { try await services.runtime.stopContainer(record.id, grace: 0) }
        } else {
            // Its sidecars are about to end.
            guard found.running.isEmpty else { return }
            // Nothing else tells the next agent that it is not to run again.
            try services.records.keep(pod)
        }
        for record in found.containers {
            services.logLinks.remove(services.settings.logLink(of: record, pod))
            try await services.runtime.removeContainer(record.id)
        }
        try services.settings.removeLogs(of: pod)
        for sandbox in found.sandboxes {
            if sandbox.isReady { try await services.runtime.stopSandbox(sandbox.id) }
            try await services.runtime.removeSandbox(sandbox.id)
        }
    }
}
