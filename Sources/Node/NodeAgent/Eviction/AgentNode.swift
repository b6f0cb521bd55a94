import Glibc
import KubernetesAPI
import LinuxKernel
import Logging

/// The node that this agent keeps, as eviction sees it.
struct AgentNode: EvictableNode {
    let services: AgentServices
    let manager: PodManager
    let meter: NodeMeter
    let podMeter: PodMeter
    let images: ImageCollector
    let containers: ContainerCollector
    let reserve: DiskReserve

    /// What a pod that was evicted has to end in.
    private static let patience: Duration = .seconds(30)

    func reading() async -> NodeReading {
        var reading = await meter.reading()
        reading.amounts[.podMemory] =
            meter.attempt("memory of all pods") {
                try services.resources.memoryOfPods()
            } ?? nil
        return reading
    }

    func pods() async -> [Pod] {
        var result: [Pod] = []
        for pod in await manager.evictablePods {
            let phase = services.statuses.pod(pod.metadata.uid)?.status.phase
            // What has ended holds no memory and no volumes; containers are collected before pods go.
            if phase == .failed || phase == .succeeded { continue }
            result.append(pod)
        }
        return result
    }

    func usage(of pods: [Pod], storageAge: Duration?) async -> [String: PodUsage] {
        do {
            return try await podMeter.usage(of: pods, storageAge: storageAge)
        } catch {
            services.log.warning("measure pods: \(error)")
            return [:]
        }
    }

    func reclaim(for signal: EvictionSignal, _ disks: NodeReading.Disks) async {
        let isNode = signal == .nodeDisk || signal == .nodeInodes
        // Containers first: an image is free only when none is made of it. Their logs are on the node's disk, always.
        await containers.collectEnded()
        if !isNode || disks == .one { await images.collectUnused() }
    }

    func evict(_ pod: Pod, _ failure: PodFailure, for signal: String, grace: Int64) async {
        services.counters.evicted(for: signal)
        services.events.record(.warning, failure.reason, failure.message, pod: pod)
        await manager.evict(pod.metadata.uid, failure, grace: grace, isKept: true)
        let end = ContinuousClock.now + Self.patience + .seconds(grace)
        while ContinuousClock.now < end, !Task.isCancelled, holdsSomething(pod) {
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                return
            }
        }
    }

    /// Volumes go after containers, and the pod's folder with them. Until then what it took is not free, and another pod
    /// would be evicted for it.
    private func holdsSomething(_ pod: Pod) -> Bool {
        guard let now = services.statuses.pod(pod.metadata.uid) else { return false }
        if now.status.phase != .failed { return true }
        guard let folder = try? services.settings.folder(ofPod: pod.metadata.uid) else { return false }
        return access(folder, F_OK) == 0
    }

    func tell(_ conditions: Set<NodeConditionType>) async {
        let ended = services.pressure.set(conditions).ended
        if conditions.isEmpty, !ended.isEmpty { await manager.pressureEnded() }
        if conditions.contains(.diskPressure) { return }
        _ = meter.attempt("hold a reserve on the disk") { try reserve.take() }
    }

    func record(_ kind: EventRecorder.Kind, _ reason: String, _ message: String) {
        services.events.record(kind, reason, message)
    }
}
