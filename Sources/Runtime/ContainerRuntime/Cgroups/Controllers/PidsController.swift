import OCISpec

/// How many tasks a container may have (config-linux.md, PIDs). 0 and less is unlimited.
struct PidsController: ResourceController {
    static let kind = CgroupController.pids
    static let field = "linux.resources.pids"

    private let limit: String

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let limit = resources.pids?.limit else { return nil }
        // A new group has no limit that would have to be taken away.
        guard limit > 0 || updating else { return nil }
        self.limit = limit > 0 ? String(limit) : "max"
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try group.write("pids.max", limit)
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try group.write("pids.max", limit)
    }
}
