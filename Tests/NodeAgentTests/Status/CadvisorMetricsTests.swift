import CRIProtocol
import NodeAgent
import Testing

@Suite struct CadvisorMetricsTests {
    /// A runtime without metrics of its own: what it measures of pods has cAdvisor's names and labels.
    @Test func madeOfWhatIsMeasuredOfPods() {
        var stats = CRIPodSandboxStats()
        stats.attributes.id = "s1"
        stats.attributes.metadata.name = "web"
        stats.attributes.metadata.namespace = "default"
        stats.linux.memory.workingSetBytes.value = 300
        var container = CRIContainerStats()
        container.attributes.id = "c1"
        container.attributes.metadata.name = "main"
        container.cpu.timestamp = 7_000_000_000
        container.cpu.usageCoreNanoSeconds.value = 1_500_000_000
        container.memory.timestamp = 7_000_000_000
        container.memory.usageBytes.value = 200
        container.memory.workingSetBytes.value = 100
        container.writableLayer.timestamp = 7_000_000_000
        container.writableLayer.usedBytes.value = 4096
        stats.linux.containers = [container]
        var listed = CRIContainer()
        listed.id = "c1"
        listed.image.userSpecifiedImage = "busybox"
        listed.createdAt = 5_000_000_000
        let text = CadvisorMetrics.text(RuntimeReading(stats: [stats], containers: [listed]))
        let labels =
            #"{container="main",id="c1",image="busybox",name="c1",namespace="default",pod="web"}"#
        for line in [
            "# TYPE container_cpu_usage_seconds_total counter",
            "container_cpu_usage_seconds_total\(labels) 1.5 7000",
            "container_memory_usage_bytes\(labels) 200 7000",
            "container_memory_working_set_bytes\(labels) 100 7000",
            "container_start_time_seconds\(labels) 5.0", "container_fs_usage_bytes\(labels) 4096 7000",
        ] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
        }
        #expect(
            text.contains(
                #"container_memory_working_set_bytes{container="",id="s1",image="",name="",namespace="default",pod="web"} 300"#
            ))
        // What nobody knows is not said.
        #expect(!text.contains("container_memory_rss"))
        #expect(!text.contains(#"container_cpu_usage_seconds_total{container="","#))
    }
}
