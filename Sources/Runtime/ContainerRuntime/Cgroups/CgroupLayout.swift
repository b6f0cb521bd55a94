import CLinux
import Glibc
import LinuxKernel

/// Which cgroup hierarchies this host has mounted, and where.
///
/// On a unified host one tree, `/sys/fs/cgroup`, has every controller. On a hybrid one version 1 hierarchies
/// have (most of) them, each mounted at `/sys/fs/cgroup/NAME`, and a version 2 tree beside them,
/// `/sys/fs/cgroup/unified`, freezes, kills, filters devices and counts processor time. Nothing here changes a
/// mount.
///
/// The usual places are asked what they are; only where they do not answer is `/proc/self/mountinfo` read, which
/// takes 100 µs with twenty mounts and a millisecond with many.
public struct CgroupLayout: Sendable {
    /// Mount point of the version 2 tree.
    public let unified: String
    /// Folder of the version 1 mount points; nil on a unified host.
    let legacyRoot: String?
    /// Whether folders count as hierarchies only with the kernel's file system in them.
    private let checksFileSystem: Bool
    /// What tests say instead of `/proc/self/cgroup`.
    let caller: CallerGroups?
    let root: CgroupRoot

    public static func detect() throws(CgroupError) -> CgroupLayout {
        let root = CgroupRoot()
        if root.fileSystem == .unified {
            return CgroupLayout(
                unified: CgroupRoot.path, legacyRoot: nil, checksFileSystem: true, root: root)
        }
        var unified = CgroupRoot.path + "/unified"
        if root.fileSystem(at: unified) != .unified {
            guard let other = try CgroupMounts.find(type: "cgroup2") else { throw .noUnifiedHierarchy }
            unified = other
        }
        return CgroupLayout(
            unified: unified, legacyRoot: CgroupRoot.path, checksFileSystem: true, root: root)
    }

    /// A layout over ordinary folders that stand for hierarchies, for tests of what this machine's kernel
    /// does not show: each folder of `legacyRoot` that bears a controller's name is a version 1 hierarchy.
    package init(unified: String, legacyRoot: String?, caller: CallerGroups = CallerGroups(unified: "")) {
        self.init(
            unified: unified, legacyRoot: legacyRoot, checksFileSystem: false, caller: caller,
            root: CgroupRoot())
    }

    private init(
        unified: String, legacyRoot: String?, checksFileSystem: Bool, caller: CallerGroups? = nil,
        root: CgroupRoot
    ) {
        self.unified = unified
        self.legacyRoot = legacyRoot
        self.checksFileSystem = checksFileSystem
        self.caller = caller
        self.root = root
    }

    /// Whether the host has version 2 alone.
    public var isUnified: Bool { legacyRoot == nil }
}

// MARK: Controllers

extension CgroupLayout {
    /// The hierarchy that has a controller; the kernel attaches each to one only.
    enum Place: Equatable {
        case unified
        /// Version 1, with its mount point.
        case legacy(String)
        case nowhere
    }

    func place(of controller: CgroupController) throws(CgroupError) -> Place {
        guard let legacyRoot else { return controller.unifiedName == nil ? .nowhere : .unified }
        let usual = legacyRoot + "/" + controller.legacyName
        if isLegacyHierarchy(usual) { return .legacy(usual) }
        if let name = controller.unifiedName, try unifiedControllers().contains(name) { return .unified }
        if checksFileSystem,
            let other = try CgroupMounts.find(type: "cgroup", option: controller.legacyName)
        {
            return .legacy(other)
        }
        return .nowhere
    }

    /// What the version 2 tree offers, which is what is neither compiled out nor taken by version 1.
    public func unifiedControllers() throws(CgroupError) -> [String] {
        // Named, so that it is open for as long as its view is used.
        let folder = try CgroupDirectory.Owned(path: unified, from: root)
        return try folder.view.words("cgroup.controllers")
    }

    private func isLegacyHierarchy(_ path: String) -> Bool {
        checksFileSystem ? root.fileSystem(at: path) == .legacy : root.isThere(path)
    }
}

// MARK: All hierarchies

extension CgroupLayout {
    /// A version 1 hierarchy as `/proc/self/cgroup` lists it.
    public struct Hierarchy: Equatable, Sendable {
        /// `memory`, `cpu,cpuacct` or `name=systemd`.
        public let controllers: String
        public let mountPoint: String

        package init(controllers: String, mountPoint: String) {
            self.controllers = controllers
            self.mountPoint = mountPoint
        }
    }

