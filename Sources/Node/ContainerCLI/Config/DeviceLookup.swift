import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Finds the host's device nodes that a container gets.
public enum DeviceLookup {
    /// - Throws: when nothing is at the path, or something that is no device.
    public static func resolve(_ option: DeviceOption) throws -> [DeviceAccess] {
        var status = stat()
        if stat(option.hostPath, &status) != 0 { throw KernelError("device", option.hostPath) }
        if status.st_mode & S_IFMT == S_IFDIR {
            let nodes = try walk(option.hostPath) { path in
                access(
                    path, at: option.containerPath + path.dropFirst(option.hostPath.utf8.count), option.access
                )
            }
            if nodes.isEmpty { throw UsageError("device \(option.hostPath): no device is in this folder") }
            return nodes
        }
        guard let node = access(option.hostPath, at: option.containerPath, option.access) else {
            throw UsageError("device \(option.hostPath): not a device")
        }
        return [node]
    }

    /// Every device of the host, for privileged containers.
    public static func all() throws -> [DeviceAccess] {
        // What the container has instances of its own of, and the host's console. The streams are links: whoever looks here
        // would find what his own are, the null device mostly.
        let own: Set = [
            "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr",
            "/dev/console", "/dev/tty", "/dev/ptmx",
        ]
        return try walk("/dev", except: own) { access($0, at: $0, "rwm") }
    }

    private static func walk(
        _ folder: String, except: Set<String> = [], _ body: (String) -> DeviceAccess?
    ) throws -> [DeviceAccess] {
        var found: [DeviceAccess] = []
        for name in try folderEntries(folder).sorted() {
            let path = folder + "/" + name
            if name.hasPrefix(".") || except.contains(path) { continue }
            var status = stat()
            if lstat(path, &status) != 0 { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                found += try walk(path, except: except, body)
            } else if let node = body(path) {
                found.append(node)
            }
        }
        return found
    }

    private static func access(_ path: String, at containerPath: String, _ letters: String) -> DeviceAccess? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind: RuntimeSpec.Device.Kind
        let rule: RuntimeSpec.DeviceRule.Kind
        switch status.st_mode & S_IFMT {
        case S_IFCHR: (kind, rule) = (.character, .character)
        case S_IFBLK: (kind, rule) = (.block, .block)
        default: return nil
        }
        let major = Int64(clinux_major(UInt64(status.st_rdev)))
        let minor = Int64(clinux_minor(UInt64(status.st_rdev)))
        var access: RuntimeSpec.DeviceRule.Access = []
        if letters.contains("r") { access.insert(.read) }
        if letters.contains("w") { access.insert(.write) }
        if letters.contains("m") { access.insert(.makeNode) }
        return DeviceAccess(
            node: RuntimeSpec.Device(
                path: containerPath, type: kind, major: major, minor: minor,
                fileMode: UInt32(status.st_mode) & 0o777, uid: status.st_uid, gid: status.st_gid),
            rule: RuntimeSpec.DeviceRule(allow: true, type: rule, major: major, minor: minor, access: access),
            hostPath: path)
    }
}
