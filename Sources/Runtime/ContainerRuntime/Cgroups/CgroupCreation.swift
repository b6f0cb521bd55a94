import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension ContainerCgroup {
    /// Makes a new container's groups and sets its limits. The container's process is to be made in them:
    /// see `placement`.
    ///
    /// - Parameters:
    ///   - cgroupsPath: `linux.cgroupsPath`; without it, the container's name. See `CgroupPlaces`.
    ///   - resources: with the device rules of the configuration and the runtime's own.
    ///   - everyHierarchy: a group in each version 1 hierarchy, also for what no limit needs: others read there what
    ///     a container uses (containerd's metrics, cadvisor), and the container may look at its groups.
    ///   - everyController: of version 2, for containers that divide their group: systemd, Docker or k3s in one
    ///     miss each that is not there.
    ///   - withStatistics: groups also for what only counts.
    ///   - persist: is handed the record before anything is made, so that groups whose maker is killed are
    ///     found again.
    /// - Throws: `notEmpty` and `frozen` for a group that is in use, as runc from 1.2 on; `noController` for a
    ///   limit that this host cannot set. Groups that were made are removed again.
    public static func create(
        cgroupsPath: String?, id: String, resources: RuntimeSpec.Resources, layout: CgroupLayout,
        everyHierarchy: Bool = false, everyController: Bool = false, withStatistics: Bool = true,
        persist: (CgroupRecord) throws -> Void = { _ in }
    ) throws -> ContainerCgroup {
        var table: [UInt8]?
        func ownGroups() throws(CgroupError) -> [UInt8] {
            if let table { return table }
            let read = try CgroupLayout.ownGroups()
            table = read
            return read
        }
        let places = try CgroupPlaces(cgroupsPath: cgroupsPath, id: id, layout: layout, table: ownGroups)
        let demand = try CgroupDemand(
            resources, layout: layout, withStatistics: withStatistics, everyController: everyController)
        let hierarchies = try demand.hierarchies(everyHierarchy, layout, table: ownGroups)
        let paths = hierarchies.map { places.path(in: $0.controllers) }
        var group = ContainerCgroup(
            unifiedPath: layout.unified + places.unified.text,
            legacy: zip(hierarchies, paths).map {
                LegacyGroup(hierarchy: $0.controllers, path: $0.mountPoint + $1.text)
            }, others: places.others(besides: hierarchies))
        try refuseUsed(at: group.unifiedPath, layout)
        try persist(group.record)
        var made = MadeGroups(root: layout.root)
        do {
            try group.makeUnified(places.unified, layout, demand, &made)
            for (index, path) in paths.enumerated() {
                try group.makeLegacy(index, path, resources.cpu, refusingUsed: true, &made)
            }
            try group.apply(resources, updating: false)
        } catch {
            made.remove()
            throw error
        }
        return group
    }

    /// Changes limits of a container that exists; what `resources` leaves out stays as it is. A controller
    /// whose version 1 group was not needed so far gets one, into which the container's processes are moved.
    ///
    /// - Parameters:
    ///   - persist: is handed the record when it is about to change.
    ///   - alongWith: what changes together with the limits.
    /// - Throws: the first refusal, also by `alongWith`; the limits are then what they were, as far as the kernel
    ///   takes them (see `warnings`).
    public mutating func update(
        _ resources: RuntimeSpec.Resources, layout: CgroupLayout,
        persist: (CgroupRecord) throws -> Void = { _ in },
        alongWith: (borrowing ContainerCgroup) throws -> Void = { _ in }
    ) throws {
        _ = try requireUnified()
        guard unifiedPath.utf8.starts(with: layout.unified.utf8) else {
            throw CgroupError.gone(path: unifiedPath)
        }
        let below = String(unifiedPath.dropFirst(layout.unified.count))
        let path = try CgroupPath(cgroupsPath: below, id: below)
        let demand = try CgroupDemand(resources, layout: layout, updating: true, withStatistics: false)
        let resources = try withCurrentLimits(resources)
        try setUnitProperties(resources, layout)
        let known = legacy.count
        var paths: [CgroupPath] = []
        for hierarchy in demand.legacy where legacyDirectory(hierarchy.controller) == nil {
            let place = hierarchy.place
            let other = others.entries.first { CgroupLayout.hierarchy($0.key, has: place.controllers) }
            let path = try CgroupPath(cgroupsPath: other?.value ?? below, id: "")
            paths.append(path)
            legacy.append(
                LegacyGroup(hierarchy: place.controllers, path: place.mountPoint + path.text))
        }
        if legacy.count > known { try persist(record) }
        var made = MadeGroups(root: layout.root)
        let changes = CgroupJournal()
        do {
            for (index, path) in zip(known..<legacy.count, paths) {
                try makeLegacy(index, path, resources.cpu, refusingUsed: false, &made)
            }
            try enable(demand, path, layout)
            // Before processes come in: a group of processor sets takes none while it has no set.
            var limits = resources
            limits.devices = []
            journal = changes
            defer { journal = nil }
            try apply(limits, updating: true)
        } catch {
            warnings += changes.undo()
            made.remove()
            while legacy.count > known {
                let group = legacy.removeLast()
                if group.descriptor >= 0 { close(group.descriptor) }
            }
            throw error
        }
        // Also for groups that an update made which was killed before it had moved all processes.
        do {
            for hierarchy in demand.legacy { try adoptProcesses(into: hierarchy.controller) }
            try alongWith(self)
            // Last: in one step, and nothing after it has to take it back.
            try applyDevices(resources.devices, updating: true)
        } catch {
            warnings += changes.undo()
            throw error
        }
    }

    /// Sets what `resources` asks for, in runc's order.
    mutating func apply(_ resources: RuntimeSpec.Resources, updating: Bool) throws(CgroupError) {
        try apply(PidsController(resources, updating: updating))
        try apply(MemoryController(resources, updating: updating))
        try apply(BlockIOController(resources, updating: updating))
        try apply(CPUController(resources, updating: updating))
        try apply(CPUSetController(resources, updating: updating))
        try apply(HugeTLBController(resources, updating: updating))
        try apply(RdmaController(resources, updating: updating))
        try apply(NetworkClassController(resources, updating: updating))
        try apply(NetworkPriorityController(resources, updating: updating))
        try applyDevices(resources.devices, updating: updating)
        try applyUnified(resources.unified)
    }

    private mutating func apply<Controller: ResourceController>(_ controller: Controller?) throws(CgroupError)
    {
        guard let controller else { return }
        if let directory = legacyDirectory(Controller.kind) {
            try controller.applyLegacy(to: directory, warnings: &warnings)
        } else {
            try controller.applyUnified(to: unified, warnings: &warnings)
        }
    }
}

