import CRIProtocol
import KubernetesAPI

/// `/stats/summary` from what the runtime measures, and what is measured beside it.
package struct StatsSummary {
    let node: NodeStats
    /// By pod.
    let storage: [String: PodStorageStats]
    let reading: RuntimeReading
    /// Processor and memory only.
    let isShort: Bool

    package init(
        node: NodeStats, storage: [String: PodStorageStats] = [:], reading: RuntimeReading, isShort: Bool
    ) {
        self.node = node
        self.storage = storage
        self.reading = reading
        self.isShort = isShort
    }

    package func make() -> Summary {
        var summary = Summary()
        summary.node = node
        summary.pods = reading.stats.map(pod)
        return summary
    }

    private func pod(_ stats: CRIPodSandboxStats) -> PodStats {
        var pod = PodStats()
        let metadata = stats.attributes.metadata
        pod.podRef = PodReference(name: metadata.name, namespace: metadata.namespace, uid: metadata.uid)
        pod.startTime = reading.sandboxes[stats.attributes.id].map { Time(unixNanoseconds: $0.createdAt) }
        pod.cpu = CPUStats(stats.linux.cpu)
        pod.memory = MemoryStats(stats.linux.memory)
        let storage = storage[metadata.uid]
        pod.containers = stats.linux.containers.map { container($0, storage) }
        pod.swap = SwapStats(sumOf: pod.containers.compactMap(\.swap))
        if isShort { return pod }
        pod.volume = storage?.volumes ?? []
        pod.ephemeralStorage = storage?.ephemeral
        if stats.linux.hasProcess {
            pod.processStats = ProcessStats(processCount: stats.linux.process.processCount.value)
        }
        if stats.linux.hasNetwork { pod.network = NetworkStats(stats.linux.network) }
        return pod
    }

    private func container(
        _ stats: CRIContainerStats, _ storage: PodStorageStats?
    ) -> KubernetesAPI.ContainerStats {
        var result = KubernetesAPI.ContainerStats()
        result.name = stats.attributes.metadata.name
        result.startTime = reading.containers[stats.attributes.id].map { Time(unixNanoseconds: $0.createdAt) }
        result.cpu = CPUStats(stats.cpu)
        result.memory = MemoryStats(stats.memory)
        if let used = stats.swapUsage {
            result.swap = SwapStats(
                time: Time(reading: stats.swap.timestamp),
                swapAvailableBytes: stats.swap.hasSwapAvailableBytes
                    ? stats.swap.swapAvailableBytes.value : nil, swapUsageBytes: used)
        }
        if isShort { return result }
        result.logs = storage?.logs[result.name]
        if stats.hasWritableLayer {
            let layer = stats.writableLayer
            result.rootfs = FsStats(
                time: Time(reading: layer.timestamp), usedBytes: layer.usedBytes.value,
                inodesUsed: layer.inodesUsed.value)
        }
        return result
    }
}

extension Time {
    /// Nil where the runtime does not say when it looked.
    fileprivate init?(reading nanoseconds: Int64) {
        guard nanoseconds > 0 else { return nil }
        self.init(unixNanoseconds: nanoseconds)
    }
}

extension SwapStats {
    /// Of a pod, from those of its containers: the CRI has none of the pod's own.
    fileprivate init?(sumOf containers: [SwapStats]) {
        if containers.isEmpty { return nil }
        self.init()
        time = containers.compactMap(\.time).max()
        swapUsageBytes = containers.reduce(0) { $0.addingClamped($1.swapUsageBytes ?? 0) }
        let available = containers.compactMap(\.swapAvailableBytes)
        // One without a limit can have all that the node has.
        if available.count == containers.count {
            swapAvailableBytes = available.reduce(0) { $0.addingClamped($1) }
        }
    }
}

extension UInt64 {
    /// Runtimes say numbers near the largest one where there is no limit, or where a number fell below zero.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}

extension NetworkStats {
    /// The default interface stands for the pod, and is the first of all of them.
    init(_ network: CRINetworkUsage) {
        self.init()
        time = Time(reading: network.timestamp)
        let main = InterfaceStats(network.defaultInterface)
        name = main.name
        rxBytes = main.rxBytes
        rxErrors = main.rxErrors
        txBytes = main.txBytes
        txErrors = main.txErrors
        // Runtimes list it among the others, or do not.
        interfaces = [main] + network.interfaces.filter { $0.name != main.name }.map(InterfaceStats.init)
    }
}

extension InterfaceStats {
    init(_ usage: CRINetworkInterfaceUsage) {
        self.init(
            name: usage.name, rxBytes: usage.rxBytes.value, rxErrors: usage.rxErrors.value,
            txBytes: usage.txBytes.value, txErrors: usage.txErrors.value)
    }
}

extension CPUStats {
    init(_ usage: CRICpuUsage) {
        self.init()
        time = Time(reading: usage.timestamp)
        usageNanoCores = usage.hasUsageNanoCores ? usage.usageNanoCores.value : nil
        usageCoreNanoSeconds = usage.hasUsageCoreNanoSeconds ? usage.usageCoreNanoSeconds.value : nil
    }
}

extension MemoryStats {
    init(_ usage: CRIMemoryUsage) {
        self.init()
        time = Time(reading: usage.timestamp)
        availableBytes = usage.hasAvailableBytes ? usage.availableBytes.value : nil
        usageBytes = usage.hasUsageBytes ? usage.usageBytes.value : nil
        workingSetBytes = usage.hasWorkingSetBytes ? usage.workingSetBytes.value : nil
        rssBytes = usage.hasRssBytes ? usage.rssBytes.value : nil
        pageFaults = usage.hasPageFaults ? usage.pageFaults.value : nil
        majorPageFaults = usage.hasMajorPageFaults ? usage.majorPageFaults.value : nil
    }
}
