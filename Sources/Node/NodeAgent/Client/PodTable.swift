import KubernetesAPI

/// Pods as `kubectl get pods` shows them.
package enum PodTable {
    package static let columns = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]

    package static func row(_ pod: Pod, now: Time = .now) -> [String] {
        let status = pod.status
        let summary = PodSummary(pod)
        let ago =
            summary.restarts > 0 ? summary.lastRestart.map { " (\(age(since: $0, now)) ago)" } ?? "" : ""
        let count = pod.spec.containers.count + pod.initContainers.filter { $0.role == .sidecar }.count
        return [
            pod.metadata.namespace, pod.metadata.name, "\(summary.ready)/\(count)", summary.word,
            "\(summary.restarts)\(ago)", status.startTime.map { age(since: $0, now) } ?? "<unknown>",
            status.podIP.isEmpty ? "<none>" : status.podIP,
        ]
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
