import CRIProtocol
import Glibc
import KubernetesAPI

/// What one container may use, as the CRI takes it.
struct ContainerLimits {
    let node: NodeFactsOfLimits
    let pod: Pod
    let qos: PodQOSClass

    func of(_ container: Container) -> CRILinuxContainerResources {
        var result = CRILinuxContainerResources()
        let limits = container.resources.limits
        let request = container.resources.requests[.cpu] ?? limits[.cpu]
        result.cpuShares = CPUTime.shares(milli: request?.milliValue ?? 0)
        if let limit = limits[.cpu] ?? podLimit(.cpu), !limit.isZero, let period = node.quotaPeriod {
            result.cpuPeriod = period
            result.cpuQuota = CPUTime.quota(milli: limit.milliValue, period: period)
        }
        if let limit = limits[.memory] ?? podLimit(.memory) { result.memoryLimitInBytes = limit.value }
        result.hugepageLimits = hugePages(limits).map { size, bytes in
            .with {
                $0.pageSize = size
                $0.limit = bytes
            }
        }
        result.oomScoreAdj = oomScore(of: container)
        if node.isUnified {
            addMemoryQoS(container, &result)
            // All of a container goes, or its first process may live on without what it works with.
            if !node.killsSingleProcess { result.unified["memory.oom.group"] = "1" }
        }
        addSwap(container, &result)
        return result
    }

    /// A container without a limit of its own may have no more than its pod as a whole (KEP-2837).
    private func podLimit(_ name: ResourceName) -> Quantity? { pod.spec.resources?.limits[name] }

