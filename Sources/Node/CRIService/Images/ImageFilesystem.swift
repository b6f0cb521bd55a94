import CRIProtocol
import ContainerShim
import Glibc
import LinuxKernel

/// File systems as the CRI tells of them.
enum ImageFilesystem {
    /// - Parameter path: a folder in it.
    static func usage(of path: String, bytes: Int64, inodes: Int64) throws -> CRIFilesystemUsage {
        var usage = CRIFilesystemUsage()
        usage.timestamp = Timestamp.now.nanosecondsSince1970
        usage.fsID.mountpoint = try mountPoint(of: path)
        usage.usedBytes.value = UInt64(max(0, bytes))
        usage.inodesUsed.value = UInt64(max(0, inodes))
        return usage
    }

    /// The folder that the file system with `path` is mounted at: the last one on the way up with the same device. The
    /// kubelet takes two places with one mount point for one disk.
    static func mountPoint(of path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw KernelError("resolve", path) }
        defer { free(resolved) }
        var place = String(cString: resolved)
        let device = try device(of: place)
        while place != "/" {
            let (parent, _) = place.splitAtLastComponent
            let above = parent.isEmpty ? "/" : String(parent)
            if try self.device(of: above) != device { break }
            place = above
        }
        return place
    }

    private static func device(of path: String) throws(KernelError) -> dev_t {
        var status = stat()
        _ = try check("stat", path) { stat(path, &status) }
        return status.st_dev
    }
}
