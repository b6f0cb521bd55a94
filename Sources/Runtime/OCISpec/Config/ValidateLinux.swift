extension RuntimeSpec.Linux {
    func validate() throws(JSONError) {
        try checkNamespaces()
        try checkUserNamespace()
        try checkTimeOffsets()
        try checkSysctl()
        try checkPaths()
        try checkDevices()
        try checkNetDevices()
        try resources?.validate(at: "linux.resources")
        try seccomp?.validate(at: "linux.seccomp")
        try intelRdt?.validate(at: "linux.intelRdt")
        try memoryPolicy?.validate(at: "linux.memoryPolicy")
        if let flag = personality?.flags.first {
            throw JSONError(
                path: "linux.personality.flags[0]", reason: "unknown flag \(JSONError.quoted(flag))")
        }
    }

    // MARK: Namespaces

    private func checkNamespaces() throws(JSONError) {
        for index in namespaces.indices {
            let namespace = namespaces[index]
            for other in 0..<index where namespaces[other].type == namespace.type {
                throw JSONError(
                    path: "linux.namespaces[\(index)].type",
                    reason: "\(namespace.type.rawValue) is given twice")
            }
            if let path = namespace.path, !isAbsolute(path) {
                throw notAbsolute(path, at: "linux.namespaces[\(index)].path")
            }
        }
    }

    private func checkUserNamespace() throws(JSONError) {
        let user = namespace(.user)
        try check(uidMappings, of: user, at: "linux.uidMappings")
        try check(gidMappings, of: user, at: "linux.gidMappings")
    }

    private func check(
        _ mappings: [RuntimeSpec.IDMapping], of user: RuntimeSpec.Namespace?, at path: String
    ) throws(JSONError) {
        if user == nil, !mappings.isEmpty {
            throw JSONError(path: path, reason: "needs a user namespace")
        }
        // Without a mapping nobody in the new namespace has an id, not even its root.
        if let user, user.path == nil, mappings.isEmpty {
            throw JSONError(path: path, reason: "missing: a new user namespace needs it")
        }
        try checkMappings(mappings, at: path)
    }

    private func checkTimeOffsets() throws(JSONError) {
        guard let timeOffsets else { return }
        // The kernel takes offsets only until the first process is in the namespace.
        guard let time = namespace(.time), time.path == nil else {
            throw JSONError(path: "linux.timeOffsets", reason: "needs a new time namespace")
        }
        try check(timeOffsets.boottime, at: "linux.timeOffsets.boottime")
        try check(timeOffsets.monotonic, at: "linux.timeOffsets.monotonic")
    }

    private func check(_ offset: RuntimeSpec.TimeOffsets.Offset?, at path: String) throws(JSONError) {
        if let offset, offset.nanosecs >= 1_000_000_000 {
            throw JSONError(
                path: "\(path).nanosecs", reason: "\(offset.nanosecs) is out of range, 0 to 999999999")
        }
    }

    /// Only parameters that belong to a namespace of the container: others would change the host.
    private func checkSysctl() throws(JSONError) {
        for index in sysctl.indices {
            let key = sysctl[index].key
            func refuse(_ reason: String) -> JSONError {
                JSONError(path: JSONError.path("linux.sysctl", key), reason: reason)
            }
            guard let name = SysctlName(key) else { throw refuse("is not the name of a kernel parameter") }
            if name.name == "kernel.hostname" { throw refuse("is set by hostname, not here") }
            guard let kind = name.namespace else {
                throw refuse("would change the host, it belongs to no namespace")
            }
            if namespace(kind) == nil {
                throw refuse("would change the host, there is no \(kind.rawValue) namespace")
            }
        }
    }

    // MARK: Paths and devices

    private func checkPaths() throws(JSONError) {
        try check(paths: maskedPaths, at: "linux.maskedPaths")
        try check(paths: readonlyPaths, at: "linux.readonlyPaths")
        if let cgroupsPath, hasParentPart(cgroupsPath) {
            throw JSONError(
                path: "linux.cgroupsPath",
                reason: "must not contain .., found \(JSONError.quoted(cgroupsPath))")
        }
    }

    private func check(paths: [String], at member: String) throws(JSONError) {
        if !paths.isEmpty, namespace(.mount) == nil {
            throw JSONError(path: member, reason: "needs a mount namespace: it would change the host's files")
        }
        for index in paths.indices where !isAbsolute(paths[index]) {
            throw notAbsolute(paths[index], at: "\(member)[\(index)]")
        }
    }

    /// Whether one of the parts between slashes is `..`.
    private func hasParentPart(_ path: String) -> Bool {
        var length = 0
        var dots = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") {
                if length == 2, dots == 2 { return true }
                (length, dots) = (0, 0)
            } else {
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        return length == 2 && dots == 2
    }

    private func checkDevices() throws(JSONError) {
        for index in devices.indices {
            let device = devices[index]
            let path = "linux.devices[\(index)]"
            guard isAbsolute(device.path) else { throw notAbsolute(device.path, at: "\(path).path") }
            if device.type == .fifo { continue }
            // 12 bits of major number and 20 of minor number fit into the kernel's dev_t.
            guard 0..<4096 ~= device.major else {
                throw JSONError(path: "\(path).major", reason: "\(device.major) is out of range, 0 to 4095")
            }
            guard 0..<1_048_576 ~= device.minor else {
                throw JSONError(
                    path: "\(path).minor", reason: "\(device.minor) is out of range, 0 to 1048575")
            }
        }
    }

    private func checkNetDevices() throws(JSONError) {
        if netDevices.isEmpty { return }
        guard namespace(.network) != nil else {
            throw JSONError(path: "linux.netDevices", reason: "needs a network namespace")
        }
        var inside = SortedMap<String>()
        for index in netDevices.indices {
            let (host, device) = netDevices[index]
            let path = JSONError.path("linux.netDevices", host)
            guard isInterfaceName(host) else { throw JSONError(path: path, reason: "is not a device name") }
            let name = device.name ?? host
            guard isInterfaceName(name) else {
                throw JSONError(
                    path: "\(path).name", reason: "\(JSONError.quoted(name)) is not a device name")
            }
            if let other = inside[name] {
                throw JSONError(
                    path: path,
                    reason: "becomes \(JSONError.quoted(name)), as \(JSONError.quoted(other)) does")
            }
            inside[name] = host
        }
    }

    /// The kernel's rule, dev_valid_name() in net/core/dev.c.
    private func isInterfaceName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard 1...15 ~= bytes.count, name != ".", name != ".." else { return false }
        return bytes.allSatisfy { byte in
            byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":") && byte != UInt8(ascii: " ")
                && !(0x09...0x0d ~= byte)
        }
    }
}

