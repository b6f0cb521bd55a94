import KubernetesAPI
import Logging
import Synchronization

/// Whether this node is about to go, for whoever decides about pods or tells of the node.
package final class NodeShutdown: Sendable {
    private let state = Mutex(false)

    package init() {}

    package var isShuttingDown: Bool { state.withLock { $0 } }

    /// - Returns: whether that is new.
    package func set(_ isShuttingDown: Bool) -> Bool {
        state.withLock { now in
            defer { now = isShuttingDown }
            return now != isShuttingDown
        }
    }

    /// Why a pod may not begin now.
    package var refusal: PodFailure? {
        guard isShuttingDown else { return nil }
        return PodFailure(
            reason: "NodeShutdown", message: "Pod was rejected as the node is shutting down.")
    }
}

extension PodFailure {
    /// Of a pod that ran when its node went.
    package static let nodeShutdown = PodFailure(
        reason: "Terminated", message: "Pod was terminated in response to imminent node shutdown.",
        isDisruption: true)
}

/// Ends the pods of a node that is about to go, the least important ones first.
struct ShutdownRun: Sendable {
    let services: AgentServices
    let manager: PodManager

    /// Returns when all have ended, or their time is over.
    func run() async {
        let pods = services.statuses.pods.filter {
            $0.status.phase == .pending || $0.status.phase == .running
        }
        for group in ShutdownGroup.groups(of: services.settings.kubelet, with: pods) {
            if group.pods.isEmpty { continue }
            services.log.notice(
                "\(group.pods.count) pods end, since the node shuts down",
                metadata: ["priority": "\(group.priority)", "seconds": "\(group.seconds)"])
            let deadline = ContinuousClock.now + .seconds(group.seconds)
            for pod in group.pods {
                await manager.evict(
                    pod.metadata.uid, .nodeShutdown, grace: min(pod.grace, group.seconds))
            }
            await wait(for: group.pods, until: deadline)
        }
    }

    private func wait(for pods: [Pod], until deadline: ContinuousClock.Instant) async {
        while ContinuousClock.now < deadline, !Task.isCancelled {
            let isOver = pods.allSatisfy { services.statuses.pod($0.metadata.uid)?.hasEnded ?? true }
            if isOver { return }
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                return
            }
        }
        services.log.warning("the time of pods that end with the node is over")
    }
}

extension Pod {
    /// No container of it runs any more, and none will.
    fileprivate var hasEnded: Bool {
        guard status.phase == .failed || status.phase == .succeeded else { return false }
        let all =
            status.initContainerStatuses + status.containerStatuses + status.ephemeralContainerStatuses
        return !all.contains { $0.state.running != nil }
    }
}
