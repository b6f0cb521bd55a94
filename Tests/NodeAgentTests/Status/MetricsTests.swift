import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

@Suite struct MetricsTests {
    private func lines(_ text: String) -> Set<Substring> { Set(text.split(separator: "\n")) }

    @Test func whatTheAgentHasDone() {
        let counters = AgentCounters()
        counters.called("RunPodSandbox", took: .milliseconds(100), isError: false)
        counters.called("RunPodSandbox", took: .seconds(2000), isError: true)
        counters.called("UpdateContainerResources", took: .milliseconds(1), isError: false)
        counters.called("ExecSync", took: .milliseconds(1), isError: false)
        counters.evicted(for: "memory.available")
        counters.podRuns(after: .milliseconds(700))
        counters.startsPod()
        counters.starts(.sidecar)
        counters.starts(.main)
        counters.failed(.main, .pull)
        let lines = lines(counters.text)
        let sandbox = #"operation_type="run_podsandbox""#
        for line in [
            "kubelet_runtime_operations_total{\(sandbox)} 2",
            "kubelet_runtime_operations_errors_total{\(sandbox)} 1",
            "kubelet_runtime_operations_duration_seconds_bucket{\(sandbox),le=\"0.078125\"} 0",
            "kubelet_runtime_operations_duration_seconds_bucket{\(sandbox),le=\"0.1953125\"} 1",
            "kubelet_runtime_operations_duration_seconds_bucket{\(sandbox),le=\"+Inf\"} 2",
            "kubelet_runtime_operations_duration_seconds_count{\(sandbox)} 2",
            #"kubelet_runtime_operations_total{operation_type="update_container"} 1"#,
            #"kubelet_runtime_operations_total{operation_type="exec_sync"} 1"#,
            #"kubelet_evictions{eviction_signal="memory.available"} 1"#,
            #"kubelet_pod_start_duration_seconds_bucket{le="0.5"} 0"#,
            #"kubelet_pod_start_duration_seconds_bucket{le="1.0"} 1"#,
            "kubelet_pod_start_duration_seconds_sum 0.7", "kubelet_started_pods_total 1",
            "kubelet_started_pods_errors_total 0",
            #"kubelet_started_containers_total{container_type="container"} 1"#,
            #"kubelet_started_containers_total{container_type="init_container"} 1"#,
            #"kubelet_started_containers_errors_total{container_type="container",code="ErrImagePull"} 1"#,
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
        #expect(
            !lines.contains { $0.hasPrefix("kubelet_runtime_operations_errors_total{operation_type=\"exec") })
    }

    private let node = ResourceMetrics.Node(
        processorTime: 2_500_000_000, workingSet: 1000, swap: 0, time: Time(seconds: 9, nanoseconds: 0))

    @Test func whatPodsAndTheNodeTake() {
        var stats = CRIPodSandboxStats()
        stats.attributes.metadata.name = "web"
        stats.attributes.metadata.namespace = "default"
        stats.linux.memory.workingSetBytes.value = 70
        stats.linux.containers = (1...2).map { number in
            var container = CRIContainerStats()
            container.attributes.id = "id\(number)"
            container.attributes.metadata.name = "c\(number)"
            container.memory.workingSetBytes.value = 30
            container.swap.swapUsageBytes.value = 5
            return container
        }
        var listed = CRIContainer()
        listed.id = "id1"
        listed.createdAt = 1_700_000_000_500_000_000
        let lines = lines(
            ResourceMetrics.text(node, RuntimeReading(stats: [stats], containers: [listed])))
        for line in [
            "node_cpu_usage_seconds_total 2.5 9000", "node_memory_working_set_bytes 1000 9000",
            "node_swap_usage_bytes 0 9000",
            #"container_memory_working_set_bytes{container="c1",namespace="default",pod="web"} 30"#,
            #"container_swap_usage_bytes{container="c2",namespace="default",pod="web"} 5"#,
            #"container_start_time_seconds{container="c1",namespace="default",pod="web"} 1700000000.5"#,
            #"pod_memory_working_set_bytes{namespace="default",pod="web"} 70"#,
            #"pod_swap_usage_bytes{namespace="default",pod="web"} 10"#, "resource_scrape_error 0",
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
        // What the runtime does not tell is not told as nothing.
        #expect(!lines.contains { $0.hasPrefix("container_cpu_usage") || $0.hasPrefix("pod_cpu_usage") })
        #expect(!lines.contains { $0.hasPrefix("container_start_time_seconds{container=\"c2\"") })
    }

    @Test func aRuntimeThatDoesNotTell() {
        let lines = lines(ResourceMetrics.text(node, nil))
        #expect(lines.contains("resource_scrape_error 1"))
        #expect(lines.contains("node_cpu_usage_seconds_total 2.5 9000"))
    }
}
