import CRIProtocol
import OCISpec

/// The CRI's resources as the runtime takes them, at the start of a container and for `UpdateContainerResources`.
public struct ResourceTranslation: Equatable, Sendable {
    /// What is 0 or empty in the CRI is left as it is.
    public var resources = RuntimeSpec.Resources()
    /// Within what this node allows.
    public var oomScoreAdj: Int32
    public var warnings: [String] = []

    /// - Parameter field: where the message stands in the request.
    public init(
        _ wanted: CRILinuxContainerResources, facts: NodeFacts, field: String = "linux"
    ) throws(TranslationError) {
        guard -1000...1000 ~= wanted.oomScoreAdj else {
            throw .invalid(field + ".oom_score_adj", "\(wanted.oomScoreAdj) is out of range, -1000 to 1000")
        }
        oomScoreAdj = Int32(wanted.oomScoreAdj)
        if oomScoreAdj < facts.lowestOOMScore {
            warnings.append(
                "\(field).oom_score_adj: \(oomScoreAdj) is below what this node allows; it is \(facts.lowestOOMScore)"
            )
            oomScoreAdj = facts.lowestOOMScore
        }
        resources.cpu = try Self.cpu(wanted, facts, field)
        resources.memory = try Self.memory(wanted, countsSwap: facts.countsSwap, field)
        let limits = wanted.hugepageLimits
        if facts.countsHugePages {
            for (index, limit) in limits.enumerated() where !facts.pageSizes.contains(limit.pageSize) {
                throw .invalid(
                    "\(field).hugepage_limits[\(index)].page_size",
                    "\(JSONError.quoted(limit.pageSize)) is no size of this node's huge pages: "
                        + (facts.pageSizes.isEmpty ? "it has none" : facts.pageSizes.joined(separator: ", ")))
            }
            resources.hugepageLimits = limits.map {
                RuntimeSpec.Resources.HugepageLimit(pageSize: $0.pageSize, limit: $0.limit)
            }
        } else if limits.contains(where: { $0.limit > 0 }) {
            // A kubelet gives limits of 0 for every size, on all nodes.
            warnings.append("\(field).hugepage_limits: ignored, this node cannot limit huge pages")
        }
        resources.unified = SortedMap(wanted.unified.map { (key: $0.key, value: $0.value) })
        do throws(JSONError) {
            try resources.validate(at: field)
        } catch {
            throw .invalid(error.path, error.reason)
        }
    }

    private static func cpu(
        _ wanted: CRILinuxContainerResources, _ facts: NodeFacts, _ field: String
    ) throws(TranslationError) -> RuntimeSpec.Resources.CPU? {
        var cpu = RuntimeSpec.Resources.CPU()
        for (name, number) in [("cpu_period", wanted.cpuPeriod), ("cpu_shares", wanted.cpuShares)]
        where number < 0 {
            throw .invalid("\(field).\(name)", "\(number) must not be negative")
        }
        guard wanted.cpuQuota >= -1 else {
            throw .invalid(field + ".cpu_quota", "\(wanted.cpuQuota) is less than -1, which is no limit")
        }
        // The kernel takes no others (tg_set_bandwidth).
        if wanted.cpuQuota != 0, wanted.cpuQuota != -1, wanted.cpuQuota < 1000 {
            throw .invalid(
                field + ".cpu_quota", "\(wanted.cpuQuota) is less than 1000 microseconds, the least")
        }
        if wanted.cpuPeriod != 0, !(1000...1_000_000 ~= wanted.cpuPeriod) {
            throw .invalid(
                field + ".cpu_period", "\(wanted.cpuPeriod) is out of range, 1000 to 1000000 microseconds")
        }
        // Version 2 has a weight of its own, which ends where theirs do.
        if facts.legacyControllers.contains("cpu"), wanted.cpuShares != 0, !(2...262_144 ~= wanted.cpuShares)
        {
            throw .invalid(
                field + ".cpu_shares",
                "\(wanted.cpuShares) is out of range, 2 to 262144, of this node's cgroup version 1")
        }
        if wanted.cpuPeriod != 0 { cpu.period = UInt64(wanted.cpuPeriod) }
        if wanted.cpuQuota != 0 { cpu.quota = wanted.cpuQuota }
        if wanted.cpuShares != 0 { cpu.shares = UInt64(wanted.cpuShares) }
        for (name, list) in [("cpuset_cpus", wanted.cpusetCpus), ("cpuset_mems", wanted.cpusetMems)]
        where NumberList(list) == nil {
            throw .invalid("\(field).\(name)", "expected a list like 0-3,7, found \(JSONError.quoted(list))")
        }
        if !wanted.cpusetCpus.isEmpty { cpu.cpus = wanted.cpusetCpus }
        if !wanted.cpusetMems.isEmpty { cpu.mems = wanted.cpusetMems }
        return cpu == RuntimeSpec.Resources.CPU() ? nil : cpu
    }

