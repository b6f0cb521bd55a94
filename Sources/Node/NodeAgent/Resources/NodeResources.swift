import CRIProtocol
import ContainerRuntime
import Glibc
import KubernetesAPI
import LinuxKernel
import Logging
import OCISpec

/// What this node has, which pods it takes, and what pods and their containers may use of it.
package final class NodeResources: PodResources {
    package let capacity: ResourceList
    package let allocatable: ResourceList
    private let facts: NodeFactsOfLimits
    /// nil: the runtime puts containers where it wants (`cgroupsPerQOS: false`).
    private let groups: PodGroups?
    /// nil: all containers share all processors.
    package let cpus: CPUManager?

    /// A node without groups of pods.
    /// - Parameters:
    ///   - machine: what it has: processors, memory.
    ///   - countsSwap: groups of version 1 can limit it.
    ///   - pageSizes: of huge pages that groups can limit, `2MB`.
    package convenience init(
        machine: ResourceList, _ kubelet: KubeletConfiguration = KubeletConfiguration(),
        isUnified: Bool = false,
        swap: Int64 = 0, countsSwap: Bool = false, pageSizes: [String] = [], cpus: CPUManager? = nil
    ) throws {
        let settings = try ResourceSettings(kubelet.withDefaults())
        let node = try Allocatable(machine, settings)
        self.init(
            node,
            NodeFactsOfLimits(
                machine, node, settings, isUnified: isUnified, swap: swap, countsSwap: countsSwap,
                pageSizes: pageSizes), nil, cpus)
    }

    private init(
        _ node: Allocatable, _ facts: NodeFactsOfLimits, _ groups: PodGroups?, _ cpus: CPUManager?
    ) {
        self.cpus = cpus
        capacity = node.capacity
        allocatable = node.allocatable
        self.facts = facts
        self.groups = groups
    }

    /// The node that this program runs on, with the groups above those of pods made.
    /// - Parameters:
    ///   - root: the agent's folder.
    ///   - driver: as the runtime says; nil: as configured.
    package static func start(
        _ kubelet: KubeletConfiguration, root: String, driver: CRICgroupDriver?, log: Logger
    ) async throws -> NodeResources {
        let settings = try ResourceSettings(kubelet)
        let layout = try CgroupLayout.detect()
        let machine = try NodeCapacity.read(root: root)
        let node = try Allocatable(machine, settings)
        // The kernel limits pages only where it has the controller.
        let hasPageLimits =
            try layout.has("hugetlb", "tasks") || layout.unifiedControllers().contains("hugetlb")
        let facts = NodeFactsOfLimits(
            machine, node, settings, isUnified: layout.isUnified, swap: try NodeCapacity.swap(),
            countsSwap: try layout.has("memory", "memory.memsw.limit_in_bytes"),
            pageSizes: hasPageLimits ? HugePages.limits(machine).map(\.size) : [])
        if !layout.isUnified {
            if settings.killsSingleProcess == false {
                throw ResourceSettings.Invalid(
                    field: "singleProcessOOMKill", value: "false", reason: "needs a host with cgroup v2 alone"
                )
            }
            if settings.memoryThrottling != nil {
                log.notice("featureGates[MemoryQoS] has no effect: this host has cgroup v1")
            }
            if settings.usesSwap {
                log.notice("memorySwap.swapBehavior: LimitedSwap has no effect: this host has cgroup v1")
            }
        }
        let cpus = try settings.cpuManager(folder: root)
        guard settings.groupsPerQOS else {
            return NodeResources(node, facts, nil, cpus)
        }
        let names = GroupNames(
            driver: try settings.driver(saidByRuntime: driver, log), root: settings.cgroupRoot)
        let groups = PodGroups(names: names, layout: layout, facts: facts, log: log)
        do {
            let enforcement = Enforcement(node, settings, names)
            try await groups.start(limits: enforcement.pods, reserved: enforcement.reserved)
        } catch let error as PodGroups.ReservedGroupMissing {
            throw error
        } catch {
            throw GroupsUnavailable(group: names.kubepods, reason: "\(error)")
        }
        log.notice("pods have groups below \(names.kubepods)", metadata: ["driver": "\(names.driver)"])
        return NodeResources(node, facts, groups, cpus)
    }

    /// Without them nothing would hold pods to what they ask for, which has to be somebody's decision.
    struct GroupsUnavailable: Error, CustomStringConvertible {
        let group: String
        let reason: String

        var description: String {
            "cannot make the control groups of pods, \(group): \(reason) (with cgroupsPerQOS: false pods have none)"
        }
    }

    // MARK: Groups

    package func prepare(_ pod: Pod) async throws -> String? {
        try await groups?.prepare(pod, qosClass(of: pod), limits(of: pod))
    }

    package func cover(_ pod: Pod, and other: Pod) async throws {
        _ = try await groups?.prepare(pod, qosClass(of: pod), limits(of: pod).covering(limits(of: other)))
    }

    package func resizeObstacle(from old: Pod, to new: Pod) -> String? {
        guard let cpus, cpus.hasOwn(old.metadata.uid), old.requests[.cpu] != new.requests[.cpu] else {
            return nil
        }
        return "Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy"
    }

    package func remove(_ uid: String) async throws {
        try await groups?.remove(uid)
        try cpus?.release(uid)
    }

    package func assign(_ pod: Pod) -> PodFailure? { cpus?.assign(pod, qosClass(of: pod)) }

    package func memoryOfPods() throws -> NodeReading.Amount? { try groups?.memory() }

    package func sweep(known: Set<String>) async throws { try await groups?.sweep(known: known) }

    /// A node that no agent works on and no pod runs on has none of its groups.
    package func leave() async throws { try await groups?.leave() }

    private func limits(of pod: Pod) -> PodLimits {
        var limits = PodLimits(pod, qosClass(of: pod), facts)
        // Processors of its own are all that a container can use.
        if cpus?.hasOwn(pod.metadata.uid) == true { limits.cpuQuota = nil }
        return limits
    }

    // MARK: Numbers

    package func resources(of container: Container, in pod: Pod) -> CRILinuxContainerResources {
        var result = ContainerLimits(node: facts, pod: pod, qos: qosClass(of: pod)).of(container)
        guard let cpus else { return result }
        result.cpusetCpus = "\(cpus.cpus(of: container.name, in: pod.metadata.uid))"
        if cpus.hasOwn(container.name, in: pod.metadata.uid) {
            result.cpuQuota = 0
            result.cpuPeriod = 0
        }
        return result
    }

    package func resources(
        ofPod pod: Pod
    ) -> (resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?) {
        let sum = limits(of: pod).cri
        guard !pod.spec.overhead.isEmpty else { return (sum, nil) }
        var overhead = CRILinuxContainerResources()
        overhead.cpuShares = CPUTime.shares(milli: pod.spec.overhead[.cpu]?.milliValue ?? 0)
        overhead.memoryLimitInBytes = pod.spec.overhead[.memory]?.value ?? 0
        return (sum, overhead)
    }

    package func qosClass(of pod: Pod) -> PodQOSClass { QualityOfService.of(pod) }

    package func admit(_ pod: Pod, beside others: [Pod]) -> PodFailure? {
        NodeAdmission(allocatable: allocatable).refusal(of: pod, beside: others)
    }
}

extension ResourceSettings {
    /// Who makes groups. Runtime and agent have to agree, so the runtime's word counts.
    fileprivate func driver(saidByRuntime said: CRICgroupDriver?, _ log: Logger) throws -> CgroupDriver {
        let configured: CgroupDriver = cgroupDriver == "systemd" ? .systemd : .files
        let driver: CgroupDriver =
            switch said {
            case .systemd: .systemd
            case .cgroupfs: .files
            default: configured
            }
        if driver == .systemd, !CgroupDriver.isSystemdInit {
            throw Invalid(
                field: "cgroupDriver", value: "systemd", reason: "systemd is not this host's first process")
        }
        if said != nil, driver != configured {
            log.info("the runtime's cgroup driver counts, not the configured one, \(cgroupDriver)")
        }
        return driver
    }
}

extension CgroupLayout {
    /// Whether a hierarchy of version 1 has a file.
    fileprivate func has(_ controller: String, _ file: String) throws -> Bool {
        try legacyHierarchies().contains { hierarchy in
            hierarchy.controllers.split(separator: ",").contains { $0 == controller }
                && access("\(hierarchy.mountPoint)/\(file)", F_OK) == 0
        }
    }
}
