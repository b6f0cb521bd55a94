import Synchronization

/// What the agent has done since its start, in the kubelet's metrics.
package final class AgentCounters: Sendable {
    private struct Calls {
        var errors: UInt64 = 0
        var total: UInt64 = 0
        /// Of 14 steps from 5 ms on, each 2.5 times the one before.
        var durations = Histogram(
            [
                0.005, 0.0125, 0.03125, 0.078125, 0.1953125, 0.48828125, 1.220703125, 3.0517578125,
                7.62939453125, 19.073486328125, 47.6837158203125, 119.20928955078125, 298.0232238769531,
                745.0580596923828,
            ])
    }

    private struct State {
        /// By the CRI's procedures.
        var calls: [String: Calls] = [:]
        /// By signal or limit.
        var evictions: [String: UInt64] = [:]
        var podStarts = Histogram(
            [
                0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200,
                1800,
                2700, 3600,
            ])
        var startedPods: UInt64 = 0
        var startedPodErrors: UInt64 = 0
        var startedContainers: [String: UInt64] = [:]
        var startedContainerErrors: [ContainerError: UInt64] = [:]
    }

    private struct ContainerError: Hashable {
        var type: String
        var code: String
    }

    private let state = Mutex(State())

    package init() {}

    // MARK: What happened

    /// - Parameter call: the CRI's procedure, `RunPodSandbox`.
    package func called(_ call: String, took duration: Duration, isError: Bool) {
        state.withLock { state in
            state.calls[call, default: Calls()].total += 1
            if isError { state.calls[call]?.errors += 1 }
            state.calls[call]?.durations.observe(duration)
        }
    }

    /// - Parameter signal: what was short, or the limit that the pod was beyond.
    package func evicted(for signal: String) {
        state.withLock { $0.evictions[signal, default: 0] += 1 }
    }

    /// From a pod's first sight until all of its containers had been started.
    package func podRuns(after duration: Duration) { state.withLock { $0.podStarts.observe(duration) } }

    /// A sandbox is about to be made.
    package func startsPod() { state.withLock { $0.startedPods += 1 } }

    package func podFailed() { state.withLock { $0.startedPodErrors += 1 } }

    package func starts(_ role: ContainerRole) {
        state.withLock { $0.startedContainers[role.metricLabel, default: 0] += 1 }
    }

    package func failed(_ role: ContainerRole, _ reason: ContainerFailure.Reason) {
        let error = ContainerError(type: role.metricLabel, code: reason.rawValue)
        state.withLock { $0.startedContainerErrors[error, default: 0] += 1 }
    }

    // MARK: The page

    package var text: String {
        let state = state.withLock { $0 }
        let calls = state.calls.map { (Self.operation($0.key), $0.value) }.sorted { $0.0 < $1.0 }
        let prefix = "kubelet_runtime_operations"
        let operation = "operation_type"
        var text = Self.counter(
            prefix + "_total", "Calls of the container runtime, by procedure.",
            calls.map { ([(operation, $0.0)], $0.1.total) })
        text += Self.counter(
            prefix + "_errors_total", "Calls of the container runtime that failed, by procedure.",
            calls.filter { $0.1.errors > 0 }.map { ([(operation, $0.0)], $0.1.errors) })
        text += Exposition.head(
            prefix + "_duration_seconds",
            "How long calls of the container runtime took, in seconds.", "histogram")
        for (name, calls) in calls {
            text += calls.durations.text(prefix + "_duration_seconds", [(operation, name)])
        }
        let start = "kubelet_pod_start_duration_seconds"
        text += Exposition.head(
            start,
            "Seconds from the first sight of a pod until its containers had been started.",
            "histogram")
        text += state.podStarts.text(start, [])
        text += Self.counter(
            "kubelet_started_pods_total", "Sandboxes that were asked for.", [([], state.startedPods)])
        text += Self.counter(
            "kubelet_started_pods_errors_total", "Sandboxes that could not be made.",
            [([], state.startedPodErrors)])
        text += Self.counter(
            "kubelet_started_containers_total", "Starts of containers that were begun, by kind.",
            state.startedContainers.sorted { $0.key < $1.key }.map {
                ([("container_type", $0.key)], $0.value)
            })
        text += Self.counter(
            "kubelet_started_containers_errors_total",
            "Starts of containers that came to nothing, by kind and reason.",
            state.startedContainerErrors.sorted { ($0.key.type, $0.key.code) < ($1.key.type, $1.key.code) }
                .map { ([("container_type", $0.key.type), ("code", $0.key.code)], $0.value) })
        text += Self.counter(
            "kubelet_evictions", "Pods that were evicted, by what was short.",
            state.evictions.sorted { $0.key < $1.key }.map { ([("eviction_signal", $0.key)], $0.value) })
        return text
    }

    /// Empty as long as there is nothing to count.
    private static func counter(
        _ name: String, _ help: String, _ values: [([(String, String)], UInt64)]
    ) -> String {
        if values.isEmpty { return "" }
        return Exposition.head(name, help, "counter")
            + values.map { Exposition.line(name, $0.0, "\($0.1)") }.joined()
    }

    /// As the kubelet spells a procedure: `run_podsandbox`.
    private static func operation(_ call: String) -> String {
        if call == "UpdateContainerResources" { return "update_container" }
        var result = ""
        for character in call.replacing("PodSandbox", with: "Podsandbox") {
            if character.isUppercase, !result.isEmpty { result += "_" }
            result += character.lowercased()
        }
        return result
    }
}

extension ContainerRole {
    fileprivate var metricLabel: String {
        switch self {
        case .initial, .sidecar: "init_container"
        case .main: "container"
        case .ephemeral: "ephemeral_container"
        }
    }
}
