import CRIProtocol
import KubernetesAPI
import OCISpec

/// What all containers of a pod may use together: the limits of its own group.
struct PodLimits: Equatable, Sendable {
    var cpuShares = CPUTime.shares.lowerBound
    /// Microseconds in each `cpuPeriod`; nil: no limit.
    var cpuQuota: Int64?
    var cpuPeriod: Int64 = 100_000
    /// Bytes; nil: no limit, because a container has none.
    var memory: Int64?
    /// nil: nothing is kept for pods on this node.
    var reservation: MemoryReservation?
    var pids: Int64?
    /// Of every size that the node has.
    var hugePages: [String: UInt64] = [:]

    init(_ pod: Pod, _ qos: PodQOSClass, _ node: NodeFactsOfLimits) {
        let requests = pod.requests
        let limits = pod.limits
        if node.podPidsLimit > 0 { pids = node.podPidsLimit }
        // A size that the pod does not ask for is not for it.
        hugePages = Dictionary(node.pageSizes.map { ($0, 0) }, uniquingKeysWith: { $1 })
        for (size, bytes) in HugePages.limits(limits) { hugePages[size] = bytes }
        if let period = node.quotaPeriod { cpuPeriod = period }
        if node.reservesMemory { reservation = .tiered(qos, request: requests[.memory]?.value ?? 0) }
        guard qos != .bestEffort else { return }
        cpuShares = CPUTime.shares(milli: requests[.cpu]?.milliValue ?? 0)
        if let period = node.quotaPeriod, let limit = limits[.cpu], pod.limitsAll(.cpu) {
            cpuQuota = CPUTime.quota(milli: limit.milliValue, period: period)
        }
        if let limit = limits[.memory], pod.limitsAll(.memory) { memory = limit.value }
    }

    /// Enough for both.
    func covering(_ other: PodLimits) -> PodLimits {
        var result = self
        result.cpuShares = max(cpuShares, other.cpuShares)
        result.cpuQuota = zip(cpuQuota, other.cpuQuota).map { max($0, $1) }
        result.memory = zip(memory, other.memory).map { max($0, $1) }
        result.hugePages.merge(other.hugePages) { max($0, $1) }
        return result
    }

    /// No limit is more than any.
    private func zip(_ a: Int64?, _ b: Int64?) -> (Int64, Int64)? { a.flatMap { a in b.map { (a, $0) } } }

    /// For the kernel: what is not limited is said to be so, since the group may have been limited before.
    func resources(isUnified: Bool) -> RuntimeSpec.Resources {
        var result = RuntimeSpec.Resources()
        var cpu = RuntimeSpec.Resources.CPU()
        cpu.shares = UInt64(cpuShares)
        cpu.quota = cpuQuota ?? -1
        cpu.period = UInt64(cpuPeriod)
        result.cpu = cpu
        var limit = RuntimeSpec.Resources.Memory()
        limit.limit = memory ?? -1
        result.memory = limit
        if let pids { result.pids = .init(limit: pids) }
        result.hugepageLimits = hugePages.sorted { $0.key < $1.key }.map {
            RuntimeSpec.Resources.HugepageLimit(pageSize: $0.key, limit: $0.value)
        }
        if isUnified {
            for (name, value) in reservation?.files ?? [] { result.unified[name] = value }
        }
        return result
    }

    /// As the sandbox is told of them.
    var cri: CRILinuxContainerResources {
        .with {
            $0.cpuShares = cpuShares
            if let cpuQuota {
                $0.cpuPeriod = cpuPeriod
                $0.cpuQuota = cpuQuota
            }
            if let memory { $0.memoryLimitInBytes = memory }
        }
    }
}

extension Pod {
    /// Whether the pod as a whole or each of its containers has a limit: else the sum limits nothing.
    func limitsAll(_ name: ResourceName) -> Bool {
        if let own = spec.resources?.limits[name], !own.isZero { return true }
        return (initContainers + mainContainers).allSatisfy {
            !($0.container.resources.limits[name] ?? .zero).isZero
        }
    }
}
