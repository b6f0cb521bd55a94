import LinuxKernel
import OCISpec

extension Runtime {
    /// Changes limits of a container that is not stopped; what `resources` leaves out stays as it is.
    /// - Throws: the first limit that the kernel refuses; those before it hold.
    public func update(_ id: ContainerID, _ resources: RuntimeSpec.Resources) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        defer { folder.unlock() }
        let found = try folder.readRecordWithGroups()
        var record = found.record
        switch try status(record, folder) {
        case .created, .running, .paused: break
        case let status: throw RuntimeError("cannot update a container that is \(status)", kind: .wrongState)
        }
        var resources = resources
        if !resources.devices.isEmpty {
            // A new list of rules replaces the old one, but never what every container may use.
            resources.devices += DeviceNodes.rules(for: try folder.readConfiguration().spec)
        }
        var cgroup = try ContainerCgroup(record: found.place)
        try cgroup.update(resources, layout: try .detect()) {
            record.cgroup = $0
            try folder.write(record)
        }
        for warning in cgroup.warnings { log.warning(warning) }
    }
}
