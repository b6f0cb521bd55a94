import LinuxKernel
import OCISpec

/// The processors and memory nodes a container may use (config-linux.md, CPU; cpuset(7)).
struct CPUSetController: ResourceController {
    static let kind = CgroupController.cpuset
    static let field = "linux.resources.cpu.cpus"

    private let cpus: String?
    private let mems: String?

    private static let cpusFile = "cpuset.cpus"
    private static let memsFile = "cpuset.mems"

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let cpu = resources.cpu, cpu.cpus != nil || cpu.mems != nil else { return nil }
        cpus = cpu.cpus
        mems = cpu.mems
    }

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group)
    }

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        try write(to: group)
    }

    private func write(to group: CgroupDirectory) throws(CgroupError) {
        if let cpus { try group.write(Self.cpusFile, cpus) }
        if let mems { try group.write(Self.memsFile, mems) }
    }

    /// A new version 1 group has no processors and no memory, and takes no process before it has. From the top
    /// down, groups that have none get what the group above them has; the container's own group only where
    /// its configuration does not say, because a sibling may hold some exclusively.
    static func inherit(
        _ group: CgroupDirectory, _ path: CgroupPath, mountPoint: String, _ root: CgroupRoot,
        unless cpu: RuntimeSpec.Resources.CPU?
    ) throws(CgroupError) {
        var above = try CgroupDirectory.Owned(path: mountPoint, from: root)
        for ancestor in path.ancestors {
            let next = try CgroupDirectory.Owned(path: mountPoint + ancestor, from: root)
            try inherit(cpusFile, from: above.view, to: next.view)
            try inherit(memsFile, from: above.view, to: next.view)
            above = next
        }
        if cpu?.cpus == nil { try inherit(cpusFile, from: above.view, to: group) }
        if cpu?.mems == nil { try inherit(memsFile, from: above.view, to: group) }
    }

    private static func inherit(
        _ file: String, from parent: CgroupDirectory, to child: CgroupDirectory
    ) throws(CgroupError) {
        guard CgroupText.words(try child.read(file)).isEmpty else { return }
        let words = CgroupText.words(try parent.read(file))
        guard let value = words.first else {
            throw .invalid(field: "\(parent.path)/\(file)", reason: "is empty, so no group below can run")
        }
        try child.write(file, String(decoding: value, as: UTF8.self))
    }
}
