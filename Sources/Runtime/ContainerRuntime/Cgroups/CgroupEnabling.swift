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
            let group = try CgroupDirectory.Owned(path: layout.unified + ancestor)
            if try !Self.enable(required + wanted, in: group.view, required: required) { wanted = [] }
        }
    }

    /// - Returns: false when only the required ones could be enabled.
    private static func enable(
        _ controllers: [String], in group: CgroupDirectory, required: [String]
    ) throws(CgroupError) -> Bool {
        let enabled = try group.words("cgroup.subtree_control")
        func request(_ names: [String]) -> String {
            names.filter { !enabled.contains($0) }.map { "+" + $0 }.joined(separator: " ")
        }
        let all = request(controllers)
        if all.isEmpty || group.attempt("cgroup.subtree_control", all) == nil { return true }
        // What only counts is not worth a container that does not start.
        let needed = request(required)
        guard !needed.isEmpty, let errno = group.attempt("cgroup.subtree_control", needed) else {
            return false
        }
        if errno == .busy { throw .internalProcesses(path: group.path, controllers: needed) }
        throw group.refusal("cgroup.subtree_control", needed, errno)
    }
}
