import CRIProtocol
import KubernetesAPI

/// Prometheus' text format, version 0.0.4.
private enum Exposition {
    static func line(_ name: String, _ labels: [(String, String)], _ value: String, _ time: Int64? = nil) -> String {
        let pairs = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        let stamp = time.map { " \($0 / 1_000_000)" } ?? ""
        return name + (pairs.isEmpty ? "" : "{\(pairs)}") + " \(value)\(stamp)\n"
    }

    static func head(_ name: String, _ help: String, _ type: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// `/metrics`: what the agent itself does.
enum AgentMetrics {
    static func text(_ services: AgentServices) -> String {
        let pods = services.statuses.pods
        let running = pods.filter { $0.status.phase == .running }.count
        let containers = pods.flatMap { $0.status.initContainerStatuses + $0.status.containerStatuses }
        let states: [(String, Int)] = [
            ("running", containers.filter { $0.state.running != nil }.count),
            ("waiting", containers.filter { $0.state.waiting != nil }.count),
            ("exited", containers.filter { $0.state.terminated != nil }.count),
        ]
        var text = Exposition.head("kubelet_running_pods", "Pods that run.", "gauge")
        text += Exposition.line("kubelet_running_pods", [], "\(running)")
        text += Exposition.head("kubelet_desired_pods", "Pods that the sources want.", "gauge")
        text += Exposition.line("kubelet_desired_pods", [("static", "true")], "\(pods.count)")
        text += Exposition.head("kubelet_running_containers", "Containers by state.", "gauge")
        for (state, count) in states {
            text += Exposition.line("kubelet_running_containers", [("container_state", state)], "\(count)")
        }
        text += Exposition.head("kubelet_node_name", "The node's name. The count is always 1.", "gauge")
        text += Exposition.line("kubelet_node_name", [("node", services.settings.nodeName)], "1")
        return text
    }
}

/// `/metrics/resource`: what metrics-server reads.
enum ResourceMetrics {
    static func text(_ stats: [CRIPodSandboxStats]) -> String {
        var cpu = Exposition.head(
            "container_cpu_usage_seconds_total", "Cumulative cpu time consumed by the container in core-seconds", "counter")
        var memory = Exposition.head(
            "container_memory_working_set_bytes", "Current working set of the container in bytes", "gauge")
        var podCPU = Exposition.head(
            "pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds", "counter")
        var podMemory = Exposition.head(
            "pod_memory_working_set_bytes", "Current working set of the pod in bytes", "gauge")
        for pod in stats {
            let labels = [("namespace", pod.attributes.metadata.namespace), ("pod", pod.attributes.metadata.name)]
            for container in pod.linux.containers {
                let all = [("container", container.attributes.metadata.name)] + labels
                cpu += Exposition.line(
                    "container_cpu_usage_seconds_total", all, seconds(container.cpu), container.cpu.timestamp)
                memory += Exposition.line(
                    "container_memory_working_set_bytes", all, "\(container.memory.workingSetBytes.value)",
                    container.memory.timestamp)
            }
            podCPU += Exposition.line("pod_cpu_usage_seconds_total", labels, seconds(pod.linux.cpu), pod.linux.cpu.timestamp)
            podMemory += Exposition.line(
                "pod_memory_working_set_bytes", labels, "\(pod.linux.memory.workingSetBytes.value)",
                pod.linux.memory.timestamp)
        }
        let error = Exposition.head("resource_scrape_error", "1 if there was an error while getting metrics", "gauge")
        return cpu + memory + podCPU + podMemory + error + Exposition.line("resource_scrape_error", [], "0")
    }

    private static func seconds(_ usage: CRICpuUsage) -> String {
        "\(Double(usage.usageCoreNanoSeconds.value) / 1e9)"
    }
}

/// `/metrics/cadvisor`: the runtime's own numbers under the names that they have there.
enum CadvisorMetrics {
    static func text(_ descriptors: [CRIMetricDescriptor], _ pods: [CRIPodSandboxMetrics]) -> String {
        var lines: [String: String] = [:]
        for pod in pods {
            for metric in pod.metrics + pod.containerMetrics.flatMap(\.metrics) {
                let keys = descriptors.first { $0.name == metric.name }?.labelKeys ?? []
                lines[metric.name, default: ""] += Exposition.line(
                    metric.name, Array(zip(keys, metric.labelValues)), "\(metric.value.value)",
                    metric.timestamp == 0 ? nil : metric.timestamp)
            }
        }
        return descriptors.map { descriptor in
            guard let text = lines[descriptor.name] else { return "" }
            let type = text.isEmpty ? "untyped" : (descriptor.name.hasSuffix("_total") ? "counter" : "gauge")
            return Exposition.head(descriptor.name, descriptor.help, type) + text
        }.joined()
    }
}
