import CRIProtocol
import ContainerRuntime
import GRPCCore
import PodEngine
import PodNetwork

// The kubelet's /metrics/cadvisor, from the runtime instead of from cAdvisor (KEP-2371): the same names and units.
extension RuntimeService {
    public func listMetricDescriptors(
        request: CRIListMetricDescriptorsRequest, context: ServerContext
    ) async throws -> CRIListMetricDescriptorsResponse {
        var response = CRIListMetricDescriptorsResponse()
        response.descriptors = ContainerMetric.all.map(\.descriptor) + DeviceMetric.all.map(\.descriptor)
        return response
    }

    public func listPodSandboxMetrics(
        request: CRIListPodSandboxMetricsRequest, context: ServerContext
    ) async throws -> CRIListPodSandboxMetricsResponse {
        var response = CRIListPodSandboxMetricsResponse()
        response.podMetrics = try await podMetrics()
        return response
    }

    public func streamPodSandboxMetrics(
        request: CRIStreamPodSandboxMetricsRequest,
        response: RPCWriter<CRIStreamPodSandboxMetricsResponse>, context: ServerContext
    ) async throws {
        for part in try await podMetrics().parts(of: 64) {
            var message = CRIStreamPodSandboxMetricsResponse()
            message.podSandboxMetrics = part
            try await response.write(message)
        }
    }

    private func podMetrics() async throws -> [CRIPodSandboxMetrics] {
        let sandboxes = engine.sandboxes().filter(\.isReady)
        return try await Self.onThread {
            try sandboxes.compactMap { sandbox in
                do {
                    return try metrics(of: sandbox)
                } catch let error as EngineError where error.kind == .notFound {
                    // It was removed since it was listed.
                    return nil
                }
            }
        }
    }

    private func metrics(of sandbox: SandboxState) throws -> CRIPodSandboxMetrics {
        var pod = CRIPodSandboxMetrics()
        pod.podSandboxID = sandbox.id
        let now = nanosecondsNow()
        let labels = ["", sandbox.id, "", "", sandbox.spec.namespace, sandbox.spec.name]
        if let usage = try engine.statistics(ofSandbox: sandbox.id) {
            pod.metrics = ContainerMetric.all.compactMap { metric in
                metric.value(usage, sandbox.createdAt).map {
                    Self.metric(metric.descriptor, metric.type, labels, $0, now)
                }
            }
        }
        for device in try engine.traffic(ofSandbox: sandbox.id) {
            pod.metrics += DeviceMetric.all.map {
                Self.metric($0.descriptor, .counter, labels + [device.name], $0.value(device), now)
            }
        }
        for container in try engine.containers(of: sandbox.id) where container.phase == .running {
            guard let usage = try engine.statistics(ofContainer: container.id) else { continue }
            let labels = [
                container.spec.name, container.id, container.spec.image, container.spec.name,
                sandbox.spec.namespace, sandbox.spec.name,
            ]
            var metrics = CRIContainerMetrics()
            metrics.containerID = container.id
            metrics.metrics = ContainerMetric.all.compactMap { metric in
                metric.value(usage, container.startedAt).map {
                    Self.metric(metric.descriptor, metric.type, labels, $0, now)
                }
            }
            pod.containerMetrics.append(metrics)
        }
        return pod
    }

    private static func metric(
        _ descriptor: CRIMetricDescriptor, _ type: CRIMetricType, _ labels: [String], _ value: UInt64,
        _ now: Int64
    ) -> CRIMetric {
        var metric = CRIMetric()
        metric.name = descriptor.name
        metric.timestamp = now
        metric.metricType = type
        metric.labelValues = labels
        metric.value.value = value
        return metric
    }
}

private let containerLabels = ["container", "id", "image", "name", "namespace", "pod"]

private func descriptor(_ name: String, _ help: String, _ labels: [String]) -> CRIMetricDescriptor {
    var descriptor = CRIMetricDescriptor()
    descriptor.name = name
    descriptor.help = help
    descriptor.labelKeys = labels
    return descriptor
}

/// One of what a group of processes uses.
private struct ContainerMetric: Sendable {
    let descriptor: CRIMetricDescriptor
    let type: CRIMetricType
    /// The CRI's values are whole numbers; nil where the kernel does not tell.
    let value: @Sendable (_ usage: CgroupStatistics, _ start: Int64) -> UInt64?

    init(
        _ name: String, _ type: CRIMetricType, _ help: String,
        _ value: @escaping @Sendable (CgroupStatistics, Int64) -> UInt64?
    ) {
        descriptor = CRIService.descriptor(name, help, containerLabels)
        self.type = type
        self.value = value
    }

    private static let second: UInt64 = 1_000_000_000

