import OCISpec

/// Resources of RDMA devices (config-linux.md, RDMA).
struct RdmaController: ResourceController {
    static let kind = CgroupController.rdma
    static let field = "linux.resources.rdma"

    private let devices: SortedMap<RuntimeSpec.Resources.Rdma>

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard !resources.rdma.isEmpty else { return nil }
        devices = resources.rdma
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group)
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group)
    }

    private func write(to group: CgroupDirectory) throws(CgroupError) {
        for (name, limits) in devices {
            var line = name
            if let handles = limits.hcaHandles { line += " hca_handle=\(handles)" }
            if let objects = limits.hcaObjects { line += " hca_object=\(objects)" }
            try group.write("rdma.max", line)
        }
    }
}
