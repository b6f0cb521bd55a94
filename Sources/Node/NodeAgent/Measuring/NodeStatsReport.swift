import CRIProtocol
import Glibc
import KubernetesAPI

/// The node's part of `/stats/summary`.
struct NodeStatsReport: Sendable {
    let nodeName: String
    let meter: NodeMeter
    let runtime: CRIRuntime
    /// Of all pods, for what they take together.
    let pods: [CRIPodSandboxStats]

    /// - Parameter isShort: processor and memory only.
    func make(isShort: Bool) async throws -> NodeStats {
        var node = NodeStats()
        node.nodeName = nodeName
        node.startTime = meter.attempt("start of the machine") { try MachineReading.start() } ?? nil
        node.cpu = meter.processor().map {
            CPUStats(time: .now, usageNanoCores: $0.rate, usageCoreNanoSeconds: $0.total)
        }
        node.memory = memory()
        node.swap = meter.attempt("swap") { try MachineReading.swap() }.map {
            SwapStats(
                time: .now, swapAvailableBytes: UInt64(clamping: $0.available),
                swapUsageBytes: UInt64(clamping: $0.used))
        }
        node.systemContainers = [podsTogether] + (ownProcess().map { [$0] } ?? [])
        if isShort { return node }
        let disks = await meter.disks()
        node.fs = disks.node?.stats()
        if let images = disks.images {
            let taken = try await runtime.imageFilesystem()
            var stats = RuntimeStats()
            stats.imageFs = images.stats(taken.imageFilesystems.first)
            stats.containerFs = disks.containers?.stats(taken.containerFilesystems.first)
            node.runtime = stats
        }
        if let processes = meter.attempt("processes", { try MachineReading.processes() }) ?? nil {
            node.rlimit = RlimitStats(
                time: .now, maxpid: processes.capacity, curproc: processes.capacity - processes.available)
        }
        return node
    }

    private func memory() -> MemoryStats? {
        guard let memory = meter.memory() else { return nil }
        let faults = meter.attempt("page faults") { try MachineReading.pageFaults() }
        return MemoryStats(
            time: .now, availableBytes: UInt64(clamping: memory.available),
            usageBytes: UInt64(clamping: memory.usage), workingSetBytes: UInt64(clamping: memory.workingSet),
            rssBytes: UInt64(clamping: memory.anonymous), pageFaults: faults.map { UInt64(clamping: $0.all) },
            majorPageFaults: faults.map { UInt64(clamping: $0.major) })
    }

    private var podsTogether: KubernetesAPI.ContainerStats {
        var stats = KubernetesAPI.ContainerStats()
        stats.name = "pods"
        let linux = pods.map(\.linux)
        stats.cpu = CPUStats(
            time: .now, usageNanoCores: linux.reduce(0) { $0 + $1.cpu.usageNanoCores.value },
            usageCoreNanoSeconds: linux.reduce(0) { $0 + $1.cpu.usageCoreNanoSeconds.value })
        stats.memory = MemoryStats(
            time: .now, usageBytes: linux.reduce(0) { $0 + $1.memory.usageBytes.value },
            workingSetBytes: linux.reduce(0) { $0 + $1.memory.workingSetBytes.value },
            rssBytes: linux.reduce(0) { $0 + $1.memory.rssBytes.value })
        return stats
    }

    /// The agent itself, under the name that readers of this know.
    private func ownProcess() -> KubernetesAPI.ContainerStats? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
        let seconds = UInt64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        let micros = UInt64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        let time = seconds * 1_000_000_000 + micros * 1000
        // proc_pid_statm(5): size, resident, in pages.
        let pages = meter.attempt("own memory") {
            try AgentFiles.text(of: "/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap {
                UInt64($0)
            }
        }
        guard let resident = pages ?? nil else { return nil }
        let bytes = resident * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        var stats = KubernetesAPI.ContainerStats()
        stats.name = "kubelet"
        stats.cpu = CPUStats(time: .now, usageCoreNanoSeconds: time)
        stats.memory = MemoryStats(time: .now, usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes)
        return stats
    }
}

extension FilesystemReading {
    /// - Parameter usage: what of it the runtime takes.
    fileprivate func stats(_ usage: CRIFilesystemUsage?) -> FsStats {
        stats(
            used: usage.map { Int64(clamping: $0.usedBytes.value) },
            inodesUsed: usage.map { Int64(clamping: $0.inodesUsed.value) })
    }
}
