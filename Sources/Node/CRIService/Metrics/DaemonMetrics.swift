import Glibc
import LinuxKernel
import PodEngine

/// Calls of the CRI, by method and by how they ended.
struct CallMetrics: Sendable {
    private let calls: MetricCounter
    private let durations: MetricHistogram
    private let running: MetricGauge

    init(_ registry: MetricsRegistry) {
        calls = registry.counter(
            "swiftlet_cri_calls_total", "Calls of the CRI that have ended.", labels: ["method", "code"])
        durations = registry.histogram(
            "swiftlet_cri_call_seconds", "How long calls of the CRI took.", labels: ["method"],
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120])
        running = registry.gauge("swiftlet_cri_calls_running", "Calls of the CRI under way.")
    }

    func begin() { running.add(1) }

    func end(_ method: String, code: String, _ time: Duration) {
        running.add(-1)
        calls.add(1, method, code)
        durations.observe(time.inSeconds, method)
    }
}

/// Pods and containers by their states.
enum PodMetrics {
    static func samples(of engine: PodEngine) -> [MetricSample] {
        let sandboxes = engine.sandboxes()
        let ready = sandboxes.count { $0.isReady }
        var samples = [
            MetricSample("swiftlet_pods", "Pods by state.", Double(ready), labels: [("state", "ready")]),
            MetricSample(
                "swiftlet_pods", "Pods by state.", Double(sandboxes.count - ready),
                labels: [("state", "not_ready")]),
        ]
        // A container whose status cannot be read is told of by the calls that ask for it.
        guard let containers = try? engine.containers() else { return samples }
        for (state, phase) in [
            ("created", PodContainerState.Phase.created), ("running", .running), ("exited", .exited),
            ("unknown", .unknown),
        ] {
            samples.append(
                MetricSample(
                    "swiftlet_containers", "Containers of pods by state.",
                    Double(containers.count { $0.phase == phase }), labels: [("state", state)]))
        }
        return samples + logLoss(of: containers, engine)
    }

    /// Of those containers that have lost something of their logs.
    private static func logLoss(of containers: [PodContainerState], _ engine: PodEngine) -> [MetricSample] {
        var total = 0
        var samples: [MetricSample] = []
        for container in containers {
            // One that was removed meanwhile is not asked for any more.
            guard let loss = try? engine.logLoss(ofContainer: container.id), loss.bytes > 0 else { continue }
            total += loss.bytes
            samples.append(
                MetricSample(
                    "swiftlet_container_log_lost_bytes", "Bytes that a container's log lacks in this run.",
                    Double(loss.bytes),
                    labels: [("pod", container.sandboxID), ("container", container.id)]))
        }
        return samples
            + [
                MetricSample(
                    "swiftlet_log_lost_bytes", "The same of all containers there are.", Double(total))
            ]
    }
}

/// What this process takes, in the names that Prometheus' clients use.
package enum ProcessMetrics {
    package static func samples() -> [MetricSample] {
        var samples: [MetricSample] = []
        // statm of proc_pid_statm(5): size and resident, in pages.
        if let fields = words(of: "/proc/self/statm"), fields.count > 1 {
            let page = Double(sysconf(Int32(_SC_PAGESIZE)))
            samples.append(
                MetricSample("process_virtual_memory_bytes", "Virtual memory.", fields[0] * page))
            samples.append(
                MetricSample("process_resident_memory_bytes", "Resident memory.", fields[1] * page))
        }
        var usage = rusage()
        if getrusage(RUSAGE_SELF, &usage) == 0 {
            samples.append(
                MetricSample(
                    "process_cpu_seconds_total", "Processor time of the daemon itself.",
                    seconds(usage.ru_utime) + seconds(usage.ru_stime), kind: .counter))
        }
        if let count = entries("/proc/self/fd") {
            // The folder's own descriptor is one of them.
            samples.append(MetricSample("process_open_fds", "Open descriptors.", count - 1))
        }
        if let count = entries("/proc/self/task") {
            samples.append(MetricSample("process_threads", "Threads.", count))
        }
        return samples
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    private static func words(of path: String) -> [Double]? {
        // Without procfs there are no such numbers.
        guard let bytes = try? FileDescriptor.readFile(path, limit: 4096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap {
            Double($0)
        }
    }

    private static func entries(_ path: String) -> Double? {
        guard let stream = opendir(path) else { return nil }
        defer { closedir(stream) }
        var count = -2.0
        while readdir(stream) != nil { count += 1 }
        return count
    }
}
