import Glibc
import LinuxKernel
import OCISpec

/// Who makes the groups of new containers.
public enum CgroupDriver: Sendable {
    /// This runtime, in the cgroup file systems.
    case files
    /// systemd, asked for a scope.
    case systemd
}

extension SystemdScope {
    /// Stops the unit, of which no process should be left, and has it forgotten.
    func stop() throws(CgroupError) {
        var manager = try SystemdManager.connect(instance)
        try manager.stop(unit)
    }

    /// Whether systemd has to move new processes into the scope: a user's own rights over their groups do not
    /// reach up to where their sessions and their manager part.
    var attachesProcesses: Bool { instance == .user }

    /// - Parameter subgroup: relative to the scope's group; empty for that group itself.
    func attach(_ process: Int32, subgroup: String = "") throws(CgroupError) {
        var manager = try SystemdManager.connect(instance)
        try manager.attach(process, to: unit, subgroup: subgroup)
    }
}

extension ContainerCgroup {
    /// Has systemd start a scope, and sets in its groups what systemd has no property for. The container's process
    /// is to be made in them, as in groups that this runtime makes; then `holder` is ended and `completeScope`
    /// called.
    ///
    /// - Parameters: as of `create`, and
    ///   - cgroupsPath: `SLICE:PREFIX:NAME`.
    ///   - annotations: those among them that name properties become the unit's.
    ///   - holder: the process that the scope is started with.
    static func createScope(
        cgroupsPath: String?, id: String, annotations: SortedMap<String>, resources: RuntimeSpec.Resources,
        layout: CgroupLayout, everyController: Bool, holder: ScopeHolder,
        persist: (CgroupRecord) throws -> Void
    ) throws -> ContainerCgroup {
        let instance = try SystemdManager.instance()
        let name = try SystemdScopeName(cgroupsPath: cgroupsPath, id: id, instance: instance)
        let demand = try CgroupDemand(
            resources, layout: layout, withStatistics: true, everyController: everyController)
        let early = resources.withoutSingleTask
        let properties =
            base(name, id: id, process: holder.pid)
            + (try SystemdLimits(early, isUnified: layout.isUnified).properties)
            + (try SystemdAnnotations.properties(annotations))
        var manager = try SystemdManager.connect(instance)
        let path = try CgroupPath(cgroupsPath: try manager.controlGroup() + name.group, id: id)
        // systemd puts the process into every version 1 hierarchy, where the container's belongs, too.
        let hierarchies = try demand.hierarchies(true, layout)
        var group = ContainerCgroup(
            unifiedPath: layout.unified + path.text,
            legacy: hierarchies.map {
                LegacyGroup(hierarchy: $0.controllers, path: $0.mountPoint + path.text)
            }, scope: SystemdScope(name.unit, instance))
        try refuseUsed(at: group.unifiedPath, layout)
        try persist(group.record)
        var made = MadeGroups(root: layout.root)
        try manager.start(name.unit, properties)
        do {
            try checkPlace(of: holder.pid, path, unit: name.unit)
            group.unifiedDescriptor = try CgroupDirectory.open(group.unifiedPath, from: layout.root)
            group.isNew = true
            try group.enable(demand, path, layout)
            for index in group.legacy.indices {
                try group.makeLegacy(index, path, early.cpu, refusingUsed: false, &made)
            }
            try group.apply(early, updating: false)
        } catch {
            holder.end()
            // The first error is what counts; a scope that is empty goes by itself, too.
            try? manager.stop(name.unit)
            made.remove()
            throw error
        }
        return group
    }

    /// What every scope of a container has.
    private static func base(_ name: SystemdScopeName, id: String, process: Int32) -> [SystemdProperty] {
        [
            SystemdProperty("Description", .string("swiftlet container \(id)")),
            SystemdProperty("Slice", .string(name.slice)),
            // The container's groups are ours and its own to divide; systemd keeps its hands off them.
            SystemdProperty("Delegate", .boolean(true)),
            SystemdProperty("PIDs", .numbers([UInt32(process)])),
            SystemdProperty("MemoryAccounting", .boolean(true)),
            SystemdProperty("CPUAccounting", .boolean(true)),
            SystemdProperty("IOAccounting", .boolean(true)),
            SystemdProperty("TasksAccounting", .boolean(true)),
            // One that ended with its container out of memory, or whose maker was killed, is not kept for reading.
            SystemdProperty("CollectMode", .string("inactive-or-failed")),
            // Not to be stopped before what uses it at shutdown, nor started after the basic system.
            SystemdProperty("DefaultDependencies", .boolean(false)),
        ]
    }