    private static func memory(
        _ wanted: CRILinuxContainerResources, countsSwap: Bool, _ field: String
    ) throws(TranslationError) -> RuntimeSpec.Resources.Memory? {
        var memory = RuntimeSpec.Resources.Memory()
        let limit = wanted.memoryLimitInBytes
        let swap = wanted.memorySwapLimitInBytes
        guard limit >= -1 else {
            throw .invalid(field + ".memory_limit_in_bytes", "\(limit) is less than -1, which is no limit")
        }
        guard swap >= -1 else {
            throw .invalid(
                field + ".memory_swap_limit_in_bytes", "\(swap) is less than -1, which is no limit")
        }
        // It counts memory and swap together.
        if swap > 0, limit > swap {
            throw .invalid(
                field + ".memory_swap_limit_in_bytes", "\(swap) is less than memory_limit_in_bytes, \(limit)")
        }
        if limit != 0 {
            memory.limit = limit
            // Without a word about swap there is none.
            if countsSwap { memory.swap = limit }
        }
        if swap != 0, countsSwap { memory.swap = swap }
        return memory == RuntimeSpec.Resources.Memory() ? nil : memory
    }
}

extension ResourceTranslation {
    /// As ContainerStatus tells them: what the container has, and not what was asked for, as containerd.
    public var status: CRILinuxContainerResources {
        var status = CRILinuxContainerResources()
        status.oomScoreAdj = Int64(oomScoreAdj)
        if let cpu = resources.cpu {
            status.cpuPeriod = Int64(clamping: cpu.period ?? 0)
            status.cpuQuota = cpu.quota ?? 0
            status.cpuShares = Int64(clamping: cpu.shares ?? 0)
            status.cpusetCpus = cpu.cpus ?? ""
            status.cpusetMems = cpu.mems ?? ""
        }
        status.memoryLimitInBytes = resources.memory?.limit ?? 0
        status.memorySwapLimitInBytes = resources.memory?.swap ?? 0
        status.hugepageLimits = resources.hugepageLimits.map { limit in
            var told = CRIHugepageLimit()
            (told.pageSize, told.limit) = (limit.pageSize, limit.limit)
            return told
        }
        for (name, value) in resources.unified { status.unified[name] = value }
        return status
    }
}

extension CRILinuxContainerResources {
    /// These with what an update changes: what is 0 or empty there stays, and so does the score, which is a process's.
    public func updated(by update: CRILinuxContainerResources) -> CRILinuxContainerResources {
        var merged = self
        if update.cpuPeriod != 0 { merged.cpuPeriod = update.cpuPeriod }
        if update.cpuQuota != 0 { merged.cpuQuota = update.cpuQuota }
        if update.cpuShares != 0 { merged.cpuShares = update.cpuShares }
        if update.memoryLimitInBytes != 0 { merged.memoryLimitInBytes = update.memoryLimitInBytes }
        if update.memorySwapLimitInBytes != 0 {
            merged.memorySwapLimitInBytes = update.memorySwapLimitInBytes
        }
        if !update.cpusetCpus.isEmpty { merged.cpusetCpus = update.cpusetCpus }
        if !update.cpusetMems.isEmpty { merged.cpusetMems = update.cpusetMems }
        for limit in update.hugepageLimits {
            merged.hugepageLimits.removeAll { $0.pageSize == limit.pageSize }
            merged.hugepageLimits.append(limit)
        }
        merged.unified.merge(update.unified) { $1 }
        return merged
    }
}
