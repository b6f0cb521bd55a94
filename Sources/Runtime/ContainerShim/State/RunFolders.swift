import Glibc
import LinuxKernel

/// Where things are in the run folder of a namespace, `/run/swiftlet/default`. It is empty after a reboot.
public struct RunFolders: Equatable, Sendable {
    public let state: String

    public init(state: String) {
        self.state = state
    }

    /// The folder of one shim, with its socket; it bears the name of its container or pod. For a container that a
    /// pod's shim supervises it is a link to that one's.
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

    /// Removes the folder of a shim with what the shim puts there. Of a container that a pod's shim supervises, the
    /// link.
    func removeShim(_ name: String) {
        if Glibc.unlink(shim(name)) == 0 { return }
        Glibc.unlink("\(shim(name))/\(ShimProtocol.socketName)")
        rmdir(containers(of: name))
        rmdir(shim(name))
    }

    // MARK: Pods

    /// A link for each container of a pod, to the container's folder: what is to be cleaned up for a lost shim.
    private func containers(of pod: String) -> String { "\(shim(pod))/containers" }

    /// Lets the pod's shim be found by a container's id.
    func link(_ container: String, folder: String, to pod: String) throws(KernelError) {
        if mkdir(containers(of: pod), 0o700) != 0, Errno.current != .exists {
            throw KernelError("mkdir", containers(of: pod))
        }
        try replaceLink("\(containers(of: pod))/\(container)", folder)
        try replaceLink(shim(container), pod)
    }

    private func replaceLink(_ path: String, _ target: String) throws(KernelError) {
        if symlink(target, path) == 0 { return }
        guard Errno.current == .exists else { throw KernelError("link", path) }
        // Of a shim that is lost; a folder is one's own, and stays.
        if Glibc.unlink(path) != 0 || symlink(target, path) != 0 { throw KernelError("link", path) }
    }

    func unlink(_ container: String, from pod: String) {
        if let target = linkTarget(shim(container)), target == pod { Glibc.unlink(shim(container)) }
        Glibc.unlink("\(containers(of: pod))/\(container)")
    }

    /// The containers of a pod that its shim has linked, with their folders.
    package func linked(to pod: String) throws(KernelError) -> [(container: String, folder: String)] {
        let names: [FolderEntry]
        do throws(KernelError) {
            names = try FileDescriptor.listing(of: containers(of: pod))
        } catch {
            if error.errno == .noEntry { return [] }
            throw error
        }
        return names.compactMap { entry in
            linkTarget("\(containers(of: pod))/\(entry.name)").map { (entry.name, $0) }
        }
    }

    /// The pod whose shim has a container.
    package func pod(of container: String) -> String? { linkTarget(shim(container)) }

    private func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let count = readlink(path, buffer.baseAddress!, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(decoding: UnsafeRawBufferPointer(buffer)[..<count], as: UTF8.self)
        }
    }
}