    /// The group is at a place that was worked out, and written down, beforehand.
    private static func checkPlace(
        of process: Int32, _ expected: CgroupPath, unit: String
    ) throws(CgroupError) {
        let text: [UInt8]
        do throws(KernelError) {
            text = try FileDescriptor.readFile("/proc/\(process)/cgroup")
        } catch {
            throw .kernel(error)
        }
        let line = text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "0::".utf8) }
        let place = line.map { String(decoding: $0.dropFirst(3), as: UTF8.self) } ?? "none"
        guard place == expected.text else {
            throw .systemd("start unit '\(unit)'", reason: "its group is \(place), not \(expected)")
        }
    }

    /// Sets the limit that the process which held the scope would have used up.
    func completeScope(_ resources: RuntimeSpec.Resources) throws(CgroupError) {
        guard let scope, resources.hasSingleTask else { return }
        var manager = try SystemdManager.connect(scope.instance)
        try manager.set([SystemdProperty("TasksMax", .uint64(1))], of: scope.unit)
        try (legacyDirectory(.pids) ?? unified).write("pids.max", "1")
    }

    // MARK: Update

    /// Hands new limits to systemd, before they are written to the files: it would set the old ones again.
    func setUnitProperties(
        _ resources: RuntimeSpec.Resources, _ layout: CgroupLayout
    ) throws(CgroupError) {
        guard let scope else { return }
        let properties = try SystemdLimits(resources, isUnified: layout.isUnified).properties
        if properties.isEmpty { return }
        // As the files' own order has it: not after the kernel has begun to kill.
        try MemoryController(resources, updating: true)?.checkUsage(unified)
        var manager = try SystemdManager.connect(scope.instance)
        try manager.set(properties, of: scope.unit)
    }

    /// systemd takes some limits as one that are two in the configuration, of which an update may have one only:
    /// the other is what it is now.
    func withCurrentLimits(
        _ resources: RuntimeSpec.Resources
    ) throws(CgroupError) -> RuntimeSpec.Resources {
        guard scope != nil else { return resources }
        var resources = resources
        if let cpu = resources.cpu, ((cpu.quota ?? 0) == 0) != ((cpu.period ?? 0) == 0) {
            let current = try bandwidth()
            if (cpu.quota ?? 0) == 0 { resources.cpu?.quota = current?.quota }
            if (cpu.period ?? 0) == 0 { resources.cpu?.period = current?.period }
        }
        if let memory = resources.memory, (memory.swap ?? 0) > 0, (memory.limit ?? 0) == 0,
            let current = try unified.number("memory.max")
        {
            resources.memory?.limit = Int64(exactly: current)
        }
        return resources
    }

    private func bandwidth() throws(CgroupError) -> (quota: Int64, period: UInt64)? {
        if let group = legacyDirectory(.cpu) {
            let quota = CgroupText.number(try group.read("cpu.cfs_quota_us")[...])
            guard let period = try group.number("cpu.cfs_period_us") else { return nil }
            return (quota.map { Int64(clamping: $0) } ?? -1, period)
        }
        guard let text = try unified.readIfThere("cpu.max") else { return nil }
        let words = CgroupText.words(text)
        guard words.count == 2, let quota = CgroupText.number(words[0]),
            let period = CgroupText.number(words[1])
        else { return nil }
        return (quota == .max ? -1 : Int64(clamping: quota), period)
    }
}

extension RuntimeSpec.Resources {
    /// A limit of one task, which leaves no room for the container's process beside the scope's holder.
    fileprivate var hasSingleTask: Bool { pids?.limit == 1 || unified["pids.max"] == "1" }

    fileprivate var withoutSingleTask: RuntimeSpec.Resources {
        guard hasSingleTask else { return self }
        var others = self
        others.pids = nil
        others.unified["pids.max"] = nil
        return others
    }
}
