import CRIProtocol
import KubernetesAPI

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
        text += Exposition.head(
            "kubelet_node_name", "A label with the node's name; the number says nothing.", "gauge")
        text += Exposition.line("kubelet_node_name", [("node", services.settings.nodeName)], "1")
        return text + services.counters.text + ProcessMetrics.text()
    }
}

/// `/metrics/resource`: what metrics-server reads.
package struct ResourceMetrics {
    /// Of the machine; nil for what cannot be measured.
    package struct Node {
        /// Nanoseconds that processors have worked.
        package var processorTime: UInt64?
        /// Bytes.
        package var workingSet: Int64?
        package var swap: Int64?
        package var time: Time

        package init(processorTime: UInt64?, workingSet: Int64?, swap: Int64?, time: Time) {
            self.processorTime = processorTime
            self.workingSet = workingSet
            self.swap = swap
            self.time = time
        }
    }

    /// One metric with its lines so far.
    private struct Family {
        let name: String
        let help: String
        let type: String
        private var lines = ""

        init(_ name: String, _ help: String, _ type: String) {
            self.name = name
            self.help = help
            self.type = type
        }

        mutating func add(_ labels: [(String, String)], _ value: (some Any)?, _ time: Int64?) {
            guard let value else { return }
            lines += Exposition.line(name, labels, "\(value)", time)
        }

        /// Empty where nothing is known.
        var text: String { lines.isEmpty ? "" : Exposition.head(name, help, type) + lines }
    }

    private var nodeCPU = Family(
        "node_cpu_usage_seconds_total", "Processor time of the node since its start, in seconds", "counter")
    private var nodeMemory = Family(
        "node_memory_working_set_bytes", "Memory of the node that cannot be dropped at once, in bytes",
        "gauge")
    private var nodeSwap = Family(
        "node_swap_usage_bytes",
        "What the node has in swap, in bytes", "gauge")
    private var cpu = Family(
        "container_cpu_usage_seconds_total", "Processor time of the container since its start, in seconds",
        "counter")
    private var memory = Family(
        "container_memory_working_set_bytes",
        "Memory of the container that cannot be dropped at once, in bytes", "gauge")
    private var swap = Family(
        "container_swap_usage_bytes",
        "What the container has in swap, in bytes", "gauge")
    private var start = Family(
        "container_start_time_seconds", "When the container was started, in seconds since 1970", "gauge")
    private var podCPU = Family(
        "pod_cpu_usage_seconds_total", "Processor time of the pod since its start, in seconds", "counter")
    private var podMemory = Family(
        "pod_memory_working_set_bytes", "Memory of the pod that cannot be dropped at once, in bytes", "gauge")
    private var podSwap = Family(
        "pod_swap_usage_bytes",
        "What the pod has in swap, in bytes", "gauge")

    /// - Parameter reading: nil: the runtime did not tell.
    package static func text(_ node: Node, _ reading: RuntimeReading?) -> String {
        var metrics = ResourceMetrics()
        metrics.add(node)
        for pod in reading?.stats ?? [] { metrics.add(pod, reading) }
        let error = Exposition.head(
            "resource_scrape_error",
            "1: the runtime did not tell its numbers.", "gauge")
        let families = [
            metrics.nodeCPU, metrics.nodeMemory, metrics.nodeSwap, metrics.cpu, metrics.memory, metrics.swap,
            metrics.start, metrics.podCPU, metrics.podMemory, metrics.podSwap,
        ]
        return families.map(\.text).joined() + error
            + Exposition.line("resource_scrape_error", [], reading == nil ? "1" : "0")
    }

    private mutating func add(_ node: Node) {
        let time = node.time.seconds * 1_000_000_000 + Int64(node.time.nanoseconds)
        nodeCPU.add([], node.processorTime.map { Double($0) / 1e9 }, time)
        nodeMemory.add([], node.workingSet, time)
        nodeSwap.add([], node.swap, time)
    }

    private mutating func add(_ pod: CRIPodSandboxStats, _ reading: RuntimeReading?) {
        let labels = [
            ("namespace", pod.attributes.metadata.namespace), ("pod", pod.attributes.metadata.name),
        ]
        var swapped: UInt64?
        for container in pod.linux.containers {
            let all = [("container", container.attributes.metadata.name)] + labels
            if container.cpu.hasUsageCoreNanoSeconds {
                cpu.add(all, container.cpu.secondsText, container.cpu.timestamp)
            }
            if container.memory.hasWorkingSetBytes {
                memory.add(all, container.memory.workingSetBytes.value, container.memory.timestamp)
            }
            if let used = container.swapUsage {
                swap.add(all, used, container.swap.timestamp)
                swapped = (swapped ?? 0).addingClamped(used)
            }
            let created = reading?.containers[container.attributes.id]?.createdAt
            start.add(all, created.map { Double($0) / 1e9 }, nil)
        }
        let linux = pod.linux
        if linux.cpu.hasUsageCoreNanoSeconds {
            podCPU.add(labels, linux.cpu.secondsText, linux.cpu.timestamp)
        }
        if linux.memory.hasWorkingSetBytes {
            podMemory.add(labels, linux.memory.workingSetBytes.value, linux.memory.timestamp)
        }
        // The CRI has no number of a pod's own.
        podSwap.add(labels, swapped, linux.memory.timestamp)
    }
}

extension CRIContainerStats {
    /// Bytes; nil where the runtime does not tell.
    var swapUsage: UInt64? { hasSwap && swap.hasSwapUsageBytes ? swap.swapUsageBytes.value : nil }
}
