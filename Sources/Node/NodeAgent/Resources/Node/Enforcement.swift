import KubernetesAPI
import OCISpec

/// Which limits hold for the node's parts (`enforceNodeAllocatable`).
struct Enforcement {
    /// Of all pods together.
    let pods: RuntimeSpec.Resources
    /// Of groups of the system's own.
    let reserved: [(name: String, resources: RuntimeSpec.Resources)]

    init(_ node: Allocatable, _ settings: ResourceSettings, _ names: GroupNames) {
        var pods = RuntimeSpec.Resources()
        if settings.enforced.contains(.pods) {
            pods = Self.limits(node.limit)
            // Processes are limited only where some are kept for others.
            var reserved = settings.kubeReserved
            reserved.add(settings.systemReserved)
            if let kept = reserved[.pid], let all = ProcessNumbers.most() {
                pods.pids = .init(limit: max(1, all - kept.value))
            }
        }
        self.pods = pods
        let parts: [(ResourceSettings.Enforced, ResourceSettings.Enforced, ResourceList, String)] = [
            (.kubeReserved, .kubeReservedCompressible, settings.kubeReserved, settings.kubeReservedCgroup),
            (
                .systemReserved, .systemReservedCompressible, settings.systemReserved,
                settings.systemReservedCgroup
            ),
        ]
        reserved = parts.compactMap { whole, time, list, group in
            if settings.enforced.contains(whole) {
                var limits = Self.limits(list)
                if let pids = list[.pid] { limits.pids = .init(limit: pids.value) }
                return (names.of(path: group), limits)
            }
            guard settings.enforced.contains(time) else { return nil }
            return (names.of(path: group), Self.limits(list.filter { $0.key == .cpu }))
        }
    }

    private static func limits(_ list: ResourceList) -> RuntimeSpec.Resources {
        var result = RuntimeSpec.Resources()
        if let cpu = list[.cpu] {
            result.cpu = .init()
            result.cpu?.shares = UInt64(CPUTime.shares(milli: cpu.milliValue))
        }
        if let memory = list[.memory], !memory.isZero {
            result.memory = .init()
            result.memory?.limit = memory.value
        }
        return result
    }
}

extension ResourceName {
    /// Process numbers, which can be reserved and not asked for.
    static let pid = ResourceName(rawValue: "pid")
}

enum ProcessNumbers {
    /// What the kernel has (proc_sys_kernel(5), pid_max and threads-max, the smaller one); nil where it does not say.
    static func most() -> Int64? {
        let numbers = ["pid_max", "threads-max"].compactMap { name -> Int64? in
            let text = (try? AgentFiles.text(of: "/proc/sys/kernel/" + name)) ?? nil
            return text.flatMap { Int64($0.filter(\.isNumber)) }
        }
        return numbers.min()
    }
}
