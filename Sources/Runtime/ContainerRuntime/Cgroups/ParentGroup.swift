import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A group that holds other groups: of a pod, of a class of pods, of all pods of a node. Whoever makes it sets what all
/// in it may use together; the groups in it are made by others.
///
/// It is made in every hierarchy with a controller, since the groups in it may be in any.
public struct ParentGroup: Sendable {
    /// `/kubepods/burstable/pod…`, below the root of each hierarchy, or the name of a slice, which systemd makes.
    public let name: String
    private let slice: SystemdSlice?
    private let layout: CgroupLayout

    public init(_ name: String, layout: CgroupLayout) throws(CgroupError) {
        self.name = name
        self.layout = layout
        slice = name.hasPrefix("/") ? nil : SystemdSlice(name)
        if slice == nil, !name.hasPrefix("/") { throw .badPath(name, reason: "is not the name of a slice") }
    }

    /// Below the mount point of every hierarchy.
    public func path() throws(CgroupError) -> String { try slice?.path() ?? name }

    public func record() throws(CgroupError) -> CgroupRecord {
        let path = try path()
        var legacy = SortedMap<String>()
        for hierarchy in try layout.legacyHierarchies() {
            legacy[hierarchy.controllers] = hierarchy.mountPoint + path
        }
        return CgroupRecord(unified: layout.unified + path, legacy: legacy)
    }

    /// In any hierarchy.
    public func exists() throws(CgroupError) -> Bool {
        let record = try record()
        return ([record.unified] + record.legacy.map(\.value)).contains(where: layout.root.isThere)
    }

    // MARK: Making and changing

    /// Makes the group with those above it where they are missing, and sets its limits: what `resources` leaves out stays
    /// as it is.
    /// - Returns: what has no meaning on this host, one line each.
    public func set(_ resources: RuntimeSpec.Resources) throws(CgroupError) -> [String] {
        if let slice {
            var manager = try SystemdManager.connect(.system)
            let limits = try SystemdLimits(resources, isUnified: layout.isUnified).properties
            try manager.startOrSet(slice.name, Self.base(slice), limits)
        }
        let path = try CgroupPath(cgroupsPath: path(), id: name)
        let demand = try CgroupDemand(resources, layout: layout, updating: true, withStatistics: true)
        // Those with a name alone are somebody's own.
        let hierarchies = try demand.hierarchies(true, layout).filter { !$0.controllers.hasPrefix("name=") }
        var group = ContainerCgroup(
            unifiedPath: layout.unified + path.text,
            legacy: hierarchies.map {
                ContainerCgroup.LegacyGroup(
                    hierarchy: $0.controllers, path: $0.mountPoint + path.text)
            })
        return try group.makeParent(path, layout, demand, resources)
    }

    /// What every slice has.
    private static func base(_ slice: SystemdSlice) -> [SystemdProperty] {
        [
            SystemdProperty("Description", .string("pods of a swiftlet agent: \(slice.name)")),
            SystemdProperty("MemoryAccounting", .boolean(true)),
            SystemdProperty("CPUAccounting", .boolean(true)),
            SystemdProperty("IOAccounting", .boolean(true)),
            SystemdProperty("TasksAccounting", .boolean(true)),
            SystemdProperty("DefaultDependencies", .boolean(false)),
        ]
    }

    // MARK: Looking

    /// The names of the groups directly in it, in any hierarchy.
    public func children() throws(CgroupError) -> Set<String> {
        var names: Set<String> = []
        let record = try record()
        for path in [record.unified] + record.legacy.map(\.value) {
            let descriptor = layout.root.openFolder(path)
            if descriptor < 0 {
                if Errno.current == .noEntry { continue }
                throw .system("open", path)
            }
            let folder = FileDescriptor(owning: descriptor)
            names.formUnion(try CgroupDirectory(descriptor: folder.raw, path: path).subgroups())
        }
        return names
    }

    /// Whether a process runs in it or below it, in any hierarchy.
    public func isUsed() throws(CgroupError) -> Bool { try !processes().isEmpty }

    private func processes() throws(CgroupError) -> [Int32] {
        let record = try record()
        var found: [Int32] = []
        for path in [record.unified] + record.legacy.map(\.value) {
            found += try ContainerCgroup(record: CgroupRecord(unified: path)).processes()
        }
        return found
    }

    // MARK: Removing

    /// Kills what is left in the group and removes it with all below it; none there is no error.
    /// - Parameter milliseconds: to wait for processes that were killed.
    /// - Throws: when some have not ended by then.
    public func remove(within milliseconds: Int = 2000) throws(CgroupError) {
        let record = try record()
        try ContainerCgroup.kill(record)
        // Another runtime's containers may be in version 1 hierarchies only.
        for process in try processes() where kill(process, SIGKILL) != 0 && Errno.current != .noProcess {
            throw .system("kill", "process \(process) in \(record.unified)")
        }
        try slice?.stop()
        try ContainerCgroup.delete(record, within: milliseconds)
    }
}

extension ContainerCgroup {
    /// - Returns: warnings.
    fileprivate mutating func makeParent(
        _ path: CgroupPath, _ layout: CgroupLayout, _ demand: CgroupDemand, _ resources: RuntimeSpec.Resources
    ) throws(CgroupError) -> [String] {
        // What is made stays, also when a limit is refused: others may have put groups there meanwhile.
        var made = MadeGroups(root: layout.root)
        _ = try made.make(path, below: layout.unified)
        unifiedDescriptor = try CgroupDirectory.open(unifiedPath, from: layout.root)
        try enable(demand, path, layout)
        for index in legacy.indices {
            try makeLegacy(index, path, resources.cpu, refusingUsed: false, &made)
        }
        try apply(resources, updating: true)
        return warnings
    }
}
