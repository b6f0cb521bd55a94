import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// A pod's group in every hierarchy: the parent of its containers' groups.
///
/// Its name says who makes those: an absolute path is of the cgroup file systems; the name of a slice is systemd's,
/// and its containers are scopes. So a pod keeps its driver when a daemon with another one takes it over.
public struct PodCgroup: Sendable {
    /// `/kubepods/besteffort/pod…`, below the root of each hierarchy, or `kubepods-besteffort-pod….slice`.
    public let parent: String
    private let slice: SystemdSlice?

    /// The first part of the names of systemd's scopes.
    private static let scopePrefix = "cri-swiftlet"

    public init(parent: String) {
        self.parent = parent
        slice = parent.hasPrefix("/") ? nil : SystemdSlice(parent)
    }

    /// For a pod whose creator names none.
    static func own(of pod: String, driver: CgroupDriver) -> PodCgroup {
        switch driver {
        case .files: PodCgroup(parent: "/swiftlet/pods/" + pod)
        case .systemd: PodCgroup(parent: "swiftlet-pods-" + pod + ".slice")
        }
    }

    /// For a pod that nobody knows the driver of: each that may have made one on this host.
    static func allOwn(of pod: String) -> [PodCgroup] {
        let drivers: [CgroupDriver] = CgroupDriver.isSystemdInit ? [.files, .systemd] : [.files]
        return drivers.map { own(of: pod, driver: $0) }
    }

    /// Who makes the groups of its containers.
    public var driver: CgroupDriver { slice == nil ? .files : .systemd }

    /// `linux.cgroupsPath` of a container.
    public func cgroupsPath(of container: String) -> String {
        switch driver {
        case .files: "\(parent)/\(container)"
        case .systemd: "\(parent):\(Self.scopePrefix):\(container)"
        }
    }

    /// What the init of a pod's shared pid namespace is called among its containers.
    static func initName(of pod: String) -> String { pod + "-init" }

    /// Kills what runs in the group of a container, of which no runtime has a record any more, and removes the group; none
    /// there is no error.
    func end(_ container: String) throws {
        let scope = "\(Self.scopePrefix)-\(container).scope"
        let path = try path() + "/" + (driver == .files ? container : scope)
        try ContainerCgroup.delete(record(path), killing: true)
    }

    /// What the pod uses: all of its containers.
    /// - Returns: nil when there is no such group.
    public func statistics() throws -> CgroupStatistics? {
        let group = try ContainerCgroup(record: record())
        return group.exists ? try group.statistics() : nil
    }

    var exists: Bool { get throws { try ContainerCgroup(record: record()).exists } }

    /// What the pod uses and may use.
    /// - Returns: nil when there is no such group.
    func metrics() throws -> GroupMetrics? {
        let record = try record()
        let group = try ContainerCgroup(record: record)
        guard group.exists else { return nil }
        return GroupMetrics(
            statistics: try group.statistics(), settings: try group.settings(), unified: record.unified)
    }

    /// Its folder in the version 2 tree, whether or not it is there.
    func unified() throws -> String { try CgroupLayout.detect().unified + path() }

    private func path() throws -> String { try slice?.path() ?? parent }

    private func record() throws -> CgroupRecord { try record(path()) }

    private func record(_ path: String) throws -> CgroupRecord {
        let layout = try CgroupLayout.detect()
        var legacy = SortedMap<String>()
        for hierarchy in try layout.legacyHierarchies() {
            legacy[hierarchy.controllers] = hierarchy.mountPoint + path
        }
        return CgroupRecord(unified: layout.unified + path, legacy: legacy)
    }

    /// Removes the groups where nobody is in them.
    func removeIfUnused() throws {
        let record = try record()
        try CgroupLayout.leave([record.unified] + record.legacy.map(\.value))
    }

    /// Removes the groups, which must be empty; none there is no error.
    func remove() throws {
        try slice?.stop()
        try ContainerCgroup.delete(record())
    }
}
