import CLinux
import Glibc

/// A limit on what a few folders of a file system may hold: project quotas of ext4 and XFS (quotactl(2),
/// FS_IOC_FSSETXATTR in ioctl_xfs_fsgetxattr(2)). What is made in such a folder belongs to its project.
public struct ProjectQuota: Equatable, Sendable {
    /// The project's number on its file system.
    public var project: UInt32

    public init(project: UInt32) {
        self.project = project
    }

    /// What a project has.
    public struct Usage: Equatable, Sendable {
        /// Bytes of the blocks that are taken.
        public var bytes: Int64
        public var files: Int64
        /// Bytes; 0 for no limit.
        public var limit: Int64
    }

    /// Whether limits of projects count on the file system of `folder` (Q_XGETQSTAT): some only count.
    public static func isEnforced(at folder: borrowing FileDescriptor) -> Bool {
        // struct fs_quota_stat of linux/dqblk_xfs.h: a version, then flags.
        var state = [UInt64](repeating: 0, count: 16)
        guard (try? call(folder, 0x5805, id: 0, &state)) != nil else { return false }
        let enforcesProjects: UInt64 = 1 << 5
        return (state[0] >> 16) & enforcesProjects != 0
    }

    /// Gives a folder that is empty to the project.
    public func take(_ folder: borrowing FileDescriptor, name: String) throws(KernelError) {
        // struct fsxattr of linux/fs.h: flags first, the project fourth of its seven words.
        var attributes = [UInt32](repeating: 0, count: 7)
        _ = try check("read project of", name) { clinux_ioctl(folder.raw, 0x801C_581F, &attributes) }
        let inheritsProject: UInt32 = 0x200
        attributes[0] |= inheritsProject
        attributes[3] = project
        _ = try check("set project of", name) { clinux_ioctl(folder.raw, 0x401C_5820, &attributes) }
    }

    /// - Parameters:
    ///   - bytes: 0 for no limit; rounded down to whole KiB.
    ///   - folder: any of the file system.
    public func limit(to bytes: Int64, at folder: borrowing FileDescriptor) throws(KernelError) {
        var quota = [UInt64](repeating: 0, count: 9)
        quota[0] = UInt64(bytes) / 1024
        quota[1] = quota[0]
        quota[8] = 1  // QIF_BLIMITS: of all numbers only these count.
        try Self.call(folder, 0x80_0008, id: project, &quota)
    }

    /// - Parameter folder: any of the file system.
    public func usage(at folder: borrowing FileDescriptor) throws(KernelError) -> Usage {
        // struct if_dqblk of linux/quota.h.
        var quota = [UInt64](repeating: 0, count: 9)
        try Self.call(folder, 0x80_0007, id: project, &quota)
        return Usage(bytes: Int64(quota[2]), files: Int64(quota[5]), limit: Int64(quota[0]) * 1024)
    }

    /// quotactl_fd(2), since Linux 5.14.
    private static func call(
        _ folder: borrowing FileDescriptor, _ command: Int, id: UInt32, _ data: inout [UInt64]
    ) throws(KernelError) {
        let projects = 2
        let number = folder.raw
        let failed = data.withUnsafeMutableBytes {
            clinux_syscall(
                443, Int(number), command << 8 | projects, Int(id), Int(bitPattern: $0.baseAddress), 0, 0) < 0
        }
        if failed { throw KernelError("quotactl", "project \(id)") }
    }
}
