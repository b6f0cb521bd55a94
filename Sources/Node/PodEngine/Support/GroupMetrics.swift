import ContainerRuntime
import Glibc
import LinuxKernel

/// What the processes of a container or a pod use, and what they may.
public struct GroupMetrics: Sendable {
    public var statistics: CgroupStatistics
    public var settings: CgroupSettings
    /// Folder of the group in the version 2 tree.
    public var unified: String
    /// nil for a pod, which is the sum of its containers.
    public var processes: ProcessCounts?
}

/// What some processes have open. It costs a system call for each descriptor, so that nobody who has very many makes
/// everybody wait.
public struct ProcessCounts: Equatable, Sendable {
    public var processes: UInt64 = 0
    public var descriptors: UInt64 = 0
    /// Among the descriptors; nil where those were too many to look at each.
    public var sockets: UInt64?
    /// The soft limit of open files of the first process (RLIMIT_NOFILE); nil when it has ended.
    public var openFilesLimit: UInt64?

    /// Most descriptors that are looked at.
    private static let most: UInt64 = 16_384

    /// Nothing: what a sum begins with.
    public init() { sockets = 0 }

    /// Processes that have ended meanwhile count nothing.
    package init(of pids: [Int32], first: Int32) {
        var sockets: UInt64 = 0
        for pid in pids {
            guard let folder = opendir("/proc/\(pid)/fd") else { continue }
            defer { closedir(folder) }
            processes += 1
            while let entry = readdir(folder) {
                // `.` and `..`
                if entry.pointee.d_name.0 == 0x2e { continue }
                descriptors += 1
                if descriptors <= Self.most, Self.isSocket(entry, dirfd(folder)) { sockets += 1 }
            }
        }
        self.sockets = descriptors <= Self.most ? sockets : nil
        openFilesLimit = Self.openFilesLimit(of: first)
    }

    /// Links to sockets read `socket:[inode]` (proc_pid_fd(5)).
    private static func isSocket(_ entry: UnsafeMutablePointer<dirent>, _ folder: Int32) -> Bool {
        withUnsafeBytes(of: &entry.pointee.d_name) { name in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8) { target in
                let path = name.baseAddress!.assumingMemoryBound(to: CChar.self)
                guard readlinkat(folder, path, target.baseAddress!, 8) >= 7 else { return false }
                return memcmp(target.baseAddress!, "socket:", 7) == 0
            }
        }
    }

    private static func openFilesLimit(of pid: Int32) -> UInt64? {
        guard let text = try? FileDescriptor.readFile("/proc/\(pid)/limits") else { return nil }
        // Max open files            1024                 1048576              files
        let title = "Max open files"
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: title.utf8) {
            let words = line.dropFirst(title.utf8.count).split(separator: UInt8(ascii: " "))
            return words.first.flatMap { UInt64(String(decoding: $0, as: UTF8.self)) }
        }
        return nil
    }

    public static func + (one: ProcessCounts, other: ProcessCounts) -> ProcessCounts {
        var sum = one
        sum.openFilesLimit = nil
        sum.processes = one.processes + other.processes
        sum.descriptors = one.descriptors + other.descriptors
        sum.sockets = one.sockets.flatMap { first in other.sockets.map { first + $0 } }
        return sum
    }
}
