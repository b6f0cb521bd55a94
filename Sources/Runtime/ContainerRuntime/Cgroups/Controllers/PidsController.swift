import OCISpec

/// How many tasks a container may have (config-linux.md, PIDs). 0 and less is unlimited: for a limit of 0 see
/// `settlePidsLimit`.
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

extension RuntimeSpec.Resources {
    /// A limit of 0 tasks is a limit since version 1.3 of the specification (runtime-spec #1279); before, it was none,
    /// and Docker wrote it for that. It lets nothing be added to what is there, as 1 does, in which the container's
    /// first process can also be born.
    /// - Parameter version: the `ociVersion` of the container's configuration.
    mutating func settlePidsLimit(version: String) {
        guard pids?.limit == 0, let version = SemanticVersion(version),
            (version.major, version.minor) >= (1, 3)
        else { return }
        pids?.limit = 1
    }
}
