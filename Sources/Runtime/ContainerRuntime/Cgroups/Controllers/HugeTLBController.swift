import OCISpec

/// How many bytes of huge pages a container may have (config-linux.md, Huge page limits).
struct HugeTLBController: ResourceController {
    static let kind = CgroupController.hugetlb
    static let field = "linux.resources.hugepageLimits"

    private let limits: [RuntimeSpec.Resources.HugepageLimit]

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard !resources.hugepageLimits.isEmpty else { return nil }
        limits = resources.hugepageLimits
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group, suffix: "max")
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group, suffix: "limit_in_bytes")
    }

    private func write(to group: CgroupDirectory, suffix: String) throws(CgroupError) {
        for limit in limits {
            try group.write("hugetlb.\(limit.pageSize).\(suffix)", limit.limit)
            // Reservations without use are limited since Linux 5.7.
            _ = try group.writeIfThere("hugetlb.\(limit.pageSize).rsvd.\(suffix)", String(limit.limit))
        }
    }
}
