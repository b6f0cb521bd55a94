import CRIProtocol
import KubernetesAPI
import Logging

/// Brings the images of containers, not too many at once, and not too often where it fails.
package actor ImagePuller {
    private let runtime: CRIRuntime
    private let events: EventRecorder
    private let keys: any ImageCredentials
    private let limit: Int
    private var rate: PullRate
    private var running = 0
    private var waiters: [(id: Int, place: CheckedContinuation<Bool, Never>)] = []
    private var lastWaiter = 0
    /// What has failed for a pod, by image.
    private struct Failures {
        var backoff = RestartBackoff(initial: .seconds(10), longest: .seconds(300))
        var last: [String: (failure: ContainerFailure, at: ContinuousClock.Instant)] = [:]
    }
    /// By the pods' uids.
    private var failures: [String: Failures] = [:]

    package init(
        runtime: CRIRuntime, events: EventRecorder, keys: any ImageCredentials, limit: Int,
        rate: PullRate = PullRate(perSecond: 0, burst: 0)
    ) {
        self.rate = rate
        self.runtime = runtime
        self.events = events
        self.keys = keys
        self.limit = max(1, limit)
    }

    /// - Returns: the image as the node has it.
    /// - Throws: `ContainerFailure`.
    package func ensure(
        _ need: ImageNeed, of pod: Pod, sandbox: CRIPodSandboxConfig, handler: String
    ) async throws -> CRIImage {
        let name = need.reference
        var spec = CRIImageSpec()
        spec.image = name
        spec.userSpecifiedImage = name
        spec.runtimeHandler = handler
        let present = try await present(spec, need, pod)
        if let present, need.policy != .always {
            events.record(
                .normal, "Pulled", "Container image \"\(name)\" already present on machine", pod: pod,
                container: need.eventContainer)
            return present
        }
        if need.policy == .never {
            let message = "Container image \"\(name)\" is not present with pull policy of Never"
            events.record(
                .warning, "ErrImageNeverPull", message, pod: pod, container: need.eventContainer)
            throw ContainerFailure(.neverPull, message)
        }
        let took = try await pull(spec, need, pod, sandbox)
        guard let image = try await self.present(spec, need, pod) else {
            throw ContainerFailure(.pull, "image \"\(name)\" was pulled and is gone")
        }
        events.record(
            .normal, "Pulled",
            "Successfully pulled image \"\(name)\" in \(took.pull.formatted) (\(took.all.formatted) including waiting). "
                + "Image size: \(image.size) bytes.", pod: pod, container: need.eventContainer)
        return image
    }

    private func present(
        _ spec: CRIImageSpec, _ need: ImageNeed, _ pod: Pod
    ) async throws(ContainerFailure) -> CRIImage? {
        do {
            return try await runtime.image(spec)
        } catch  where error.code == .invalidArgument {
            let message = "Failed to apply default image tag \"\(spec.image)\": \(error.message)"
            events.record(.warning, "InspectFailed", message, pod: pod, container: need.eventContainer)
            throw ContainerFailure(.imageName, message)
        } catch {
            let message = "Failed to inspect image \"\(spec.image)\": \(error)"
            // A pod that is told to end meanwhile is no failure.
            if Task.isCancelled { throw ContainerFailure(.inspection, message) }
            events.record(.warning, "InspectFailed", message, pod: pod, container: need.eventContainer)
            throw ContainerFailure(.inspection, message)
        }
    }

    /// - Returns: how long it took, without and with the wait for its turn.
    private func pull(
        _ spec: CRIImageSpec, _ need: ImageNeed, _ pod: Pod, _ sandbox: CRIPodSandboxConfig
    ) async throws -> (pull: Duration, all: Duration) {
        let asked = ContinuousClock.now
        let name = spec.image
        let before = failures[pod.metadata.uid]
        if let (failure, ended) = before?.last[name],
            before?.backoff.waitEnd(name, ended: ended, now: .now) != nil
        {
            let message = "Back-off pulling image \"\(name)\""
            events.record(.normal, "BackOff", message, pod: pod, container: need.eventContainer)
            throw ContainerFailure(.pullBackOff, "\(message): \(failure)")
        }
        try await enter()
        defer { leave() }
        guard rate.admits(at: .now) else {
            throw fail(
                ContainerFailure(.pull, "Failed to pull image \"\(name)\": pull QPS exceeded"),
                "pull QPS exceeded", pod, need)
        }
        events.record(
            .normal, "Pulling", "Pulling image \"\(name)\"", pod: pod, container: need.eventContainer)
        let start = ContinuousClock.now
        do {
            try await pullWithKeys(spec, pod, sandbox)
        } catch {
            try Task.checkCancellation()
            throw fail(ContainerFailure(pulling: name, error), "\(error)", pod, need)
        }
        failures[pod.metadata.uid]?.last[name] = nil
        failures[pod.metadata.uid]?.backoff.reset(name)
        let end = ContinuousClock.now
        return (end - start, end - asked)
    }

    private func fail(
        _ failure: ContainerFailure, _ reason: String, _ pod: Pod, _ need: ImageNeed
    ) -> ContainerFailure {
        failures[pod.metadata.uid, default: Failures()].last[need.reference] = (failure, .now)
        failures[pod.metadata.uid, default: Failures()].backoff.next(need.reference, now: .now)
        let text = "Failed to pull image \"\(need.reference)\": \(reason)"
        events.record(.warning, "Failed", text, pod: pod, container: need.eventContainer)
        events.record(
            .warning, "Failed", "Error: \(failure.reason.rawValue)", pod: pod, container: need.container)
        return failure
    }

    /// Nothing is left of the pod.
    func forget(_ uid: String) { failures[uid] = nil }

    /// With each credential that fits, the most fitting first; without one where there is none.
    private func pullWithKeys(_ spec: CRIImageSpec, _ pod: Pod, _ sandbox: CRIPodSandboxConfig) async throws {
        let candidates = try await keys.credentials(for: spec.image, of: pod)
        var failure = candidates.isEmpty ? await attempt(spec, nil, sandbox) : nil
        for candidate in candidates {
            failure = await attempt(spec, candidate, sandbox)
            if failure == nil { return }
        }
        if let failure { throw failure }
    }

    private func attempt(
        _ spec: CRIImageSpec, _ auth: CRIAuthConfig?, _ sandbox: CRIPodSandboxConfig
    ) async -> RuntimeError? {
        do throws(RuntimeError) {
            _ = try await runtime.pull(spec, auth: auth, for: sandbox)
            return nil
        } catch {
            return error
        }
    }

    // MARK: How many at once

    /// - Throws: `CancellationError`: a pod that is to end does not wait for the images of others.
    private func enter() async throws {
        if running < limit {
            running += 1
            return
        }
        lastWaiter += 1
        let id = lastWaiter
        let hasPlace = await withTaskCancellationHandler {
            await withCheckedContinuation { place in
                if Task.isCancelled { place.resume(returning: false) } else { waiters.append((id, place)) }
            }
        } onCancel: {
            Task { await self.giveUpWaiting(id) }
        }
        if !hasPlace { throw CancellationError() }
    }

    private func giveUpWaiting(_ id: Int) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).place.resume(returning: false)
    }

    private func leave() {
        if waiters.isEmpty {
            running -= 1
        } else {
            waiters.removeFirst().place.resume(returning: true)
        }
    }
}

