/// What a decoded configuration means, checked before anything is done with it. Each function
/// reports the first thing that is wrong, with its JSON path.
///
/// The rules are the specification's; where it is silent, runc's, so that what runs there runs here.
/// Checks that need the host (does this path exist, has the kernel that feature) are the runtime's.
extension RuntimeSpec {
    /// - Returns: warnings, one line each.
    /// - Throws: the first error.
    @discardableResult
    public func validate() throws(JSONError) -> [String] {
        try Self.checkVersion(ociVersion)
        guard let process else { throw JSONError(path: "process", reason: "missing") }
        try process.validate(at: "process")
        guard let root else { throw JSONError(path: "root", reason: "missing") }
        if root.path.isEmpty { throw JSONError(path: "root.path", reason: "must not be empty") }
        for (key, _) in annotations where key.isEmpty {
            throw JSONError(path: "annotations", reason: "a key is empty")
        }

        if hostname != nil, linux?.namespace(.uts) == nil {
            throw JSONError(path: "hostname", reason: "needs a uts namespace: it would rename the host")
        }
        if domainname != nil, linux?.namespace(.uts) == nil {
            throw JSONError(path: "domainname", reason: "needs a uts namespace: it would rename the host")
        }
        let warnings = try checkMounts()
        try hooks.validate()
        try linux?.validate()
        return warnings
    }

    /// Semantic versioning 2.0.0 with the major version of this specification. Later minor versions
    /// only add members, so they are accepted.
    private static func checkVersion(_ version: String) throws(JSONError) {
        guard let parsed = SemanticVersion(version) else {
            throw JSONError(
                path: "ociVersion",
                reason: "expected a version like 1.3.0, found \(JSONError.quoted(version))")
        }
        guard parsed.major == 1 else {
            throw JSONError(
                path: "ociVersion",
                reason: "version \(JSONError.quoted(version)) is not supported, only 1.x is")
        }
    }

    private func checkMounts() throws(JSONError) -> [String] {
        var warnings: [String] = []
        for index in mounts.indices {
            let mount = mounts[index]
            func path(_ member: String) -> String { "mounts[\(index)].\(member)" }
            if mount.destination.isEmpty {
                throw JSONError(path: path("destination"), reason: "must not be empty")
            }
            if !isAbsolute(mount.destination) {
                warnings.append(
                    "\(path("destination")): \(JSONError.quoted(mount.destination)) is relative, taken from /"
                )
            }
            if mount.isBind, mount.source == nil {
                throw JSONError(path: path("source"), reason: "missing: a bind mount needs it")
            }
            if mount.uidMappings.isEmpty != mount.gidMappings.isEmpty {
                let lacking = mount.uidMappings.isEmpty ? "uidMappings" : "gidMappings"
                throw JSONError(
                    path: path(lacking), reason: "missing: ids are mapped for both or for neither")
            }
            if mount.uidMappings.isEmpty { continue }
            try checkMappings(mount.uidMappings, at: path("uidMappings"))
            try checkMappings(mount.gidMappings, at: path("gidMappings"))
        }
        return warnings
    }
}

extension RuntimeSpec.Hooks {
    func validate() throws(JSONError) {
        try check(prestart, "hooks.prestart")
        try check(createRuntime, "hooks.createRuntime")
        try check(createContainer, "hooks.createContainer")
        try check(startContainer, "hooks.startContainer")
        try check(poststart, "hooks.poststart")
        try check(poststop, "hooks.poststop")
    }

    private func check(_ hooks: [RuntimeSpec.Hook], _ path: String) throws(JSONError) {
        for index in hooks.indices {
            let hook = hooks[index]
            guard isAbsolute(hook.path) else { throw notAbsolute(hook.path, at: "\(path)[\(index)].path") }
            if let timeout = hook.timeout, timeout <= 0 {
                throw JSONError(
                    path: "\(path)[\(index)].timeout", reason: "must be more than 0 seconds, found \(timeout)"
                )
            }
        }
    }
}

// MARK: - What several sections check

func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

func notAbsolute(_ found: String, at path: String) -> JSONError {
    JSONError(path: path, reason: "must be an absolute path, found \(JSONError.quoted(found))")
}

/// Ranges as the kernel takes them for `uid_map`: at most 340, not empty, within 32 bits,
/// not overlapping (user_namespaces(7)).
package func checkMappings(_ mappings: [RuntimeSpec.IDMapping], at path: String) throws(JSONError) {
    let most = 340
    if mappings.count > most {
        throw JSONError(path: path, reason: "has \(mappings.count) ranges, the kernel takes \(most)")
    }
    for index in mappings.indices {
        let mapping = mappings[index]
        if mapping.size == 0 {
            throw JSONError(path: "\(path)[\(index)].size", reason: "must be more than 0")
        }
        // The last id, 4294967295, is the kernel's "no id".
        if UInt64(mapping.containerID) + UInt64(mapping.size) > UInt64(UInt32.max) {
            throw JSONError(
                path: "\(path)[\(index)]", reason: "the range in the container ends beyond 4294967294")
        }
        if UInt64(mapping.hostID) + UInt64(mapping.size) > UInt64(UInt32.max) {
            throw JSONError(path: "\(path)[\(index)]", reason: "the range on the host ends beyond 4294967294")
        }
        for other in 0..<index {
            let earlier = mappings[other]
            if overlap(mapping.containerID, earlier.containerID, mapping.size, earlier.size)
                || overlap(mapping.hostID, earlier.hostID, mapping.size, earlier.size)
            {
                throw JSONError(path: "\(path)[\(index)]", reason: "overlaps with \(path)[\(other)]")
            }
        }
    }
}

private func overlap(_ left: UInt32, _ right: UInt32, _ leftSize: UInt32, _ rightSize: UInt32) -> Bool {
    left < right ? right - left < leftSize : left - right < rightSize
}
