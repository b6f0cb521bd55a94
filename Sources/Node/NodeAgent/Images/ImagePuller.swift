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
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var backoff = RestartBackoff(initial: .seconds(10), longest: .seconds(300))
    private var failures: [String: (message: String, at: ContinuousClock.Instant)] = [:]

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
        _ container: PodContainer, of pod: Pod, sandbox: CRIPodSandboxConfig, handler: String
    ) async throws -> CRIImage {
        let name = container.container.image
        var spec = CRIImageSpec()
        spec.image = name
        spec.userSpecifiedImage = name
        spec.runtimeHandler = handler
        let present = try await present(spec, container, pod)
        let policy = container.container.imagePullPolicy
        if let present, policy != .always {
            events.record(
                .normal, "Pulled", "Container image \"\(name)\" already present on machine", pod: pod,
                container: container)
            return present
        }
        if policy == .never {
            let message = "Container image \"\(name)\" is not present with pull policy of Never"
            events.record(.warning, "ErrImageNeverPull", message, pod: pod, container: container)
            throw ContainerFailure(.neverPull, message)
        }
        try await pull(spec, container, pod, sandbox)
        guard let image = try await self.present(spec, container, pod) else {
            throw ContainerFailure(.pull, "image \"\(name)\" was pulled and is gone")
        }
        return image
    }

    /// When a pull that failed may be tried again.
    package func retry(_ container: PodContainer, of pod: Pod) -> ContinuousClock.Instant? {
        let key = key(container, pod)
        guard let failure = failures[key] else { return nil }
        return backoff.waitEnd(key, ended: failure.at, now: .now)?.end
    }

    private func key(_ container: PodContainer, _ pod: Pod) -> String {
        "\(pod.metadata.uid)/\(container.container.image)"
    }

    private func present(
        _ spec: CRIImageSpec, _ container: PodContainer, _ pod: Pod
    ) async throws(ContainerFailure) -> CRIImage? {
        do {
            return try await runtime.image(spec)
        } catch  where error.code == .invalidArgument {
            let message = "Failed to apply default image tag \"\(spec.image)\": \(error.message)"
            events.record(.warning, "InspectFailed", message, pod: pod, container: container)
            throw ContainerFailure(.imageName, message)
        } catch {
            let message = "Failed to inspect image \"\(spec.image)\": \(error)"
            events.record(.warning, "InspectFailed", message, pod: pod, container: container)
            throw ContainerFailure(.inspection, message)
        }
    }

    private func pull(
        _ spec: CRIImageSpec, _ container: PodContainer, _ pod: Pod, _ sandbox: CRIPodSandboxConfig
    ) async throws {
        let name = spec.image
        let key = key(container, pod)
        if let failure = failures[key], backoff.waitEnd(key, ended: failure.at, now: .now) != nil {
            let message = "Back-off pulling image \"\(name)\""
            events.record(.normal, "BackOff", message, pod: pod, container: container)
            throw ContainerFailure(.pullBackOff, "\(message): \(failure.message)")
        }
        await enter()
        defer { leave() }
        guard rate.admits(at: .now) else {
            throw fail(key, "Failed to pull image \"\(name)\"", "pull QPS exceeded", pod, container)
        }
        events.record(.normal, "Pulling", "Pulling image \"\(name)\"", pod: pod, container: container)
        let start = ContinuousClock.now
        do {
            try await pullWithKeys(spec, pod, sandbox)
        } catch {
            throw fail(key, "failed to pull and unpack image \"\(name)\"", "\(error)", pod, container)
        }
        failures[key] = nil
        backoff.reset(key)
        let took = (ContinuousClock.now - start).formatted
        events.record(
            .normal, "Pulled", "Successfully pulled image \"\(name)\" in \(took)", pod: pod,
            container: container)
    }

    private func fail(
        _ key: String, _ what: String, _ reason: String, _ pod: Pod, _ container: PodContainer
    ) -> ContainerFailure {
        let message = "\(what): \(reason)"
        failures[key] = (message, .now)
        backoff.next(key, now: .now)
        let text = "Failed to pull image \"\(container.container.image)\": \(reason)"
        events.record(.warning, "Failed", text, pod: pod, container: container)
        events.record(.warning, "Failed", "Error: ErrImagePull", pod: pod, container: container)
        return ContainerFailure(.pull, message)
    }

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

    private func enter() async {
        if running < limit {
            running += 1
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }

    private func leave() {
        if waiters.isEmpty {
            running -= 1
        } else {
            waiters.removeFirst().resume()
        }
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
