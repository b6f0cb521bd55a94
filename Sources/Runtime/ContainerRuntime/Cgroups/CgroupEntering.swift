import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension CgroupLayout {
    /// Goes on in a group in every hierarchy; groups that are missing are made, and what others have set in them
    /// stays. The process has to have one thread.
    ///
    /// It goes on as another process: a clone of this one, child of the same parent and leader of a session, born in
    /// the version 2 group. A process that moves there waits for the kernel's lock over all forks, 8 ms (see
    /// `CgroupPlacement`). This one ends with status 0.
    ///
    /// - Parameters:
    ///   - path: below the root of each hierarchy.
    ///   - persist: is handed the groups that were made here, for `leave`, before anybody is in them.
    ///   - moved: is called in the new process, before anything can go wrong there.
    public func enter(_ path: String, persist: ([String]) throws -> Void, moved: () -> Void) throws {
        let path = try CgroupPath(cgroupsPath: path, id: "")
        var made = MadeGroups(root: root)
        do {
            let legacy = try legacyHierarchies().map(\.mountPoint)
            try Self.againWhileGone {
                for mountPoint in legacy { try makeLegacy(path, below: mountPoint, &made) }
                _ = try made.make(path, below: unified)
                try persist(made.paths)
                try becomeClone(in: unified + path.text)
            }
            moved()
            for mountPoint in legacy {
                try Self.againWhileGone {
                    try makeLegacy(path, below: mountPoint, &made)
                    let group = try CgroupDirectory.Owned(path: mountPoint + path.text, from: root)
                    try group.view.write("tasks", "0")
                }
            }
        } catch {
            made.remove()
            throw error
        }
    }

    /// Who leaves the group last may remove it between our finding it and our being in it.
    private static func againWhileGone(_ body: () throws -> Void) throws {
        for _ in 0..<8 {
            do {
                return try body()
            } catch CgroupError.kernel(let error) where [.noEntry, .noDevice].contains(error.errno) {
                continue
            }
        }
        try body()
    }

    private func makeLegacy(
        _ path: CgroupPath, below mountPoint: String, _ made: inout MadeGroups
    ) throws(CgroupError) {
        _ = try made.make(path, below: mountPoint)
        guard root.isThere(mountPoint + path.text + "/cpuset.cpus") else { return }
        let group = try CgroupDirectory.Owned(path: mountPoint + path.text, from: root)
        try CPUSetController.inherit(group.view, path, mountPoint: mountPoint, root, unless: nil)
    }

    private func becomeClone(in group: String) throws(CgroupError) {
        let folder = try CgroupDirectory.Owned(path: group, from: root)
        let pid = clinux_clone3(UInt64(CLONE_PARENT), 0, folder.view.descriptor, nil)
        if pid < 0 { throw .system("clone into", group) }
        if pid > 0 { _exit(0) }
        setsid()
    }

    /// Removes groups that `enter` has made, the last first. One in which somebody is, or that is gone, is left.
    public static func leave(_ made: [String]) throws(CgroupError) {
        for path in made.reversed() where rmdir(path) != 0 {
            guard [.busy, .noEntry, .notEmpty].contains(Errno.current) else { throw .system("rmdir", path) }
        }
    }
}
