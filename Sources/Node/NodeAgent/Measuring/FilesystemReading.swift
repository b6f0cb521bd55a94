import Glibc
import KubernetesAPI
import LinuxKernel

/// How full a file system is.
struct FilesystemReading: Sendable, Equatable {
    var device: dev_t
    /// Bytes. What is available is what users without privileges can have.
    var capacity: Int64
    var available: Int64
    /// 0 where the file system sets no number.
    var inodes: Int64
    var inodesFree: Int64

    /// - Parameter path: anything in it.
    init(_ path: String) throws(KernelError) {
        var system = statvfs()
        _ = try check("statvfs", path) { statvfs(path, &system) }
        var status = stat()
        _ = try check("stat", path) { stat(path, &status) }
        device = status.st_dev
        let block = Int64(clamping: system.f_frsize)
        capacity = Int64(clamping: system.f_blocks) * block
        available = Int64(clamping: system.f_bavail) * block
        inodes = Int64(clamping: system.f_files)
        inodesFree = Int64(clamping: system.f_favail)
    }

    var bytes: NodeReading.Amount { .init(capacity: capacity, available: available) }

    /// Nil where the number of files is not limited, as on Btrfs.
    var files: NodeReading.Amount? {
        inodes > 0 ? .init(capacity: inodes, available: inodesFree) : nil
    }

    /// - Parameters:
    ///   - used: of what is asked about; nil: all that is used.
    func stats(used: Int64? = nil, inodesUsed: Int64? = nil) -> FsStats {
        FsStats(
            time: .now, availableBytes: UInt64(clamping: available),
            capacityBytes: UInt64(clamping: capacity),
            usedBytes: UInt64(clamping: used ?? capacity - available),
            inodesFree: UInt64(clamping: inodesFree), inodes: UInt64(clamping: inodes),
            inodesUsed: UInt64(clamping: inodesUsed ?? inodes - inodesFree))
    }
}
