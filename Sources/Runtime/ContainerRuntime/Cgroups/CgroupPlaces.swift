import Glibc
import OCISpec

/// Where a new container's groups are to be, in each hierarchy.
///
/// An absolute `linux.cgroupsPath` is below the roots. Without one, or with a relative one, the groups are where runc
/// has them, so that what holds for the caller holds for its containers and a subtree that was handed over is not left:
/// in a version 1 hierarchy below the caller's own group; in the version 2 tree beside it, since a group with processes
/// can hand on no controllers (cgroups(7)).
struct CgroupPlaces {
    private let path: CgroupPath
    /// Nil for an absolute path.
    private let caller: CallerGroups?

    /// - Parameter table: `CgroupLayout.ownGroups`, where it is needed.
    init(
        cgroupsPath: String?, id: String, layout: CgroupLayout, table: () throws(CgroupError) -> [UInt8]
    ) throws(CgroupError) {
        path = try CgroupPath(cgroupsPath: cgroupsPath, id: id)
        let isAbsolute = cgroupsPath?.utf8.first == UInt8(ascii: "/")
        if isAbsolute {
            caller = nil
        } else if let known = layout.caller {
            caller = known
        } else {
            caller = try CallerGroups(try table(), layout)
        }
    }

    var unified: CgroupPath {
        guard let own = caller?.unified, let slash = own.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return path
        }
        return CgroupPath(path, below: own[..<slash])
    }

    /// - Parameter hierarchy: of version 1; all its controllers or one of them.
    func path(in hierarchy: String) -> CgroupPath {
        let own = caller?.legacy.first { CgroupLayout.hierarchy($0.controllers, has: hierarchy) }
        return CgroupPath(path, below: own?.path ?? "")
    }

    /// For `CgroupRecord.others`.
    /// - Parameter made: the hierarchies in which the container has groups from the start.
    func others(besides made: [CgroupLayout.Hierarchy]) -> SortedMap<String> {
        var others = SortedMap<String>()
        for (controllers, own) in caller?.legacy ?? [] {
            let path = CgroupPath(path, below: own)
            let isMade = made.contains { CgroupLayout.hierarchy(controllers, has: $0.controllers) }
            if !isMade, path != unified { others[controllers] = path.text }
        }
        return others
    }
}

/// The groups that the caller is in, below the hierarchies' mount points: empty for a root, and for a group that is
/// outside of what is mounted here.
package struct CallerGroups: Sendable {
    package let unified: String
    /// Of every hierarchy, by its controllers, as in `/proc/self/cgroup`.
    package let legacy: [(controllers: String, path: String)]

    package init(unified: String, legacy: [(controllers: String, path: String)] = []) {
        self.unified = unified
        self.legacy = legacy
    }

    /// - Parameters:
    ///   - table: `CgroupLayout.ownGroups`.
    ///   - isThere: whether something is at a path; for tests.
    ///   - mounts: `/proc/self/mountinfo`, which takes long to read. A container without a cgroup namespace reads its
    ///     host's paths in the one and has mounted only what is below its own group.
    package init(
        _ table: [UInt8], _ layout: CgroupLayout, isThere: ((String) -> Bool)? = nil,
        mounts: () throws(CgroupError) -> [UInt8] = { () throws(CgroupError) in
            try CgroupLayout.read("/proc/self/mountinfo")
        }
    ) throws(CgroupError) {
        let isThere = isThere ?? layout.root.isThere
        var mountTable: [UInt8] = []
        var unified = ""
        var legacy: [(controllers: String, path: String)] = []
        for line in CgroupLayout.lines(of: table) {
            let isUnified = line.controllers.isEmpty
            let place = isUnified ? layout.unified : layout.hierarchy(line.controllers)?.mountPoint
            guard let place else { continue }
            var path = line.path
            // Of a process outside of its cgroup namespace's root it begins with `/..`.
            if path == "/" || path.utf8.starts(with: "/..".utf8) {
                path = ""
            } else if !isThere(place + path) {
                if mountTable.isEmpty { mountTable = try mounts() }
                path = Self.path(path, below: CgroupMounts.root(at: place, in: mountTable) ?? "/")
            }
            if isUnified { unified = path } else { legacy.append((line.controllers, path)) }
        }
        self.init(unified: unified, legacy: legacy)
    }

    private static func path(_ path: String, below root: String) -> String {
        if root == "/" { return path }
        guard path.utf8.starts(with: (root + "/").utf8) else { return "" }
        return String(path.utf8.dropFirst(root.utf8.count)) ?? ""
    }
}

extension CgroupLayout {
    /// Whether a hierarchy's controllers, `cpu,cpuacct`, are or contain this one.
    static func hierarchy(_ controllers: String, has controller: String) -> Bool {
        if controllers == controller { return true }
        let names = controllers.utf8.split(separator: UInt8(ascii: ","))
        return names.count > 1 && names.contains { $0.elementsEqual(controller.utf8) }
    }
}
