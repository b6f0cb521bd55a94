import Glibc
import LinuxKernel
import OCISpec

// The control groups of a container that is made, and what else it is accounted in.
extension Creation {
    /// - Parameter rootless: a container whose limits need no groups is made without them where the caller may
    ///   make none.
    /// - Returns: nil for such a container.
    func makeCgroup(_ layout: CgroupLayout, rootless: Bool) throws -> ContainerCgroup? {
        do {
            let made = try makeGroups(layout, rootless: rootless)
            record.cgroup?.killsBefore = made.killsBefore
            for warning in made.warnings { runtime.log.warning(warning) }
            return made
        } catch CgroupError.kernel(let error) where rootless && error.errno.isRefusal {
            record.cgroup = nil
            if let resources = spec.linux?.resources,
                try !CgroupDemand(resources, layout: layout, withStatistics: false).isEmpty
            {
                throw RuntimeError(
                    "linux.resources: this user may make no control groups for the limits (\(error)); they need a group that was handed over, with the caller or cgroupsPath below it, or the user's systemd (--systemd-cgroup)"
                )
            }
            runtime.log.debug("no control groups: \(error)")
            try folder.write(record)
            return nil
        } catch {
            // What was made is removed again. What is there now is another container's, and not to be undone.
            record.cgroup = nil
            throw error
        }
    }

    private func makeGroups(_ layout: CgroupLayout, rootless: Bool) throws -> ContainerCgroup {
        var resources = spec.linux?.resources ?? RuntimeSpec.Resources()
        resources.devices += DeviceNodes.rules(for: spec)
        // The kernel takes no device program from such a caller. It has no need for one: the container can make
        // no nodes, and has those that its maker may open.
        if rootless { resources.devices = [] }
        // Before the first group is made: whoever is killed now leaves nothing that cannot be found.
        func persist(_ place: CgroupRecord) throws {
            record.cgroup = place
            try folder.write(record)
        }
        switch runtime.cgroupDriver {
        case .files:
            return try ContainerCgroup.create(
                cgroupsPath: spec.linux?.cgroupsPath, id: id.text, resources: resources, layout: layout,
                everyHierarchy: !rootless, everyController: CgroupView.isWritable(in: spec),
                withStatistics: !rootless, persist: persist)
        case .systemd:
            let holder = try ScopeHolder()
            scopeHolder = holder
            return try ContainerCgroup.createScope(
                cgroupsPath: spec.linux?.cgroupsPath, id: id.text, annotations: spec.annotations,
                resources: resources, layout: layout, everyController: CgroupView.isWritable(in: spec),
                holder: holder, persist: persist)
        }
    }

    /// The new process, which waits at its gate, takes the scope over from the process that held it.
    func handScope(_ cgroup: borrowing ContainerCgroup?) throws {
        guard let holder = scopeHolder, let scope = record.cgroup?.scope else { return }
        if scope.attachesProcesses { try scope.attach(record.pid) }
        holder.end()
        scopeHolder = nil
        switch cgroup {
        case .none: return
        case .some(let cgroup):
            try cgroup.completeScope(spec.linux?.resources ?? RuntimeSpec.Resources())
        }
    }

    /// A container with a cgroup namespace of its own that may write there divides its group: it becomes its user's
    /// (config-linux.md, Cgroup ownership). Not on hosts with version 1, whose groups are not safe to hand over.
    ///
    /// To be called when the process's ids are mapped.
    func delegate(_ cgroup: borrowing ContainerCgroup?, _ layout: CgroupLayout) throws {
        guard layout.isUnified, let own = spec.linux?.namespace(.cgroup), own.path == nil,
            CgroupView.isWritable(in: spec)
        else { return }
        // Of a process in our own user namespace the map would tell numbers that are not ours.
        let user =
            spec.linux?.namespace(.user) == nil
            ? process.user.uid : try IDMaps.outside(process.user.uid, map: "/proc/\(record.pid)/uid_map")
        // Those of nobody are no use to the container, and the caller's are so already.
        guard let user, user != geteuid() else { return }
        switch cgroup {
        case .none: return
        case .some(let cgroup):
            do throws(CgroupError) {
                try cgroup.delegate(toUser: user)
            } catch {
                // An ordinary user hands over nothing to others.
                guard case .kernel(let cause) = error, cause.errno.isRefusal else { throw error }
                runtime.log.warning("the container cannot divide its control group: \(error)")
            }
        }
    }

    func joinResourceControl(_ pid: Int32) throws {
        guard let settings = spec.linux?.intelRdt, let root = try ResourceControl.root(for: settings)
        else { return }
        let control = ResourceControl(settings, id: id.text, root: root)
        record.resourceControl = control.ownFolders
        try folder.write(record)
        try control.make(pid: pid)
    }
}

/// Shares a placement with the closure that runs in the new process.
final class Placement {
    let value: CgroupPlacement

    init(_ value: consuming CgroupPlacement) {
        self.value = value
    }

    /// Nil without groups.
    init?(of cgroup: borrowing ContainerCgroup?) throws {
        switch cgroup {
        case .none: return nil
        case .some(let cgroup): value = try cgroup.placement()
        }
    }
}
