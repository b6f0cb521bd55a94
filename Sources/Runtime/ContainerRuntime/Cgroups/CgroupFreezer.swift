import CLinux
import Glibc
import LinuxKernel

extension ContainerCgroup {
    /// Stops every process of the container and waits until none runs.
    /// - Parameter milliseconds: after which the container is thawed again: a process can be in a call that
    ///   the kernel does not let go (NFS, say).
    public func freeze(within milliseconds: Int = 2000) throws(CgroupError) {
        let group = try requireUnified()
        try group.write("cgroup.freeze", "1")
        do throws(CgroupError) {
            try wait(for: "frozen", 1, doing: "freeze", within: milliseconds)
        } catch {
            try group.write("cgroup.freeze", "0")
            throw error
        }
    }

    /// Lets the processes go on.
    public func thaw(within milliseconds: Int = 2000) throws(CgroupError) {
        try requireUnified().write("cgroup.freeze", "0")
        try wait(for: "frozen", 0, doing: "thaw", within: milliseconds)
    }

    /// Whether the container's own group is to be frozen; its processes may still be on the way there.
    public func isFrozen() throws(CgroupError) -> Bool {
        guard exists else { return false }
        return try unified.number("cgroup.freeze") == 1
    }

    /// The same of the container that a record tells of; only the version 2 group is opened for it.
    public static func isFrozen(_ record: CgroupRecord) throws(CgroupError) -> Bool {
        try ContainerCgroup(record: CgroupRecord(unified: record.unified)).isFrozen()
    }

    /// Waits until no process is left in the container's group and those below.
    public func waitUntilEmpty(within milliseconds: Int) throws(CgroupError) {
        guard exists else { return }
        try wait(for: "populated", 0, doing: "wait for the processes of", within: milliseconds)
    }

    private func wait(
        for key: String, _ value: UInt64, doing: String, within milliseconds: Int
    ) throws(CgroupError) {
        let reached = try CgroupEvents(group: unified).wait(for: key, value, until: .after(milliseconds))
        if !reached { throw .timedOut(doing: doing, path: unifiedPath, milliseconds: milliseconds) }
    }
}

/// The file `cgroup.events` of a version 2 group, which the kernel signals changes of.
struct CgroupEvents: ~Copyable {
    private let file: FileDescriptor
    private let path: String

    init(group: CgroupDirectory) throws(CgroupError) {
        file = try group.open("cgroup.events", O_RDONLY)
        path = group.path
    }

    /// Waits until the line with `key` has `value`.
    /// - Returns: false when the time is over. A group that is removed meanwhile has every value.
    func wait(for key: String, _ value: UInt64, until deadline: Deadline) throws(CgroupError) -> Bool {
        while true {
            guard let now = try read(key), now != value else { return true }
            var watched = pollfd(fd: file.raw, events: Int16(POLLPRI), revents: 0)
            let ready = poll(&watched, 1, deadline.pollMilliseconds)
            if ready == 0 { return false }
            if ready < 0 && Errno.current != .interrupted { throw .system("poll", "\(path)/cgroup.events") }
        }
    }

    /// - Returns: nil when the group is gone.
    private func read(_ key: String) throws(CgroupError) -> UInt64? {
        // From the start, which also makes the kernel signal the next change.
        if lseek(file.raw, 0, SEEK_SET) != 0 { throw .system("seek", "\(path)/cgroup.events") }
        var found: UInt64?
        var errno: Errno?
        CgroupText.forEachValue(CgroupText.read(file.raw, &errno)) { word, value in
            if word.elementsEqual(key.utf8) { found = value }
        }
        if let errno, errno != .noDevice { throw .system("read", "\(path)/cgroup.events", errno) }
        return found
    }
}

/// A point of the monotonic clock.
struct Deadline {
    private let nanoseconds: Int

    static func after(_ milliseconds: Int) -> Deadline {
        Deadline(nanoseconds: now + milliseconds * 1_000_000)
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    var isOver: Bool { Self.now >= nanoseconds }

    /// What is left, rounded up, for poll(2).
    var pollMilliseconds: Int32 {
        Int32(clamping: max(0, (nanoseconds - Self.now + 999_999) / 1_000_000))
    }
}
