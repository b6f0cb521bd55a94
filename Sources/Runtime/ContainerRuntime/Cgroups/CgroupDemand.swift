import OCISpec

/// Which controllers a container needs, and in which hierarchy this host has each.
struct CgroupDemand {
    typealias Place = CgroupLayout.Hierarchy

    /// Version 1 hierarchies that need a group.
    private(set) var legacy: [(controller: CgroupController, place: Place)] = []
    /// Version 2 controllers that a limit needs.
    private(set) var required: [String] = []
    /// Version 2 controllers that no limit needs: they count, or are for the container to use.
    private(set) var wanted: [String] = []

    /// No limit needs a group.
    var isEmpty: Bool { legacy.isEmpty && required.isEmpty }

    /// - Parameters:
    ///   - updating: limits of groups that exist are changed.
    ///   - withStatistics: also what counts memory, processes and disk traffic.
    ///   - everyController: also all else that a host with version 2 alone has.
    init(
        _ resources: RuntimeSpec.Resources, layout: CgroupLayout, updating: Bool = false,
        withStatistics: Bool,
        everyController: Bool = false
    ) throws(CgroupError) {
        try need(MemoryController(resources, updating: updating), layout)
        try need(PidsController(resources, updating: updating), layout)
        try need(CPUController(resources, updating: updating), layout)
        try need(CPUSetController(resources, updating: updating), layout)
        try need(BlockIOController(resources, updating: updating), layout)
        try need(HugeTLBController(resources, updating: updating), layout)
        try need(RdmaController(resources, updating: updating), layout)
        try need(NetworkClassController(resources, updating: updating), layout)
        try need(NetworkPriorityController(resources, updating: updating), layout)
        try need(files: resources.unified, layout)
        if everyController, layout.isUnified {
            wanted = try layout.unifiedControllers().filter { !required.contains($0) }
        } else if withStatistics {
            try wantStatistics(layout)
        }
    }

    private mutating func need<Controller: ResourceController>(
        _ controller: Controller?, _ layout: CgroupLayout
    ) throws(CgroupError) {
        guard controller != nil else { return }
        let kind = Controller.kind
        switch try layout.place(of: kind) {
        case .unified: required.append(kind.unifiedName ?? kind.legacyName)
        case .legacy(let mountPoint):
            legacy.append((kind, Place(controllers: kind.legacyName, mountPoint: mountPoint)))
        case .nowhere:
            if Controller.isOptional { return }
            throw .noController(
                layout.isUnified ? kind.unifiedName ?? kind.legacyName : kind.legacyName,
                neededFor: Controller.field)
        }
    }

    /// Files of version 2 that the configuration names itself: `memory.high` needs `memory`.
    private mutating func need(files: SortedMap<String>, _ layout: CgroupLayout) throws(CgroupError) {
        if files.isEmpty { return }
        let offered = try layout.unifiedControllers()
        for (file, _) in files {
            guard let dot = file.utf8.firstIndex(of: UInt8(ascii: ".")) else {
                throw .invalid(
                    field: "linux.resources.unified",
                    reason: "'\(file)' has not the form CONTROLLER.PARAMETER")
            }
            let controller = String(file[..<dot])
            if controller == "cgroup" || required.contains(controller) { continue }
            if !offered.contains(controller) {
                throw .noController(controller, neededFor: "linux.resources.unified '\(file)'")
            }
            required.append(controller)
        }
    }

    /// Version 1 has a group for memory at least; processes are counted without one.
    private mutating func wantStatistics(_ layout: CgroupLayout) throws(CgroupError) {
        if layout.isUnified {
            wanted = ["memory", "pids", "io"].filter { !required.contains($0) }
            return
        }
        if legacy.contains(where: { $0.controller == .memory }) || required.contains("memory") { return }
        switch try layout.place(of: .memory) {
        case .legacy(let mountPoint):
            legacy.append((.memory, Place(controllers: "memory", mountPoint: mountPoint)))
        case .unified: wanted = ["memory"]
        case .nowhere: break
        }
    }

    /// Where version 1 groups are to be made.
    /// - Parameter table: what `CgroupLayout.ownGroups` says.
    func hierarchies(
        _ every: Bool, _ layout: CgroupLayout,
        table: () throws(CgroupError) -> [UInt8] = CgroupLayout.ownGroups
    ) throws(CgroupError) -> [Place] {
        let needed = legacy.map(\.place)
        guard every else { return needed }
        // A controller's own name and that of a hierarchy it shares lead to the same folder.
        let all = layout.isUnified ? [] : layout.legacyHierarchies(in: try table())
        let others = needed.filter { place in
            !all.contains {
                $0.controllers.utf8.split(separator: UInt8(ascii: ",")).contains {
                    $0.elementsEqual(place.controllers.utf8)
                }
            }
        }
        return all + others
    }
}