// MARK: Making folders

/// Folders that were made, in order, for taking them back.
struct MadeGroups {
    private(set) var paths: [String] = []
    let root: CgroupRoot

    init(root: CgroupRoot) { self.root = root }

    /// Removes them, the last first. A failure leaves an empty group behind and has nobody to be told.
    func remove() {
        for path in paths.reversed() { _ = root.removeFolder(path) }
    }

    /// Makes the group `path` below `mountPoint`, with the groups above it.
    /// - Returns: whether it was there before.
    mutating func make(_ path: CgroupPath, below mountPoint: String) throws(CgroupError) -> Bool {
        let full = mountPoint + path.text
        switch makeOne(full) {
        case nil: return false
        case .exists: return true
        case .noEntry: break
        case let errno?: throw .system("mkdir", full, errno)
        }
        for folder in path.ancestors.map({ mountPoint + $0 }) + [full] {
            if let errno = makeOne(folder), errno != .exists { throw .system("mkdir", folder, errno) }
        }
        return false
    }

    /// - Returns: nil, or the kernel's answer.
    private mutating func makeOne(_ path: String) -> Errno? {
        if let errno = root.makeFolder(path) { return errno }
        paths.append(path)
        return nil
    }
}

extension ContainerCgroup {
    private mutating func makeUnified(
        _ path: CgroupPath, _ layout: CgroupLayout, _ demand: CgroupDemand, _ made: inout MadeGroups
    ) throws(CgroupError) {
        let existed = try made.make(path, below: layout.unified)
        unifiedDescriptor = try CgroupDirectory.open(unifiedPath, from: layout.root)
        isNew = !existed
        if existed {
            try refuseUsed()
            killsBefore = try unified.value("memory.events", "oom_kill") ?? 0
        }
        try enable(demand, path, layout)
    }

    /// Before a record names the group. From then on a maker may be killed, and whoever deletes what it left kills
    /// what is in the group.
    static func refuseUsed(at path: String, _ layout: CgroupLayout) throws(CgroupError) {
        let descriptor = layout.root.openFolder(path)
        // The usual case: there is none.
        if descriptor < 0 { return }
        var group = ContainerCgroup(unifiedPath: path, legacy: [])
        group.unifiedDescriptor = descriptor
        try group.refuseUsed()
    }

    /// A group that another container uses would give both the limits of whoever came last, and be paused and
    /// killed as one.
    private func refuseUsed() throws(CgroupError) {
        if try unified.value("cgroup.events", "populated") == 1 {
            throw .notEmpty(path: unifiedPath, processes: try processes().count)
        }
        if try unified.number("cgroup.freeze") == 1 { throw .frozen(path: unifiedPath) }
    }

    mutating func makeLegacy(
        _ index: Int, _ path: CgroupPath, _ cpu: RuntimeSpec.Resources.CPU?, refusingUsed: Bool,
        _ made: inout MadeGroups
    ) throws(CgroupError) {
        let mountPoint = String(legacy[index].path.dropLast(path.text.count))
        let existed = try made.make(path, below: mountPoint)
        legacy[index].descriptor = try CgroupDirectory.open(legacy[index].path, from: made.root)
        let directory = legacy[index].directory
        if existed && refusingUsed {
            let processes = CgroupText.words(try directory.read("cgroup.procs")).count
            if processes > 0 { throw .notEmpty(path: directory.path, processes: processes) }
            if legacy[index].has("freezer"),
                try !directory.read("freezer.state").starts(with: "THAWED".utf8)
            {
                throw .frozen(path: directory.path)
            }
            if legacy[index].has(.memory) {
                killsBefore = try directory.value("memory.oom_control", "oom_kill") ?? 0
            }
        }
        if legacy[index].has(.cpuset) {
            try CPUSetController.inherit(directory, path, mountPoint: mountPoint, made.root, unless: cpu)
        }
    }

    /// Moves the container's processes into a version 1 group that it did not have so far.
    private func adoptProcesses(into controller: CgroupController) throws(CgroupError) {
        guard let directory = legacyDirectory(controller) else { return }
        // A process that forks while it is being moved leaves a child behind, which the next pass finds.
        for _ in 0..<16 {
            let here = CgroupText.words(try directory.read("cgroup.procs"))
            let missing = try processes().filter { process in
                !here.contains { CgroupText.number($0) == UInt64(process) }
            }
            if missing.isEmpty { return }
            for process in missing {
                if let errno = directory.attempt("cgroup.procs", String(process)), errno != .noProcess {
                    throw directory.refusal("cgroup.procs", String(process), errno)
                }
            }
        }
        throw .invalid(
            field: directory.path, reason: "the container makes processes faster than they can be moved")
    }
}
