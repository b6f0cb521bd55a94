import CRIProtocol
import KubernetesAPI

/// `/stats/summary` from what the runtime measures, and what is measured beside it.
struct StatsSummary {
    let node: NodeStats
    /// By pod.
    let storage: [String: PodStorageStats]
    let stats: [CRIPodSandboxStats]
    /// Processor and memory only.
    let isShort: Bool

    func make() -> Summary {
        var summary = Summary()
        summary.node = node
        summary.pods = stats.map(pod)
        return summary
    }

    private func pod(_ stats: CRIPodSandboxStats) -> PodStats {
        var pod = PodStats()
        let metadata = stats.attributes.metadata
        pod.podRef = PodReference(name: metadata.name, namespace: metadata.namespace, uid: metadata.uid)
        pod.cpu = CPUStats(stats.linux.cpu)
        pod.memory = MemoryStats(stats.linux.memory)
        let storage = storage[metadata.uid]
        pod.containers = stats.linux.containers.map { container($0, storage) }
        if isShort { return pod }
        pod.volume = storage?.volumes ?? []
        pod.ephemeralStorage = storage?.ephemeral
        if stats.linux.hasProcess {
            pod.processStats = ProcessStats(processCount: stats.linux.process.processCount.value)
        }
        if stats.linux.hasNetwork {
            let network = stats.linux.network
            var result = NetworkStats()
            result.time = Time(unixNanoseconds: network.timestamp)
            result.name = network.defaultInterface.name
            result.rxBytes = network.defaultInterface.rxBytes.value
            result.rxErrors = network.defaultInterface.rxErrors.value
            result.txBytes = network.defaultInterface.txBytes.value
            result.txErrors = network.defaultInterface.txErrors.value
            pod.network = result
        }
        return pod
    }

    private func container(
        _ stats: CRIContainerStats, _ storage: PodStorageStats?
    ) -> KubernetesAPI.ContainerStats {
        var result = KubernetesAPI.ContainerStats()
        result.name = stats.attributes.metadata.name
        result.cpu = CPUStats(stats.cpu)
        result.memory = MemoryStats(stats.memory)
        if isShort { return result }
        result.logs = storage?.logs[result.name]
        if stats.hasWritableLayer {
            let layer = stats.writableLayer
            result.rootfs = FsStats(
                time: Time(unixNanoseconds: layer.timestamp), usedBytes: layer.usedBytes.value,
                inodesUsed: layer.inodesUsed.value)
        }
        return result
    }
}

extension CPUStats {
    init(_ usage: CRICpuUsage) {
        self.init()
        time = Time(unixNanoseconds: usage.timestamp)
        usageNanoCores = usage.hasUsageNanoCores ? usage.usageNanoCores.value : nil
        usageCoreNanoSeconds = usage.hasUsageCoreNanoSeconds ? usage.usageCoreNanoSeconds.value : nil
    }
}

extension MemoryStats {
    init(_ usage: CRIMemoryUsage) {
        self.init()
        time = Time(unixNanoseconds: usage.timestamp)
        availableBytes = usage.hasAvailableBytes ? usage.availableBytes.value : nil
        usageBytes = usage.hasUsageBytes ? usage.usageBytes.value : nil
        workingSetBytes = usage.hasWorkingSetBytes ? usage.workingSetBytes.value : nil
        rssBytes = usage.hasRssBytes ? usage.rssBytes.value : nil
        pageFaults = usage.hasPageFaults ? usage.pageFaults.value : nil
        majorPageFaults = usage.hasMajorPageFaults ? usage.majorPageFaults.value : nil
    }
}
