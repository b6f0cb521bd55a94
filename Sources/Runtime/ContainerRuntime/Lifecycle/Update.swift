import LinuxKernel
import OCISpec

extension Runtime {
    /// Changes limits of a container that is not stopped; what `resources` leaves out stays as it is.
    /// - Parameters:
    ///   - l3CacheSchema: lines for Intel RDT, as in `linux.intelRdt`; nil leaves it as it is.
    ///   - memBwSchema: the same, one line.
    /// - Throws: what is wrong with `resources` itself; the first limit that the kernel refuses. Nothing has changed
    ///   then, but for what systemd was told of the limits (with its driver).
    public func update(
        _ id: ContainerID, _ resources: RuntimeSpec.Resources, l3CacheSchema: String? = nil,
        memBwSchema: String? = nil
    ) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        defer { folder.unlock() }
        let found = try folder.readRecordWithGroups()
        var record = found.record
        switch try status(record, folder) {
        case .created, .running, .paused: break
        case let status: throw RuntimeError("cannot update a container that is \(status)", kind: .wrongState)
        }
        try resources.validate()
        var resources = resources
        resources.settlePidsLimit(version: record.ociVersion)
        if !resources.devices.isEmpty {
            // A new list of rules replaces the old one, but never what every container may use.
            resources.devices += DeviceNodes.rules(for: try folder.readConfiguration().spec)
        }
        var cgroup = try ContainerCgroup(record: found.place)
        do {
            try cgroup.update(resources, layout: try .detect()) {
                record.cgroup = $0
                try folder.write(record)
            } alongWith: { cgroup in
                if l3CacheSchema != nil || memBwSchema != nil {
                    try updateResourceControl(&record, folder, cgroup, l3CacheSchema, memBwSchema)
                }
            }
        } catch {
            for warning in cgroup.warnings { log.warning(warning) }
            throw error
        }
        for warning in cgroup.warnings { log.warning(warning) }
    }

    private func updateResourceControl(
        _ record: inout ContainerRecord, _ folder: borrowing ContainerFolder,
        _ cgroup: borrowing ContainerCgroup, _ l3CacheSchema: String?, _ memBwSchema: String?
    ) throws {
        // The class that the container was put into, or one of its own.
        var settings = RuntimeSpec.IntelRdt()
        settings.closID = try folder.readConfiguration().spec.linux?.intelRdt?.closID
        settings.l3CacheSchema = l3CacheSchema
        settings.memBwSchema = memBwSchema
        try settings.validate(at: "linux.intelRdt")
        let control = ResourceControl(settings, id: record.id, root: try ResourceControl.root())
        // Before the group is made: whoever is killed now leaves nothing that cannot be found.
        for path in control.ownFolders where !record.resourceControl.contains(path) {
            record.resourceControl.append(path)
            try folder.write(record)
        }
        _ = try control.update(processes: { try cgroup.processes() })
    }
}
