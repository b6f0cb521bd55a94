import CLinux
import Glibc
import LinuxKernel

/// Tells when the kernel ran out of the container's memory.
public struct CgroupOOMWatch: ~Copyable {
    /// What to wait for, with epoll or poll; see `events`. Open as long as this value lives.
    public var descriptor: Int32 { notifier.raw }
    /// Readiness that means "look": EPOLLPRI for version 2's `memory.events`, EPOLLIN for version 1's eventfd.
    public let events: Epoll.Events

    private let notifier: FileDescriptor
    /// Version 1: `memory.oom_control`, which the kernel wants open as long as the eventfd.
    private let control: FileDescriptor?

    init(unified file: consuming FileDescriptor) {
        notifier = file
        control = nil
        events = .priority
    }

    init(eventfd: consuming FileDescriptor, control: consuming FileDescriptor) {
        notifier = eventfd
        self.control = consume control
        events = .readable
    }

    /// Takes note of an event, so that the descriptor is ready again only at the next one.
    ///
    /// - Returns: how many of the container's processes were killed for memory so far; nil when its group is
    ///   gone. Version 1 signals before it kills, and when the group is removed: the count may not have grown
    ///   yet, and has to be read again when the process has ended.
    public func killCount() throws(KernelError) -> UInt64? {
        _ = takeSignal()
        return try count()
    }

    /// Takes note of an event, as `killCount` does, for who tells of each as it comes. Version 1's signals are told
    /// themselves, as by runc: none need follow by which the kill would be seen.
    ///
    /// - Parameter kills: the count that was told of so far.
    /// - Returns: how many times to tell of it.
    func news(since kills: inout UInt64) throws(KernelError) -> UInt64 {
        let isSignalled = takeSignal()
        // The group's end signals, too.
        guard let now = try count() else { return 0 }
        defer { kills = max(kills, now) }
        switch control {
        case .none: return max(kills, now) - kills
        case .some: return isSignalled ? 1 : 0
        }
    }

    /// - Returns: whether there was one; always false for version 2, which has none to take.
    private func takeSignal() -> Bool {
        switch control {
        case .none: return false
        case .some:
            // Non-blocking; nothing there is no error.
            var count: UInt64 = 0
            return Glibc.read(notifier.raw, &count, 8) == 8
        }
    }

    private func count() throws(KernelError) -> UInt64? {
        do throws(KernelError) {
            switch control {
            case .none: return try Self.count(notifier)
            case .some(let control): return try Self.count(control)
            }
        } catch {
            if error.errno == .noDevice { return nil }
            throw error
        }
    }

    private static func count(_ file: borrowing FileDescriptor) throws(KernelError) -> UInt64 {
        _ = try check("seek", "memory events") { lseek(file.raw, 0, SEEK_SET) }
        var kills: UInt64 = 0
        var errno: Errno?
        CgroupText.forEachValue(CgroupText.read(file.raw, &errno)) { word, value in
            if word.elementsEqual("oom_kill".utf8) { kills = value }
        }
        if let errno { throw KernelError("read", "memory events", errno) }
        return kills
    }
}

extension ContainerCgroup {
    /// A look at the group above, which counts what is killed in all groups below it, also in those that are gone by now
    /// (cgroups of version 2).
    /// - Returns: nil for version 1, and for a group right below the root.
    public func watchParentOOM() throws(CgroupError) -> CgroupOOMWatch? {
        if legacyDirectory(.memory) != nil { return nil }
        let file = clinux_openat(
            try requireUnified().descriptor, "../memory.events", O_RDONLY | O_CLOEXEC, 0)
        if file >= 0 { return CgroupOOMWatch(unified: FileDescriptor(owning: file)) }
        if Errno.current == .noEntry { return nil }
        throw .system("open", "\(unifiedPath)/../memory.events")
    }

    /// Begins to watch.
    /// - Returns: nil when nothing counts this container's memory.
    public func watchOOM() throws(CgroupError) -> CgroupOOMWatch? {
        guard let directory = legacyDirectory(.memory) else {
            let file = clinux_openat(
                try requireUnified().descriptor, "memory.events", O_RDONLY | O_CLOEXEC, 0)
            if file >= 0 { return CgroupOOMWatch(unified: FileDescriptor(owning: file)) }
            if Errno.current == .noEntry { return nil }
            throw .system("open", "\(unifiedPath)/memory.events")
        }
        let control = try directory.open("memory.oom_control", O_RDONLY)
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if number < 0 { throw .system("eventfd", "") }
        let notifier = FileDescriptor(owning: number)
        try directory.write("cgroup.event_control", "\(notifier.raw) \(control.raw)")
        return CgroupOOMWatch(eventfd: notifier, control: control)
    }

    /// How many of the container's processes were killed for memory so far; 0 when nothing counts.
    public func oomKillCount() throws(CgroupError) -> UInt64 {
        if let directory = legacyDirectory(.memory) {
            return try directory.value("memory.oom_control", "oom_kill") ?? 0
        }
        return exists ? try unified.value("memory.events", "oom_kill") ?? 0 : 0
    }
}
