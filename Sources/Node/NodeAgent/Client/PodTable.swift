import KubernetesAPI

/// Pods as `kubectl get pods` shows them.
package enum PodTable {
    package static let columns = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]

    package static func row(_ pod: Pod, now: Time = .now) -> [String] {
        let status = pod.status
        let sidecars = zip(pod.initContainers, status.initContainerStatuses).filter { $0.0.role == .sidecar }.map(\.1)
        let all = status.containerStatuses + sidecars
        let restarts = all.reduce(0) { $0 + $1.restartCount }
        let last = all.compactMap { $0.lastState.terminated?.finishedAt }.max()
        let ago = restarts > 0 ? last.map { " (\(age(since: $0, now)) ago)" } ?? "" : ""
        let count = pod.spec.containers.count + pod.initContainers.filter { $0.role == .sidecar }.count
        return [
            pod.metadata.namespace, pod.metadata.name, "\(all.filter(\.ready).count)/\(count)", word(pod),
            "\(restarts)\(ago)", status.startTime.map { age(since: $0, now) } ?? "<unknown>",
            status.podIP.isEmpty ? "<none>" : status.podIP,
        ]
    }

    /// The one word that says most of a pod: why a container waits or has ended, else the phase.
    package static func word(_ pod: Pod) -> String {
        let status = pod.status
        var word = status.reason.isEmpty ? status.phase.rawValue : status.reason
        var isInitializing = false
        for (index, (container, state)) in zip(pod.initContainers, status.initContainerStatuses).enumerated() {
            if state.state.terminated?.exitCode == 0 || (container.role == .sidecar && state.started == true) { continue }
            isInitializing = true
            if let end = state.state.terminated {
                word = "Init:" + (end.reason.isEmpty ? "ExitCode:\(end.exitCode)" : end.reason)
            } else if let waiting = state.state.waiting, !waiting.reason.isEmpty, waiting.reason != "PodInitializing" {
                word = "Init:" + waiting.reason
            } else {
                word = "Init:\(index)/\(pod.spec.initContainers.count)"
            }
            break
        }
        if isInitializing { return word }
        var isRunning = false
        for state in status.containerStatuses.reversed() {
            if let waiting = state.state.waiting, !waiting.reason.isEmpty {
                word = waiting.reason
            } else if let end = state.state.terminated {
                word = end.reason.isEmpty ? "ExitCode:\(end.exitCode)" : end.reason
            } else if state.ready, state.state.running != nil {
                isRunning = true
            }
        }
        if word == "Completed", isRunning { return "Running" }
        return word
    }

    /// As kubectl: the two largest units that count.
    package static func age(since time: Time, _ now: Time = .now) -> String {
        let seconds = max(0, (now - time).components.seconds)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        if days < 8 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
        return "\(days)d"
    }
}