    static let all: [ContainerMetric] = [
        .init("container_cpu_usage_seconds_total", .counter, "Cumulative cpu time consumed in seconds.") {
            usage, _ in
            usage.cpu.usage / second
        },
        .init("container_cpu_user_seconds_total", .counter, "Cumulative user cpu time consumed in seconds.") {
            usage, _ in usage.cpu.user / second
        },
        .init(
            "container_cpu_system_seconds_total", .counter, "Cumulative system cpu time consumed in seconds."
        ) {
            usage, _ in usage.cpu.system / second
        },
        .init("container_cpu_cfs_periods_total", .counter, "Number of elapsed enforcement period intervals.")
        {
            usage, _ in usage.cpu.periods
        },
        .init("container_cpu_cfs_throttled_periods_total", .counter, "Number of throttled period intervals.")
        {
            usage, _ in usage.cpu.throttledPeriods
        },
        .init("container_cpu_cfs_throttled_seconds_total", .counter, "Total time of throttling in seconds.") {
            usage, _ in usage.cpu.throttledTime / second
        },
        .init("container_memory_usage_bytes", .gauge, "Current memory usage in bytes, including all memory.")
        {
            usage, _ in usage.memory?.usage
        },
        .init("container_memory_working_set_bytes", .gauge, "Current working set in bytes.") { usage, _ in
            usage.memory?.workingSet
        },
        .init("container_memory_rss", .gauge, "Size of anonymous memory in bytes.") { usage, _ in
            usage.memory?.anonymous
        },
        .init("container_memory_cache", .gauge, "Number of bytes of page cache memory.") { usage, _ in
            usage.memory?.file
        },
        .init("container_memory_max_usage_bytes", .gauge, "Maximum memory usage recorded in bytes.") {
            usage, _ in
            usage.memory?.peak
        },
        .init("container_memory_swap", .gauge, "Container swap usage in bytes.") { usage, _ in
            usage.memory?.swapUsage
        },
        .init("container_memory_failcnt", .counter, "Number of memory usage hits limits.") { usage, _ in
            usage.memory?.limitHits
        },
        .init("container_spec_memory_limit_bytes", .gauge, "Memory limit for the container in bytes.") {
            usage, _ in
            usage.memory.map { $0.limit ?? 0 }
        },
        .init("container_oom_events_total", .counter, "Count of out of memory events observed.") { usage, _ in
            usage.memory?.oomKills
        },
        .init("container_processes", .gauge, "Number of processes running inside the container.") {
            usage, _ in
            usage.pids.current
        },
        .init("container_threads_max", .gauge, "Maximum number of threads allowed inside the container.") {
            usage, _ in usage.pids.limit ?? 0
        },
        .init(
            "container_start_time_seconds", .gauge, "Start time of the container since unix epoch in seconds."
        ) {
            _, start in UInt64(max(0, start)) / second
        },
        .init("container_fs_reads_bytes_total", .counter, "Cumulative count of bytes read.") { usage, _ in
            usage.io.map { $0.reduce(0) { $0 + $1.readBytes } }
        },
        .init("container_fs_writes_bytes_total", .counter, "Cumulative count of bytes written.") { usage, _ in
            usage.io.map { $0.reduce(0) { $0 + $1.writtenBytes } }
        },
        .init("container_fs_reads_total", .counter, "Cumulative count of reads completed.") { usage, _ in
            usage.io.map { $0.reduce(0) { $0 + $1.reads } }
        },
        .init("container_fs_writes_total", .counter, "Cumulative count of writes completed.") { usage, _ in
            usage.io.map { $0.reduce(0) { $0 + $1.writes } }
        },
        .init("container_last_seen", .gauge, "Last time a container was seen by the exporter.") { _, _ in
            UInt64(nanosecondsNow()) / second
        },
    ]
}

/// One of what went through a pod's network device.
private struct DeviceMetric: Sendable {
    let descriptor: CRIMetricDescriptor
    let value: @Sendable (DeviceCounters) -> UInt64

    init(_ name: String, _ help: String, _ value: @escaping @Sendable (DeviceCounters) -> UInt64) {
        descriptor = CRIService.descriptor(
            "container_network_" + name, help, containerLabels + ["interface"])
        self.value = value
    }

    static let all: [DeviceMetric] = [
        .init("receive_bytes_total", "Cumulative count of bytes received.") { $0.receivedBytes },
        .init("receive_packets_total", "Cumulative count of packets received.") { $0.receivedPackets },
        .init("receive_packets_dropped_total", "Cumulative count of packets dropped while receiving.") {
            $0.receiveDrops
        },
        .init("receive_errors_total", "Cumulative count of errors encountered while receiving.") {
            $0.receiveErrors
        },
        .init("transmit_bytes_total", "Cumulative count of bytes transmitted.") { $0.sentBytes },
        .init("transmit_packets_total", "Cumulative count of packets transmitted.") { $0.sentPackets },
        .init("transmit_packets_dropped_total", "Cumulative count of packets dropped while transmitting.") {
            $0.sendDrops
        },
        .init("transmit_errors_total", "Cumulative count of errors encountered while transmitting.") {
            $0.sendErrors
        },
    ]
}