    /// Of every size that the node has: pages that another container asks for are not for this one. What only the pod as
    /// a whole asks for is for all of them.
    private func hugePages(_ limits: ResourceList) -> [(size: String, bytes: UInt64)] {
        var sizes = Dictionary(node.pageSizes.map { ($0, UInt64(0)) }, uniquingKeysWith: { $1 })
        for (size, bytes) in HugePages.limits(pod.spec.resources?.limits ?? [:]) { sizes[size] = bytes }
        for (size, bytes) in HugePages.limits(limits) { sizes[size] = bytes }
        return sizes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // MARK: Out of memory

    /// As Kubernetes has it: what the node needs and guaranteed pods last, best-effort ones first, the others by what they
    /// asked for, between.
    private func oomScore(of container: Container) -> Int64 {
        if pod.effectivePriority >= PodPriority.systemCriticalNode { return -997 }
        switch qos {
        case .guaranteed: return -997
        case .bestEffort: return 1000
        default: break
        }
        guard node.memory > 0 else { return 999 }
        var request = memoryRequest(of: container)
        // What main containers lean on goes no sooner than the one of them that asked for least (KEP-753).
        if isSidecar(container) {
            request = max(request, pod.spec.containers.map(memoryRequest).min() ?? 0)
        }
        return min(999, max(3, 1000 - 1000 * (request + shareOfPod) / node.memory))
    }

    /// What the pod as a whole asks for beyond its containers is each one's in equal parts (KEP-2837).
    private var shareOfPod: Int64 {
        guard let own = pod.spec.resources?.requests[.memory], !own.isZero else { return 0 }
        let rest = own.value - (pod.containerRequests[.memory]?.value ?? 0)
        return max(0, rest) / Int64(max(1, pod.spec.containers.count + pod.spec.initContainers.count))
    }

    private func isSidecar(_ container: Container) -> Bool {
        pod.initContainers.contains { $0.role == .sidecar && $0.name == container.name }
    }

    private func memoryRequest(of container: Container) -> Int64 {
        (container.resources.requests[.memory] ?? container.resources.limits[.memory])?.value ?? 0
    }

    // MARK: MemoryQoS (KEP-2570)

    private func addMemoryQoS(_ container: Container, _ result: inout CRILinuxContainerResources) {
        let request = memoryRequest(of: container)
        if node.reservesMemory {
            for (name, value) in MemoryReservation.tiered(qos, request: request).files where value != "0" {
                result.unified[name] = value
            }
        }
        guard let factor = node.memoryThrottling else { return }
        let limit = container.resources.limits[.memory]?.value ?? 0
        // A guaranteed container is not held back below its limit.
        guard limit != request || limit == 0 else { return }
        let top = limit > 0 ? limit : node.allocatableMemory
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        let high = Int64(Double(request) + factor * Double(top - request)) / page * page
        if high > request { result.unified["memory.high"] = String(high) }
    }

    // MARK: Swap (KEP-2400)

    private func addSwap(_ container: Container, _ result: inout CRILinuxContainerResources) {
        let limit = result.memoryLimitInBytes
        guard node.isUnified else {
            // Version 1 limits memory and swap together only: what has a limit does not swap.
            if node.countsSwap, limit > 0 { result.memorySwapLimitInBytes = limit }
            return
        }
        guard node.swap > 0 else { return }
        let request = memoryRequest(of: container)
        let mayUse =
            node.usesSwap && qos == .burstable && !pod.isCritical && request > 0
            && request != container.resources.limits[.memory]?.value
            && node.memory > 0
        let own = mayUse ? Int64(Double(request) / Double(node.memory) * Double(node.swap)) : 0
        // The CRI counts memory and swap together, so one without a memory limit needs the file's own name.
        if limit > 0 {
            result.memorySwapLimitInBytes = limit + own
        } else {
            result.unified["memory.swap.max"] = String(own)
        }
    }
}

/// What limits are worked out from, besides the pod.
struct NodeFactsOfLimits: Sendable {
    /// Bytes that the machine has.
    var memory: Int64
    var allocatableMemory: Int64
    /// Bytes on swap devices.
    var swap: Int64
    /// Groups of version 1 can limit it.
    var countsSwap: Bool
    /// Of the huge pages that the kernel can limit, as it spells them.
    var pageSizes: [String]
    /// The host has version 2 of cgroups alone.
    var isUnified: Bool
    /// Microseconds; nil: no quotas.
    var quotaPeriod: Int64?
    /// nil: MemoryQoS is off.
    var memoryThrottling: Double?
    /// For pods, by their classes (`TieredReservation`).
    var reservesMemory: Bool
    var usesSwap: Bool
    var killsSingleProcess: Bool
    /// 0 and less: no limit.
    var podPidsLimit: Int64

    init(
        _ machine: ResourceList, _ node: Allocatable, _ settings: ResourceSettings, isUnified: Bool,
        swap: Int64, countsSwap: Bool, pageSizes: [String]
    ) {
        memory = machine[.memory]?.value ?? 0
        allocatableMemory = node.allocatable[.memory]?.value ?? 0
        self.swap = swap
        self.countsSwap = countsSwap
        self.pageSizes = pageSizes
        self.isUnified = isUnified
        quotaPeriod = settings.quotaPeriod
        memoryThrottling = settings.memoryThrottling
        reservesMemory = settings.reservesMemory && isUnified
        usesSwap = settings.usesSwap
        killsSingleProcess = settings.killsSingleProcess ?? !isUnified
        podPidsLimit = settings.podPidsLimit
    }
}

/// Priorities that Kubernetes keeps for itself (priority classes).
enum PodPriority {
    /// `system-node-critical`.
    static let systemCriticalNode: Int32 = 2_000_001_000
}

enum HugePages {
    /// Of each size that is limited, as the kernel spells it: `2Mi` is `2MB`.
    static func limits(_ list: ResourceList) -> [(size: String, bytes: UInt64)] {
        list.filter { $0.key.isHugePages }.map { name, quantity in
            let size = String(name.rawValue.dropFirst("hugepages-".count))
            return (
                size.hasSuffix("i") ? size.dropLast() + "B" : size + "B", UInt64(max(0, quantity.value))
            )
        }.sorted { $0.0 < $1.0 }
    }
}
