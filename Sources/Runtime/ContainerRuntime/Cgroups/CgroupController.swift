/// A resource controller of the kernel that this runtime drives, in whichever hierarchy the host has it.
public enum CgroupController: UInt8, CaseIterable, Sendable {
    case memory, pids, cpu, cpuset, io, hugetlb, rdma, networkClass, networkPriority

    /// The word in `cgroup.controllers`; nil for those that version 2 does not have.
    var unifiedName: String? {
        switch self {
        case .memory: "memory"
        case .pids: "pids"
        case .cpu: "cpu"
        case .cpuset: "cpuset"
        case .io: "io"
        case .hugetlb: "hugetlb"
        case .rdma: "rdma"
        case .networkClass, .networkPriority: nil
        }
    }

    /// The word in mount options and in the third field of `/proc/PID/cgroup`.
    var legacyName: String {
        switch self {
        case .io: "blkio"
        case .networkClass: "net_cls"
        case .networkPriority: "net_prio"
        default: unifiedName!
        }
    }
}

/// A set of controllers.
struct CgroupControllers: OptionSet, Sendable {
    let rawValue: UInt16

    static func only(_ controller: CgroupController) -> CgroupControllers {
        CgroupControllers(rawValue: 1 << controller.rawValue)
    }

    func contains(_ controller: CgroupController) -> Bool { contains(.only(controller)) }

    mutating func insert(_ controller: CgroupController) { insert(.only(controller)) }
}
