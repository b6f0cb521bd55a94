import Glibc
import LinuxKernel

extension ContainerCgroup {
    /// Removes the container's groups, those below first.
    public func delete(within milliseconds: Int = 1000) throws(CgroupError) {
        try Self.delete(record, within: milliseconds)
    }

    /// Removes a container's groups in every hierarchy, those below first. Groups that are gone already are
    /// fine. Those of a systemd unit go with it.
    ///
    /// - Parameters:
    ///   - milliseconds: to wait for processes that were killed and have not ended yet.
    ///   - killing: ends the processes that are in the version 2 group.
    /// - Throws: EBUSY as `kernel` when processes are left then. The other groups are removed nevertheless.
    public static func delete(
        _ record: CgroupRecord, within milliseconds: Int = 1000, killing: Bool = false
    ) throws(CgroupError) {
        if let scope = record.scope {
            if killing { try kill(record) }
            try scope.stop()
        }
        let removal = CgroupRemoval(deadline: Deadline.after(milliseconds))
        var failure: CgroupError?
        // The version 2 group first: it tells when the last process has ended, which holds for all. And one that can
        // be removed has none: killing takes a lock of all groups on the host to find that out.
        if removal.attempt(record.unified) != nil {
            if killing { try kill(record) }
            failure = removal.remove(record.unified)
        }
        for (_, path) in record.legacy {
            let next = removal.remove(path)
            if failure == nil { failure = next }
        }
        if let failure { throw failure }
    }
}

private struct CgroupRemoval {
    let deadline: Deadline
    private let root = CgroupRoot()

    init(deadline: Deadline) { self.deadline = deadline }

    func remove(_ path: String) -> CgroupError? {
        switch attempt(path) {
        case nil: return nil
        case .busy: break
        case let errno?: return .system("rmdir", path, errno)
        }
        do throws(CgroupError) {
            try removeSubgroups(path)
            return try removeWhenEmpty(path)
        } catch {
            return error
        }
    }

    /// - Returns: nil when the group is gone, or the kernel's answer.
    func attempt(_ path: String) -> Errno? {
        let errno = root.removeFolder(path)
        return errno == .noEntry ? nil : errno
    }

    private func removeSubgroups(_ path: String) throws(CgroupError) {
        let fd = root.openFolder(path)
        if fd < 0 {
            if Errno.current == .noEntry { return }
            throw .system("open", path)
        }
        let folder = FileDescriptor(owning: fd)
        for name in try CgroupDirectory(descriptor: folder.raw, path: path).subgroups() {
            if let failure = remove("\(path)/\(name)") { throw failure }
        }
    }

    private func removeWhenEmpty(_ path: String) throws(CgroupError) -> CgroupError? {
        var pause = 100  // microseconds
        while let errno = attempt(path) {
            if errno != .busy || deadline.isOver { return .system("rmdir", path, errno) }
            if try !waitUntilEmpty(path) {
                usleep(UInt32(pause))
                pause = min(pause * 2, 10_000)
            }
        }
        return nil
    }

    /// - Returns: false for a version 1 group, which does not tell, and for one that is empty already.
    private func waitUntilEmpty(_ path: String) throws(CgroupError) -> Bool {
        let fd = root.openFolder(path)
        if fd < 0 { return false }
        let folder = FileDescriptor(owning: fd)
        let group = CgroupDirectory(descriptor: folder.raw, path: path)
        guard try group.value("cgroup.events", "populated") == 1 else { return false }
        do throws(CgroupError) {
            _ = try CgroupEvents(group: group).wait(for: "populated", 0, until: deadline)
        } catch {
            // Somebody else has removed it between two of our calls.
            if group.isThere { throw error }
        }
        return true
    }
}
