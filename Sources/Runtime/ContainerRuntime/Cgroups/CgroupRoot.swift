import CLinux
import Glibc
import LinuxKernel

/// Where lookups of groups begin: the folder of all hierarchies, kept open.
///
/// On the way to it lie folders of sysfs, in each of which the kernel takes the one lock of that file system, which a
/// network namespace that comes or goes holds: a hundred containers made at once, fifty lookups each, waited there for
/// each other.
package final class CgroupRoot: Sendable {
    static let path = "/sys/fs/cgroup"
    private static let prefix = "/sys/fs/cgroup/"

    /// O_PATH; -1 on a host without that folder.
    private let descriptor: Int32

    package init() { descriptor = clinux_open(Self.path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// - Parameters:
    ///   - path: from the root of all files, of whatever place.
    ///   - call: one of the kernel's calls that take a folder and a path below it.
    package func find<Result>(_ path: String, _ call: (Int32, UnsafePointer<CChar>) -> Result) -> Result {
        path.withCString { text in
            guard descriptor >= 0, strncmp(text, Self.prefix, Self.prefix.utf8.count) == 0 else {
                return call(AT_FDCWD, text)
            }
            var rest = text + Self.prefix.utf8.count
            // With a slash in front it would be a path of the host.
            while rest.pointee == CChar(UInt8(ascii: "/")) { rest += 1 }
            // The folder itself: there is no empty path below it.
            if rest.pointee == 0 { return call(AT_FDCWD, text) }
            return call(descriptor, rest)
        }
    }

    // MARK: Calls

    /// - Returns: an O_PATH descriptor that the caller has to close, or -1.
    func openFolder(_ path: String) -> Int32 {
        find(path) { clinux_openat($0, $1, O_PATH | O_DIRECTORY | O_CLOEXEC, 0) }
    }

    func isThere(_ path: String) -> Bool { find(path) { faccessat($0, $1, F_OK, 0) } == 0 }

    /// - Returns: nil, or the kernel's answer.
    func makeFolder(_ path: String) -> Errno? {
        find(path) { mkdirat($0, $1, 0o755) } == 0 ? nil : .current
    }

    /// - Returns: nil, or the kernel's answer.
    func removeFolder(_ path: String) -> Errno? {
        find(path) { unlinkat($0, $1, AT_REMOVEDIR) } == 0 ? nil : .current
    }

    // MARK: Kinds

    enum FileSystem { case unified, legacy, other }

    /// What is mounted on the folder of all hierarchies: the one tree, or a folder for each.
    var fileSystem: FileSystem { Self.fileSystem(of: descriptor) }

    func fileSystem(at path: String) -> FileSystem {
        let folder = openFolder(path)
        if folder < 0 { return .other }
        defer { close(folder) }
        return Self.fileSystem(of: folder)
    }

    private static func fileSystem(of descriptor: Int32) -> FileSystem {
        var info = statfs()
        guard fstatfs(descriptor, &info) == 0 else { return .other }
        return switch Int(info.f_type) {
        case 0x6367_7270: .unified  // CGROUP2_SUPER_MAGIC
        case 0x27_e0eb: .legacy  // CGROUP_SUPER_MAGIC
        default: .other
        }
    }
}
