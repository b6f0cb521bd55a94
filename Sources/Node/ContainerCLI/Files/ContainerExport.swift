import ContainerShim
import Glibc
import LinuxKernel

extension Engine {
    /// Writes a container's root file system, running or not, as a tar archive, without what is mounted in it. Owners
    /// are those that the container sees.
    /// - Parameter descriptor: stays the caller's.
    public func export(_ container: ContainerDefinition, to descriptor: Int32) throws {
        let ids = container.userMaps.map { maps in
            TarOutput.LayerForm(
                user: { maps.container(uid: $0) ?? $0 }, group: { maps.container(gid: $0) ?? $0 })
        }
        OpenFiles.allowMany()
        try withRootFilesystem(of: container) { root in
            let archive = try TarOutput(descriptor, layer: ids)
            try archive.addContents(of: root)
            try archive.finish()
        }
    }

    /// Calls `body` with the root file system as it is mounted for a running container, or just for this.
    private func withRootFilesystem(
        of container: ContainerDefinition, _ body: (borrowing FileDescriptor) throws -> Void
    ) throws {
        let folder = layout.container(container.id)
        let supervision = try Supervision.read(in: folder)
        let status = try status(of: container)
        if let rootfs = supervision.rootfs, let process = status.process, try process.isAlive {
            // Held, it stays to the end of this even if the container does not.
            let root = try FileDescriptor.open(rootfs.target, O_PATH | O_DIRECTORY)
            guard try rootfs.isMounted else {
                throw UsageError("container \(container.name) has just ended")
            }
            return try body(root)
        }
        let lock = try waitForLock(of: container.name, in: folder)
        try withMountedRoot(of: container.name, supervision, body)
        _ = consume lock
    }
}
