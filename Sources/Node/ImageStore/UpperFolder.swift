import Glibc
import LinuxKernel

extension RootFilesystem {
    /// Makes the folder for a container's changes. It gets the metadata of the image's root folder, since it
    /// is the one that the container sees as `/`.
    public func makeUpper(at path: String) throws {
        if mkdir(path, 0o700) != 0 { throw KernelError("make folder", path) }
        let lower = try FileDescriptor.open(lowerDirectories[0], O_RDONLY | O_DIRECTORY)
        let upper = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        let status = try lower.status()
        // The empty folder below an image without layers is the store's own, closed to others.
        let mode = topChain == nil ? 0o755 : status.st_mode & 0o7777
        if fchown(upper.raw, status.st_uid, status.st_gid) != 0 { throw KernelError("chown", path) }
        let attributes = try FileAttributes(of: lower, name: .root).read()
        _ = try FileAttributes(of: upper, name: .root).write(attributes)
        if fchmod(upper.raw, mode) != 0 { throw KernelError("chmod", path) }
        let times = [status.st_atim, status.st_mtim]
        if futimens(upper.raw, times) != 0 { throw KernelError("set times of", path) }
    }
}
