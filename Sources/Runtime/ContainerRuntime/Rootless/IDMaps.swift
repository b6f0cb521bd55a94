import Glibc
import LinuxKernel
import OCISpec

/// Writes the maps of a user namespace that was just made (user_namespaces(7), "User and group ID mappings").
///
/// Who has the capabilities writes what the configuration says. An ordinary user may map itself only; more it
/// gets from newuidmap(1) and newgidmap(1), which read /etc/subuid and /etc/subgid.
enum IDMaps {
    static func write(
        uids: [RuntimeSpec.IDMapping], gids: [RuntimeSpec.IDMapping], pid: Int32
    ) throws {
        if !uids.isEmpty { try write(uids, .users, pid) }
        if !gids.isEmpty { try write(gids, .groups, pid) }
    }

    /// The number that a user has outside of the namespace whose map this is.
    /// - Parameter map: a `uid_map` file.
    /// - Returns: nil for one that has none.
    static func outside(_ user: UInt32, map: String) throws(KernelError) -> UInt32? {
        let table = try FileDescriptor.readFile(map)
        let inside = UInt64(user)
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " ")).compactMap { CgroupText.number($0) }
            guard fields.count == 3, inside >= fields[0], inside - fields[0] < fields[2] else { continue }
            return UInt32(clamping: fields[1] + (inside - fields[0]))
        }
        return nil
    }

    private enum Kind {
        case users, groups

        var file: String { self == .users ? "uid_map" : "gid_map" }
        var helper: String { self == .users ? "newuidmap" : "newgidmap" }
        var own: UInt32 { self == .users ? geteuid() : getegid() }
        var field: String { self == .users ? "linux.uidMappings" : "linux.gidMappings" }
    }

    private static func write(_ mappings: [RuntimeSpec.IDMapping], _ kind: Kind, _ pid: Int32) throws {
        let path = "/proc/\(pid)/\(kind.file)"
        do throws(KernelError) {
            try IDMapping.write(mappings, to: path)
        } catch {
            guard error.errno == .notPermitted || error.errno == .accessDenied else { throw error }
            try writeAsUser(mappings, kind, pid, path)
        }
    }

    private static func writeAsUser(
        _ mappings: [RuntimeSpec.IDMapping], _ kind: Kind, _ pid: Int32, _ path: String
    ) throws {
        if mappings.count == 1, mappings[0].size == 1, mappings[0].hostID == kind.own {
            // Only so does the kernel let a user map its group: setgroups(2) could take away rights that a
            // group is refused.
            if kind == .groups { try FileDescriptor.writeFile("/proc/\(pid)/setgroups", "deny") }
            try IDMapping.write(mappings, to: path)
            return
        }
        guard let helper = Self.find(kind.helper) else {
            throw RuntimeError(
                "\(kind.field): this user may map no other ids than its own without \(kind.helper), which is not in the PATH (Debian has it in the package uidmap)"
            )
        }
        var arguments = [kind.helper, "\(pid)"]
        for mapping in mappings {
            arguments += ["\(mapping.containerID)", "\(mapping.hostID)", "\(mapping.size)"]
        }
        let command = Command(path: helper, arguments: arguments, environment: [], timeout: 30_000)
        let (outcome, output) = try command.run()
        guard outcome == .ended(.exited(0)) else {
            let text = String(decoding: output, as: UTF8.self)
                .split(separator: "\n").joined(separator: "; ")
            throw RuntimeError("\(kind.field): \(text.isEmpty ? "\(kind.helper) failed" : text)")
        }
    }

    private static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return nil
    }
}
