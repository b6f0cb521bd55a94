import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A container's control groups: one in the version 2 tree, and on a hybrid host one in each version 1
/// hierarchy. The one interface through which the runtime and the shim see cgroups; nothing above it knows which
/// version drives what.
///
/// The version 2 group always exists: it freezes, kills and lists the container, filters its devices and
/// counts its processor time. A container of an ordinary user has version 1 groups only where a limit asks for one,
/// and so had all containers of earlier versions: a later `update` makes what it needs.
public struct ContainerCgroup: ~Copyable {
    /// What was asked for and has no meaning here, one line each: for the log.
    public internal(set) var warnings: [String] = []

    /// The group's folder in the version 2 tree, O_PATH, or -1 when it is gone.
    var unifiedDescriptor: Int32 = -1
    /// This value made the version 2 group.
    var isNew = false
    var unifiedPath: String
    var legacy: [LegacyGroup]
    /// See `CgroupRecord`.
    let others: SortedMap<String>
    /// The unit that the groups belong to, with the systemd driver.
    let scope: SystemdScope?
    /// See `CgroupRecord`.
    var killsBefore: UInt64 = 0
    /// While limits are changed.
    var journal: CgroupJournal?

    /// A group in a version 1 hierarchy.
    struct LegacyGroup {
        /// As in `/proc/self/cgroup`: `memory`, `cpu,cpuacct`, `name=systemd`.
        let hierarchy: String
        let path: String
        /// O_PATH, owned by the `ContainerCgroup`; -1 before the group is made and when it is gone.
        var descriptor: Int32 = -1

        var directory: CgroupDirectory { CgroupDirectory(descriptor: descriptor, path: path) }

        func has(_ controller: CgroupController) -> Bool { has(controller.legacyName) }

        func has(_ controller: String) -> Bool { CgroupLayout.hierarchy(hierarchy, has: controller) }
    }

    init(
        unifiedPath: String, legacy: [LegacyGroup], others: SortedMap<String> = SortedMap(),
        scope: SystemdScope? = nil
    ) {
        self.unifiedPath = unifiedPath
        self.legacy = legacy
        self.others = others
        self.scope = scope
    }

    /// Opens the groups of a container that exists. Groups that are gone are left out: `exists` tells.
    public init(record: CgroupRecord) throws(CgroupError) {
        self.init(
            unifiedPath: record.unified,
            legacy: record.legacy.map { LegacyGroup(hierarchy: $0.key, path: $0.value) },
            others: record.others, scope: record.scope)
        killsBefore = record.killsBefore
        let root = CgroupRoot()
        unifiedDescriptor = try Self.openIfThere(unifiedPath, from: root)
        for index in legacy.indices {
            legacy[index].descriptor = try Self.openIfThere(legacy[index].path, from: root)
        }
    }

    deinit {
        if unifiedDescriptor >= 0 { close(unifiedDescriptor) }
        for group in legacy where group.descriptor >= 0 { close(group.descriptor) }
    }

    /// What to keep on disk.
    public var record: CgroupRecord {
        var record = CgroupRecord(
            unified: unifiedPath, legacy: SortedMap(legacy.map { (key: $0.hierarchy, value: $0.path) }))
        record.others = others
        record.scope = scope
        record.killsBefore = killsBefore
        return record
    }

    /// Whether the version 2 group was there when this value was made.
    public var exists: Bool { unifiedDescriptor >= 0 }

    static func openIfThere(_ path: String, from root: CgroupRoot) throws(CgroupError) -> Int32 {
        let fd = root.openFolder(path)
        if fd < 0, Errno.current != .noEntry { throw .system("open", path) }
        return fd
    }
}

// MARK: Where a controller is

extension ContainerCgroup {
    var unified: CgroupDirectory {
        CgroupDirectory(descriptor: unifiedDescriptor, path: unifiedPath, journal: journal)
    }

    /// - Throws: `gone` without a version 2 group.
    func requireUnified() throws(CgroupError) -> CgroupDirectory {
        guard unifiedDescriptor >= 0 else { throw .gone(path: unifiedPath) }
        return unified
    }

    func legacyDirectory(_ controller: CgroupController) -> CgroupDirectory? {
        legacyDirectory(named: controller.legacyName)
    }

    /// Also of a controller that this runtime does not drive.
    func legacyDirectory(named controller: String) -> CgroupDirectory? {
        for group in legacy where group.descriptor >= 0 && group.has(controller) {
            return CgroupDirectory(descriptor: group.descriptor, path: group.path, journal: journal)
        }
        return nil
    }
}
