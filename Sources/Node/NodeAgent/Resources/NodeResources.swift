import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel

/// What this node has, which pods it takes, and what containers may use of it. Pods have no groups of their own yet: the
/// runtime makes them where it wants.
package struct NodeResources: PodResources {
    package let capacity: ResourceList
    package var allocatable: ResourceList { capacity }
    private let maxPods: Int

    /// - Parameter capacity: processors, memory and pods.
    package init(capacity: ResourceList, maxPods: Int) {
        var capacity = capacity
        capacity[.pods] = Quantity(Int64(maxPods))
        self.capacity = capacity
        self.maxPods = maxPods
    }

    /// The node that this program runs on.
    package init(maxPods: Int) throws {
        self.init(
            capacity: [
                .cpu: Quantity(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
                .memory: Quantity(try Self.memory(), format: .binarySI),
            ], maxPods: maxPods)
    }

    /// `MemTotal` of proc_meminfo(5), in bytes.
    private static func memory() throws(KernelError) -> Int64 {
        let text = String(
            decoding: try FileDescriptor.readFile("/proc/meminfo", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        let words = line?.split(separator: " ") ?? []
        return (words.count > 1 ? Int64(words[1]) ?? 0 : 0) * 1024
    }

    package func prepare(_ pod: Pod) async throws -> String? { nil }
    package func remove(_ uid: String) async throws {}

    // MARK: Containers

    package func resources(of container: Container, in pod: Pod) -> CRILinuxContainerResources {
        var result = CRILinuxContainerResources()
        let limits = container.resources.limits
        let request = container.resources.requests[.cpu] ?? limits[.cpu]
        // Shares of 1,024 for each processor; two is the kernel's least.
        result.cpuShares = max(2, (request?.milliValue ?? 0) * 1024 / 1000)
        if let limit = limits[.cpu], !limit.isZero {
            result.cpuPeriod = 100_000
            // A millisecond in each period is the least that counts.
            result.cpuQuota = max(1000, limit.milliValue * 100)
        }
        if let limit = limits[.memory] { result.memoryLimitInBytes = limit.value }
        for (name, quantity) in limits where name.isHugePages {
            let size = String(name.rawValue.dropFirst("hugepages-".count))
            result.hugepageLimits.append(
                .with {
                    // `2Mi` is `2MB` to the kernel and the CRI.
                    $0.pageSize = size.hasSuffix("i") ? size.dropLast() + "B" : size + "B"
                    $0.limit = UInt64(max(0, quantity.value))
                })
        }
        result.oomScoreAdj = oomScore(of: container, in: pod)
        return result
    }

    /// As Kubernetes has it: guaranteed pods last, best-effort ones first, the others by what they asked for, between.
    private func oomScore(of container: Container, in pod: Pod) -> Int64 {
        switch qosClass(of: pod) {
        case .guaranteed: return -997
        case .bestEffort: return 1000
        default: break
        }
        let total = capacity[.memory]?.value ?? 0
        guard total > 0 else { return 999 }
        let request =
            (container.resources.requests[.memory] ?? container.resources.limits[.memory])?.value ?? 0
        return min(999, max(3, 1000 - 1000 * request / total))
    }

    package func resources(
        ofPod pod: Pod
    ) -> (resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?) {
        var sum = CRILinuxContainerResources()
        sum.cpuShares = max(2, (pod.containerRequests[.cpu]?.milliValue ?? 0) * 1024 / 1000)
        if let limit = pod.containerLimits[.memory], pod.hasLimit(.memory) {
            sum.memoryLimitInBytes = limit.value
        }
        if let limit = pod.containerLimits[.cpu], pod.hasLimit(.cpu) {
            sum.cpuPeriod = 100_000
            sum.cpuQuota = max(1000, limit.milliValue * 100)
        }
        guard !pod.spec.overhead.isEmpty else { return (sum, nil) }
        var overhead = CRILinuxContainerResources()
        overhead.cpuShares = (pod.spec.overhead[.cpu]?.milliValue ?? 0) * 1024 / 1000
        overhead.memoryLimitInBytes = pod.spec.overhead[.memory]?.value ?? 0
        return (sum, overhead)
    }

    package func qosClass(of pod: Pod) -> PodQOSClass {
        let all = (pod.initContainers + pod.mainContainers).map(\.container.resources)
        let isCounted: (ResourceList) -> Bool = { list in
            [ResourceName.cpu, .memory].contains { !(list[$0] ?? .zero).isZero }
        }
        if !all.contains(where: { isCounted($0.limits) || isCounted($0.requests) }) { return .bestEffort }
        let isGuaranteed = all.allSatisfy { resources in
            [ResourceName.cpu, .memory].allSatisfy { name in
                guard let limit = resources.limits[name], !limit.isZero else { return false }
                return (resources.requests[name] ?? limit) == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    // MARK: Admission

    package func admit(_ pod: Pod, beside others: [Pod]) -> PodFailure? {
        if others.count >= maxPods {
            return PodFailure(
                reason: "OutOfpods",
                message: "Pod was rejected: Node didn't have enough resource: pods, requested: 1, "
                    + "used: \(others.count), capacity: \(maxPods)")
        }
        var used = ResourceList()
        for other in others { used.add(other.requests) }
        for name in [ResourceName.cpu, .memory] {
            guard let wanted = pod.requests[name], !wanted.isZero, let whole = capacity[name] else {
                continue
            }
            let taken = used[name] ?? .zero
            guard taken + wanted > whole else { continue }
            let number: (Quantity) -> Int64 = { name == .cpu ? $0.milliValue : $0.value }
            return PodFailure(
                reason: "OutOf\(name.rawValue)",
                message: "Pod was rejected: Node didn't have enough resource: \(name.rawValue), "
                    + "requested: \(number(wanted)), used: \(number(taken)), capacity: \(number(whole))")
        }
        return nil
    }
}

extension Pod {
    /// Whether every container has one: else the sum limits nothing.
    fileprivate func hasLimit(_ name: ResourceName) -> Bool {
        mainContainers.allSatisfy { !($0.container.resources.limits[name] ?? .zero).isZero }
    }
}
