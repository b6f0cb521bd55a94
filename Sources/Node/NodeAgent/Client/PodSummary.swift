import KubernetesAPI

/// What a line of `kubectl get pods` says of a pod. Init containers come first: as long as the pod is not initialized,
/// the one that it waits for is all that counts.
package struct PodSummary: Equatable {
    /// The one that says most: why a container waits or has ended, else the phase.
    package private(set) var word: String
    /// Containers that are ready.
    package private(set) var ready = 0
    /// Of init containers while they run one after the other, then of sidecars and main containers.
    package private(set) var restarts: Int32 = 0
    package private(set) var lastRestart: Time?

    package init(_ pod: Pod) {
        let status = pod.status
        word = status.reason.isEmpty ? status.phase.rawValue : status.reason
        let isWaiting = addInitContainers(pod)
        if !isWaiting || status.condition(.initialized)?.status == .true {
            restarts = 0
            lastRestart = nil
            for (container, state) in zip(pod.initContainers, status.initContainerStatuses)
            where container.role == .sidecar {
                addRestarts(state)
            }
            addMainContainers(status)
        }
        if pod.isTerminating, !status.hasEnded { word = "Terminating" }
    }

    /// - Returns: whether one of them has not done its part.
    private mutating func addInitContainers(_ pod: Pod) -> Bool {
        for (index, (container, state)) in zip(pod.initContainers, pod.status.initContainerStatuses)
            .enumerated()
        {
            addRestarts(state)
            if state.state.terminated?.exitCode == 0 { continue }
            if container.role == .sidecar, state.started == true {
                if state.ready { ready += 1 }
                continue
            }
            if let end = state.state.terminated {
                word = "Init:" + Self.word(of: end)
            } else if let waiting = state.state.waiting, !waiting.reason.isEmpty,
                waiting.reason != "PodInitializing"
            {
                word = "Init:" + waiting.reason
            } else {
                word = "Init:\(index)/\(pod.spec.initContainers.count)"
            }
            return true
        }
        return false
    }

    private mutating func addMainContainers(_ status: PodStatus) {
        var isRunning = false
        for state in status.containerStatuses.reversed() {
            addRestarts(state)
            if let waiting = state.state.waiting, !waiting.reason.isEmpty {
                word = waiting.reason
            } else if let end = state.state.terminated {
                word = Self.word(of: end)
            } else if state.ready, state.state.running != nil {
                isRunning = true
                ready += 1
            }
        }
        // One is done, and another goes on.
        if word == "Completed", isRunning {
            word = status.condition(.ready)?.status == .true ? "Running" : "NotReady"
        }
    }

    private mutating func addRestarts(_ state: ContainerStatus) {
        restarts += state.restartCount
        guard let end = state.lastState.terminated?.finishedAt else { return }
        lastRestart = max(lastRestart ?? end, end)
    }

    private static func word(of end: ContainerStateTerminated) -> String {
        if !end.reason.isEmpty { return end.reason }
        return end.signal != 0 ? "Signal:\(end.signal)" : "ExitCode:\(end.exitCode)"
    }
}
