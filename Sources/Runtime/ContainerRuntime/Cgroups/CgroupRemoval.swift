import CLinux
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
    /// - Parameter milliseconds: to wait for processes that were killed and have not ended yet.
    /// - Throws: EBUSY as `kernel` when processes are left then. The other groups are removed nevertheless.
    public static func delete(_ record: CgroupRecord, within milliseconds: Int = 1000) throws(CgroupError) {
        try record.scope?.stop()
        // The version 2 group first: it tells when the last process has ended, which holds for all.
        let deadline = Deadline.after(milliseconds)
        var failure = remove(record.unified, deadline)
        for (_, path) in record.legacy {
            let next = remove(path, deadline)
            if failure == nil { failure = next }
        }
        if let failure { throw failure }
    }

    private static func remove(_ path: String, _ deadline: Deadline) -> CgroupError? {
        switch tryRemove(path) {
        case nil: return nil
        case .busy: break
        case let errno?: return .system("rmdir", path, errno)
        }
        do throws(CgroupError) {
            try removeSubgroups(path, deadline)
            return try removeWhenEmpty(path, deadline)
        } catch {
            return error
        }
    }

    /// - Returns: nil when the group is gone, or the kernel's answer.
    private static func tryRemove(_ path: String) -> Errno? {
        if rmdir(path) == 0 { return nil }
        let errno = Errno.current
        return errno == .noEntry ? nil : errno
    }

    private static func removeSubgroups(_ path: String, _ deadline: Deadline) throws(CgroupError) {
        let fd = clinux_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
        if fd < 0 {
            if Errno.current == .noEntry { return }
            throw .system("open", path)
        }
        let folder = FileDescriptor(owning: fd)
        for name in try CgroupDirectory(descriptor: folder.raw, path: path).subgroups() {
            if let failure = remove("\(path)/\(name)", deadline) { throw failure }
        }
    }

    private static func removeWhenEmpty(_ path: String, _ deadline: Deadline) throws(CgroupError)
        -> CgroupError?
    {
        var pause = 100  // microseconds
        while let errno = tryRemove(path) {
            if errno != .busy || deadline.isOver { return .system("rmdir", path, errno) }
            if try !waitUntilEmpty(path, deadline) {
                usleep(UInt32(pause))
                pause = min(pause * 2, 10_000)
            }
        }
        return nil
    }

    /// - Returns: false for a version 1 group, which does not tell, and for one that is empty already.
    private static func waitUntilEmpty(_ path: String, _ deadline: Deadline) throws(CgroupError) -> Bool {
        let fd = clinux_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
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
