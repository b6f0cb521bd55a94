import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension CgroupLayout {
    /// Moves this process, which must have one thread, into a group in every hierarchy; groups that are missing are
    /// made. What others have set in them stays.
    ///
    /// - Parameters:
    ///   - path: below the root of each hierarchy.
    ///   - persist: is handed the groups that were made here, for `leave`, before anybody is in them.
    public func enter(_ path: String, persist: ([String]) throws -> Void) throws {
        let path = try CgroupPath(cgroupsPath: path, id: "")
        var made = MadeGroups()
        do {
            let legacy = try legacyHierarchies().map(\.mountPoint)
            for mountPoint in legacy { try makeLegacy(path, below: mountPoint, &made) }
            _ = try made.make(path, below: unified)
            try persist(made.paths)
            // In version 1 a thread moves itself without the lock that processes need (see `CgroupPlacement`).
            for mountPoint in legacy { try Self.join(mountPoint + path.text, "tasks") }
            try Self.join(unified + path.text, "cgroup.procs")
        } catch {
            made.remove()
            throw error
        }
    }

    private func makeLegacy(
        _ path: CgroupPath, below mountPoint: String, _ made: inout MadeGroups
    ) throws(CgroupError) {
        _ = try made.make(path, below: mountPoint)
        guard access(mountPoint + path.text + "/cpuset.cpus", F_OK) == 0 else { return }
        let group = try CgroupDirectory.Owned(path: mountPoint + path.text)
        try CPUSetController.inherit(group.view, path, mountPoint: mountPoint, unless: nil)
    }

    private static func join(_ group: String, _ file: String) throws(CgroupError) {
        let group = try CgroupDirectory.Owned(path: group)
        try group.view.write(file, "0")
    }

    /// Removes groups that `enter` has made, the last first. One in which somebody is, or that is gone, is left.
    public static func leave(_ made: [String]) throws(CgroupError) {
        for path in made.reversed() where rmdir(path) != 0 {
            guard [.busy, .noEntry, .notEmpty].contains(Errno.current) else { throw .system("rmdir", path) }
        }
    }
}
