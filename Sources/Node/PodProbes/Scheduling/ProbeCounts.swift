/// How often a probe was answered in which way, and how long that took.
struct ProbeCounts: Sendable {
    /// Prometheus' usual bounds, in seconds.
    static let bounds: [(seconds: Double, text: String)] = [
        (0.005, "0.005"), (0.01, "0.01"), (0.025, "0.025"), (0.05, "0.05"), (0.1, "0.1"), (0.25, "0.25"),
        (0.5, "0.5"), (1, "1"), (2.5, "2.5"), (5, "5"), (10, "10"),
    ]

    private(set) var successful: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var unknown: UInt64 = 0
    /// Not added up; the last one is without a bound.
    private(set) var durations = [UInt32](repeating: 0, count: bounds.count + 1)
    private(set) var seconds = 0.0

    mutating func add(_ verdict: ProbeAnswer.Verdict, seconds: Double) {
        switch verdict {
        case .success, .warning: successful += 1
        case .failure: failed += 1
        case .error: return unknown += 1
        }
        durations[Self.bounds.firstIndex { seconds <= $0.seconds } ?? Self.bounds.count] += 1
        self.seconds += seconds
    }
}

/// The counts of one probe, for `/metrics/probes`.
struct ProbeSeries: Sendable {
    var kind: ProbeKind
    var pod: ProbedPod
    var container: String
    var counts: ProbeCounts

    /// All series in Prometheus' text format, version 0.0.4, under the kubelet's names.
    static func text(_ series: [ProbeSeries]) -> String {
        var text = """
            # HELP prober_probe_total Attempts of a container's probes, by their results.
            # TYPE prober_probe_total counter

            """
        let named = series.map { (series: $0, labels: $0.labels) }
        for (one, labels) in named {
            let (uid, counts) = (one.pod.uid, one.counts)
            let values = [
                ("failed", counts.failed), ("successful", counts.successful), ("unknown", counts.unknown),
            ]
            for (result, value) in values where value > 0 {
                text += "prober_probe_total{\(labels),pod_uid=\"\(uid)\",result=\"\(result)\"} \(value)\n"
            }
        }
        text += """
            # HELP prober_probe_duration_seconds How long attempts took until their answer, in seconds.
            # TYPE prober_probe_duration_seconds histogram

            """
        for (one, labels) in named {
            var total: UInt64 = 0
            for (index, count) in one.counts.durations.enumerated() {
                total += UInt64(count)
                let bound = index < ProbeCounts.bounds.count ? ProbeCounts.bounds[index].text : "+Inf"
                text += "prober_probe_duration_seconds_bucket{\(labels),le=\"\(bound)\"} \(total)\n"
            }
            text += "prober_probe_duration_seconds_sum{\(labels)} \(one.counts.seconds)\n"
            text += "prober_probe_duration_seconds_count{\(labels)} \(total)\n"
        }
        return text
    }

    // Names and uids of Kubernetes have no character that would have to be escaped here.
    private var labels: String {
        "container=\"\(container)\",namespace=\"\(pod.namespace)\",pod=\"\(pod.name)\",probe_type=\"\(kind.rawValue)\""
    }
}
