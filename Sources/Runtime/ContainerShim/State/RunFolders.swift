import Glibc
import LinuxKernel

/// Where things are in the run folder of a namespace, `/run/swiftlet/default`. It is empty after a reboot.
public struct RunFolders: Equatable, Sendable {
    public let state: String

    public init(state: String) {
        self.state = state
    }

    /// The folder of one shim, with its socket; it bears the name of its container.
    public func shim(_ name: String) -> String { "\(state)/\(name)" }

    /// The runtime's root, shared by all so that they share its cache of seccomp filters.
    public var runtime: String { "\(state)/oci" }

    /// Makes the folder of a shim, and those above it, for root only.
    func makeShim(_ name: String) throws(KernelError) -> FileDescriptor {
        var walked = ""
        for component in shim(name).split(separator: "/") {
            walked += "/" + component
            // Those below the system's own run folder are ours.
            if mkdir(walked, walked == "/run" ? 0o755 : 0o700) != 0, Errno.current != .exists {
                throw KernelError("mkdir", walked)
            }
        }
        return try FileDescriptor.open(shim(name), O_RDONLY | O_DIRECTORY)
    }

    /// Removes the folder of a shim with what the shim puts there.
    func removeShim(_ name: String) {
        unlink("\(shim(name))/\(ShimProtocol.socketName)")
        rmdir(shim(name))
    }
}
