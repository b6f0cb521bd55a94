import CLinux
import Glibc
import LinuxKernel

/// A null device that is nobody else's, in a file system of its own without a name.
///
/// crun gives a container's standard streams to its user; until 1.8 devices, too. What the host has at /dev/null then
/// belonged to whomever the last container runs as, who could take everybody's rights to it.
final class PrivateNull {
    private let file: FileDescriptor

    init() throws(KernelError) {
        let folder = try Mount.new(type: "tmpfs", source: "null")
        _ = try check("mknod", "null") {
            mknodat(folder.descriptor.raw, "null", S_IFCHR | 0o666, dev_t(clinux_makedev(1, 3)))
        }
        file = try folder.descriptor.openAt("null", O_RDWR)
        // Whatever the umask.
        _ = try check("chmod", "null") { fchmod(file.raw, 0o666) }
    }

    /// Who lacks the rights to make one has none to give the host's away either.
    /// - Throws: whatever else is in the way: nobody gets the host's instead.
    static func ifPermitted() throws(KernelError) -> PrivateNull? {
        do throws(KernelError) {
            return try PrivateNull()
        } catch {
            if [.notPermitted, .accessDenied].contains(error.errno) { return nil }
            throw error
        }
    }

    /// What a program gets for a stream: this device in the place of the host's.
    func instead(of stream: Int32) -> Int32 {
        var status = stat()
        guard fstat(stream, &status) == 0, status.st_mode & S_IFMT == S_IFCHR,
            status.st_rdev == dev_t(clinux_makedev(1, 3))
        else { return stream }
        return file.raw
    }
}
