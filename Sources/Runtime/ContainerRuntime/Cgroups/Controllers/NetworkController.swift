import OCISpec

// Tags on a container's packets (config-linux.md, Network). Only version 1 has them; version 2 matches packets
// by the group itself, so a host without these controllers is nothing to refuse a container for.

/// The class that tc(8) sees.
struct NetworkClassController: ResourceController {
    static let kind = CgroupController.networkClass
    static let field = "linux.resources.network.classID"
    static let isOptional = true

    private let classID: UInt32

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let classID = resources.network?.classID, classID != 0 else { return nil }
        self.classID = classID
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        warnings.append("\(Self.field) is ignored: this host has no net_cls cgroup controller")
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try group.write("net_cls.classid", classID)
    }
}

/// The priority on each network interface.
struct NetworkPriorityController: ResourceController {
    static let kind = CgroupController.networkPriority
    static let field = "linux.resources.network.priorities"
    static let isOptional = true

    private let priorities: [RuntimeSpec.Resources.InterfacePriority]

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let priorities = resources.network?.priorities, !priorities.isEmpty else { return nil }
        self.priorities = priorities
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        warnings.append("\(Self.field) is ignored: this host has no net_prio cgroup controller")
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        for priority in priorities {
            try group.write("net_prio.ifpriomap", "\(priority.name) \(priority.priority)")
        }
    }
}
