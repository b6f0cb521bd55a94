import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// A pod's group in every hierarchy: the parent of its containers' groups.
public struct PodCgroup: Sendable {
    /// Below the root of each hierarchy, `/kubepods/besteffort/pod…`.
    public let parent: String

    public init(parent: String) {
        self.parent = parent
    }

    /// What the pod uses: all of its containers.
    /// - Returns: nil when there is no such group.
    public func statistics() throws -> CgroupStatistics? {
        let group = try ContainerCgroup(record: record())
        return group.exists ? try group.statistics() : nil
    }

    private func record() throws -> CgroupRecord {
        let layout = try CgroupLayout.detect()
        var legacy = SortedMap<String>()
        for hierarchy in try layout.legacyHierarchies() {
            legacy[hierarchy.controllers] = hierarchy.mountPoint + parent
        }
        return CgroupRecord(unified: layout.unified + parent, legacy: legacy)
    }

    /// Removes the groups, which must be empty; none there is no error.
    func remove() throws {
        try ContainerCgroup.delete(record())
    }
}
