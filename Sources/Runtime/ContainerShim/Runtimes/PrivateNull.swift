import Glibc
import LinuxKernel

/// A null device that is nobody else's.
///
/// crun gives a container's standard streams to its user; until 1.8 devices, too. What the host has at /dev/null then
/// belonged to whomever the last container runs as, who could take everybody's rights to it.
final class PrivateNull {
    private let file: FileDescriptor

    init() throws(KernelError) {
        file = try NullDevice.makePrivate()
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
        guard fstat(stream, &status) == 0, NullDevice.isOne(status) else { return stream }
        return file.raw
    }
}
