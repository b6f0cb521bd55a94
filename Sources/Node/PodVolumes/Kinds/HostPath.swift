import Glibc
import KubernetesAPI
import LinuxKernel

/// A file or folder of the node's. Never owned, never removed.
struct HostPath: Equatable, Sendable {
    var path: String
    var type: HostPathType

    init(_ source: HostPathVolumeSource) throws(VolumeFailure) {
        path = source.path
        type = source.type ?? .unset
        if path.leadsUp { throw VolumeFailure("invalid HostPath `\(path)`: must not contain '..'") }
        if !path.hasPrefix("/") || path.utf8.contains(0) {
            throw VolumeFailure("invalid HostPath `\(path)`: must be an absolute path")
        }
    }

    /// Looks whether there is what the type asks for, and makes it where it asks for that.
    func setUp() throws {
        switch type {
        case .unset: break
        case .directoryOrCreate:
            guard let found = try find() else {
                try Folders.make(path, mode: 0o755)
                break
            }
            try expect(found, S_IFDIR, "a directory")
        case .directory: try expect(try find(), S_IFDIR, "a directory")
        case .fileOrCreate:
            guard let found = try find() else {
                // Its folder has to be there, as for the kubelet.
                _ = try FileDescriptor.open(path, O_CREAT | O_WRONLY | O_NOFOLLOW, mode: 0o644)
                break
            }
            try expect(found, S_IFREG, "a file")
        case .file: try expect(try find(), S_IFREG, "a file")
        case .socket: try expect(try find(), S_IFSOCK, "a socket file")
        case .charDevice: try expect(try find(), S_IFCHR, "a character device")
        case .blockDevice: try expect(try find(), S_IFBLK, "a block device")
        default: throw VolumeFailure("\(type) is an invalid volume type")
        }
    }

    /// The type bits of what is there, links followed; nil where nothing is.
    private func find() throws -> mode_t? {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT }
        let errno = Errno.current
        if errno == .noEntry || errno == .notDirectory { return nil }
        throw KernelError("stat", path, errno)
    }

    private func expect(_ found: mode_t?, _ wanted: mode_t, _ noun: String) throws(VolumeFailure) {
        if found != wanted { throw VolumeFailure("hostPath type check failed: \(path) is not \(noun)") }
    }
}