    /// The version 1 hierarchies that are mounted where they usually are, in the kernel's order; none on a
    /// unified host.
    public func legacyHierarchies() throws(CgroupError) -> [Hierarchy] {
        isUnified ? [] : legacyHierarchies(in: try Self.ownGroups())
    }

    /// - Parameter table: of `ownGroups`.
    func legacyHierarchies(in table: [UInt8]) -> [Hierarchy] {
        Self.lines(of: table).compactMap { line in
            hierarchy(line.controllers).flatMap { isLegacyHierarchy($0.mountPoint) ? $0 : nil }
        }
    }

    /// - Parameter controllers: as the kernel names the hierarchy; empty for the tree of version 2.
    /// - Returns: with where it usually is, mounted or not.
    func hierarchy(_ controllers: String) -> Hierarchy? {
        guard let legacyRoot, !controllers.isEmpty else { return nil }
        let named = "name="
        let folder =
            controllers.hasPrefix(named) ? String(controllers.dropFirst(named.utf8.count)) : controllers
        return Hierarchy(controllers: controllers, mountPoint: legacyRoot + "/" + folder)
    }

    /// `/proc/self/cgroup`: hierarchy number, controllers, path.
    static func ownGroups() throws(CgroupError) -> [UInt8] { try read("/proc/self/cgroup") }

    static func lines(of table: [UInt8]) -> [(controllers: String, path: String)] {
        table.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            return (String(decoding: fields[1], as: UTF8.self), String(decoding: fields[2], as: UTF8.self))
        }
    }

    static func read(_ path: String) throws(CgroupError) -> [UInt8] {
        do throws(KernelError) {
            return try FileDescriptor.readFile(path)
        } catch {
            throw .kernel(error)
        }
    }
}

extension CgroupLayout {
    /// The groups in which a process is: of a container that another runtime has made.
    /// - Returns: nil when there is no such process.
    public func groups(of pid: Int32) throws(CgroupError) -> CgroupRecord? {
        let text: [UInt8]
        do throws(KernelError) {
            text = try FileDescriptor.readFile("/proc/\(pid)/cgroup")
        } catch {
            if error.errno == .noEntry || error.errno == .noProcess { return nil }
            throw .kernel(error)
        }
        let hierarchies = try legacyHierarchies()
        var record = CgroupRecord(unified: unified)
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = String(decoding: fields[1], as: UTF8.self)
            let path = String(decoding: fields[2], as: UTF8.self)
            // In the root it is not by its runtime's doing.
            if path == "/" { continue }
            if controllers.isEmpty {
                record.unified = unified + path
            } else if let hierarchy = hierarchies.first(where: { $0.controllers == controllers }) {
                record.legacy[controllers] = hierarchy.mountPoint + path
            }
        }
        return record
    }
}

/// Cgroup mounts at places of their own, from `/proc/self/mountinfo` (proc(5)).
package enum CgroupMounts {
    /// - Parameter option: a word of the super block's options that must be there: a controller's name.
    /// - Returns: where the first such file system is mounted.
    static func find(type: String, option: String? = nil) throws(CgroupError) -> String? {
        find(type: type, option: option, in: try CgroupLayout.read("/proc/self/mountinfo"))
    }

    package static func find(type: String, option: String?, in table: [UInt8]) -> String? {
        for line in table.split(separator: UInt8(ascii: "\n")) {
            // 36 35 98:0 ROOT MOUNT-POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
                fields.count >= dash + 4, fields[dash + 1].elementsEqual(type.utf8)
            else { continue }
            if let option {
                let options = fields[dash + 3].split(separator: UInt8(ascii: ","))
                guard options.contains(where: { $0.elementsEqual(option.utf8) }) else { continue }
            }
            return unescape(fields[4])
        }
        return nil
    }

    /// - Returns: which folder of a file system is mounted at a place, by the last mount there.
    static func root(at mountPoint: String, in table: [UInt8]) -> String? {
        var root: String?
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            if fields.count == 6, unescape(fields[4]) == mountPoint { root = unescape(fields[3]) }
        }
        return root
    }

    /// Blanks and backslashes stand in the table as `\` and three octal digits.
    private static func unescape(_ field: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            if field[index] == UInt8(ascii: "\\"), field.endIndex - index >= 4 {
                let code = field[(index + 1)...(index + 3)].reduce(0) { $0 * 8 + Int($1 & 7) }
                result.append(UInt8(truncatingIfNeeded: code))
                index += 4
            } else {
                result.append(field[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