extension RuntimeSpec.Seccomp {
    func validate(at path: String) throws(JSONError) {
        // The agent's own read of the default action's first notification would have to be answered
        // by itself.
        if defaultAction == .notify {
            throw JSONError(path: "\(path).defaultAction", reason: "SCMP_ACT_NOTIFY cannot be the default")
        }
        if listenerMetadata != nil, listenerPath == nil {
            throw JSONError(path: "\(path).listenerMetadata", reason: "needs listenerPath")
        }
        if let listenerPath, !isAbsolute(listenerPath) {
            throw notAbsolute(listenerPath, at: "\(path).listenerPath")
        }
        if let defaultErrnoRet {
            try check(errno: defaultErrnoRet, of: defaultAction, at: "\(path).defaultErrnoRet")
        }
        for index in syscalls.indices { try validate(syscalls[index], at: "\(path).syscalls[\(index)]") }
    }

    private func validate(_ rule: Syscall, at path: @autoclosure () -> String) throws(JSONError) {
        if rule.names.isEmpty { throw JSONError(path: "\(path()).names", reason: "must not be empty") }
        for index in rule.names.indices {
            let name = rule.names[index]
            if name.isEmpty {
                throw JSONError(path: "\(path()).names[\(index)]", reason: "must not be empty")
            }
            // The runtime itself writes the listener's descriptor to the agent under the filter.
            if rule.action == .notify, name == "write" {
                throw JSONError(
                    path: "\(path()).names[\(index)]", reason: "SCMP_ACT_NOTIFY is impossible for write")
            }
        }
        if rule.action == .notify, listenerPath == nil {
            throw JSONError(path: "\(path()).action", reason: "SCMP_ACT_NOTIFY needs listenerPath")
        }
        if let errnoRet = rule.errnoRet {
            try check(errno: errnoRet, of: rule.action, at: "\(path()).errnoRet")
        }
        for index in rule.args.indices {
            let argument = rule.args[index].index
            if argument > 5 {
                throw JSONError(
                    path: "\(path()).args[\(index)].index", reason: "\(argument) is out of range, 0 to 5")
            }
        }
    }

    /// 16 bits go into a filter's answer; as an error the kernel cuts them to its largest, 4095.
    private func check(errno: UInt32, of action: Action, at path: @autoclosure () -> String) throws(JSONError)
    {
        let largest: UInt32 = action == .errno ? 4095 : 65_535
        if errno > largest {
            throw JSONError(path: path(), reason: "\(errno) is out of range, 0 to \(largest)")
        }
    }
}

extension RuntimeSpec.IntelRdt {
    package func validate(at path: String) throws(JSONError) {
        if let closID, closID == "." || closID == ".." || closID.utf8.contains(UInt8(ascii: "/")) {
            throw JSONError(
                path: "\(path).closID", reason: "\(JSONError.quoted(closID)) is not a folder's name")
        }
        // Each of them is written as one line of a file.
        for index in schemata.indices where schemata[index].utf8.contains(UInt8(ascii: "\n")) {
            throw JSONError(path: "\(path).schemata[\(index)]", reason: "must be one line")
        }
        if let l3CacheSchema,
            l3CacheSchema.utf8.split(separator: UInt8(ascii: "\n")).contains(where: isBandwidth)
        {
            throw JSONError(path: "\(path).l3CacheSchema", reason: "must not set the memory bandwidth (MB:)")
        }
        if let memBwSchema {
            guard isBandwidth(memBwSchema.utf8[...]), !memBwSchema.utf8.contains(UInt8(ascii: "\n")) else {
                throw JSONError(path: "\(path).memBwSchema", reason: "must be one line that starts with MB:")
            }
        }
    }

    private func isBandwidth(_ line: Substring.UTF8View) -> Bool { line.starts(with: "MB:".utf8) }
}

extension RuntimeSpec.MemoryPolicy {
    /// The combinations that set_mempolicy(2) refuses.
    func validate(at path: String) throws(JSONError) {
        let list = NumberList(nodes ?? "")
        guard let list else { throw notAList(nodes ?? "", of: "nodes", at: "\(path).nodes") }
        switch mode {
        case .default, .local:
            if !list.isEmpty { throw JSONError(path: "\(path).nodes", reason: "\(mode.rawValue) takes none") }
        case .bind, .interleave, .weightedInterleave, .preferredMany:
            if list.isEmpty {
                throw JSONError(path: "\(path).nodes", reason: "missing: \(mode.rawValue) needs them")
            }
        case .preferred:
            break
        }
        if flags.contains(.staticNodes), flags.contains(.relativeNodes) {
            throw JSONError(
                path: "\(path).flags",
                reason: "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")
        }
    }
}
