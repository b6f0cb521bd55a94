import LinuxKernel

extension ContainerCgroup {
    /// Makes the controllers of `demand` available in the version 2 group, by enabling them in
    /// `cgroup.subtree_control` of the groups above it, from the root down. Only what is missing is written,
    /// and nothing is ever disabled: in groups that others made this is the one file we write.
    ///
    /// On a host that has run a container before, one read shows that nothing is missing.
    func enable(_ demand: CgroupDemand, _ path: CgroupPath, _ layout: CgroupLayout) throws(CgroupError) {
        if demand.required.isEmpty && demand.wanted.isEmpty { return }
        let here = try unified.words("cgroup.controllers")
        let required = demand.required.filter { !here.contains($0) }
        var wanted = demand.wanted.filter { !here.contains($0) }
        if required.isEmpty && wanted.isEmpty { return }

        let offered = try layout.unifiedControllers()
        for controller in required where !offered.contains(controller) {
            throw .noController(controller, neededFor: "limits of \(unifiedPath)")
        }
        wanted.removeAll { !offered.contains($0) }
        for ancestor in [""] + path.ancestors {
            let group = try CgroupDirectory.Owned(path: layout.unified + ancestor, from: layout.root)
            wanted = try Self.enable(required, wanted, in: group.view)
        }
    }

    /// - Returns: what could be enabled of `wanted`.
    private static func enable(
        _ required: [String], _ wanted: [String], in group: CgroupDirectory
    ) throws(CgroupError) -> [String] {
        let enabled = try group.words("cgroup.subtree_control")
        func request(_ names: [String]) -> String {
            names.filter { !enabled.contains($0) }.map { "+" + $0 }.joined(separator: " ")
        }
        let all = request(required + wanted)
        if all.isEmpty || group.attempt("cgroup.subtree_control", all) == nil { return wanted }
        let needed = request(required)
        if !needed.isEmpty, let errno = group.attempt("cgroup.subtree_control", needed) {
            if errno == .busy { throw .internalProcesses(path: group.path, controllers: needed) }
            throw group.refusal("cgroup.subtree_control", needed, errno)
        }
        // One by one. What no limit needs is not worth a container that does not start.
        return wanted.filter {
            enabled.contains($0) || group.attempt("cgroup.subtree_control", "+" + $0) == nil
        }
    }
}