/// An image without which a container cannot be made.
package struct ImageNeed: Sendable {
    var reference: String
    var policy: PullPolicy
    /// Who waits for it.
    var container: PodContainer
    /// Whom events about the image are about; nil: the pod, whose volumes are nobody's alone.
    var eventContainer: PodContainer?

    /// What the container is made from.
    package init(of container: PodContainer) {
        reference = container.container.image
        policy = container.container.imagePullPolicy
        self.container = container
        eventContainer = container
    }

    /// A volume that the container mounts.
    package init(_ volume: ImageVolumeSource, for container: PodContainer) {
        reference = volume.reference
        policy = volume.pullPolicy
        self.container = container
    }
}

/// Where the passwords of registries come from.
package protocol ImageCredentials: Sendable {
    /// - Returns: those to be tried, in this order.
    func credentials(for image: String, of pod: Pod) async throws -> [CRIAuthConfig]
}

extension Duration {
    /// As Go writes durations: `1.5s`, `120ms`.
    var formatted: String {
        let milliseconds = Int64(self / .milliseconds(1))
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        let rest = milliseconds % 1000
        let fraction = rest == 0 ? "" : "." + String(String(rest + 1000).dropFirst())
        if seconds < 60 { return "\(seconds)\(fraction)s" }
        return "\(seconds / 60)m\(seconds % 60)s"
    }
}
