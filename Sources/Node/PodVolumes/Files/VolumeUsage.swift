import CLinux
import Glibc
import LinuxKernel

/// What a volume takes.
package struct VolumeUsage: Equatable, Sendable {
    /// Of blocks that are taken: holes count nothing, a file with several names counts once.
    package var bytes: Int64 = 0
    /// Files and folders, the volume's own folder among them.
    package var inodes: Int64 = 0
    /// Of the file system that the volume is on.
    package var capacityBytes: Int64 = 0
    package var availableBytes: Int64 = 0
    package var inodeCapacity: Int64 = 0
    package var inodesFree: Int64 = 0
    /// The sizeLimit of an emptyDir.
    package var limitBytes: Int64?
    /// In the machine's memory, and charged to the pod there.
    package var isInMemory = false

    package init() {}

    /// Past its limit: the pod is to be evicted.
    package var isOverLimit: Bool { limitBytes.map { bytes > $0 } ?? false }

    /// - Parameter ownsFileSystem: the file system holds nothing else, and its own numbers tell what is taken.
    static func measure(_ path: String, ownsFileSystem: Bool) throws(KernelError) -> VolumeUsage {
        let root = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var system = statfs()
        _ = try check("statfs", path) { fstatfs(root.raw, &system) }
        let block = Int64(system.f_frsize)
        var usage = VolumeUsage()
        usage.capacityBytes = Int64(clamping: system.f_blocks) * block
        usage.availableBytes = Int64(clamping: system.f_bavail) * block
        usage.inodeCapacity = Int64(clamping: system.f_files)
        usage.inodesFree = Int64(clamping: system.f_ffree)
        if ownsFileSystem {
            usage.bytes = (Int64(clamping: system.f_blocks) - Int64(clamping: system.f_bfree)) * block
            usage.inodes = usage.inodeCapacity - usage.inodesFree
            return usage
        }
        usage.bytes = Int64(try root.status().st_blocks) * 512
        usage.inodes = 1
        var linked: Set<ino_t> = []
        try TreeWalk.run(root, path: path) { folder, name throws(KernelError) in
            var status = stat()
            if fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 { return }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            if !isFolder, status.st_nlink > 1, !linked.insert(status.st_ino).inserted { return }
            usage.inodes += 1
            usage.bytes += Int64(status.st_blocks) * 512
        }
        return usage
    }
}
