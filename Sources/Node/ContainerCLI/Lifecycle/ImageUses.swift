import ContainerShim
import ImageStore
import LinuxKernel
import OCISpec

extension Engine {
    /// What the containers of all namespaces need of the image store, for whoever removes images.
    public func imageUses() throws -> [ContainerUse] {
        try layout.allNamespaces().flatMap { try Engine($0, trace: trace).ownImageUses() }
    }

    private func ownImageUses() throws -> [ContainerUse] {
        try store.all().flatMap { container throws -> [ContainerUse] in
            let isRunning = [.running, .paused, .restarting].contains(try status(of: container).phase)
            if container.isDamaged {
                // What has ended needs nothing any more; what runs would lose its files.
                return isRunning ? [try use(ofDamaged: container)] : []
            }
            let own = ContainerDefinition.VolumeImage(
                imageID: container.imageID, imageChain: container.imageChain)
            return try ([own] + container.volumeImages).map { image in
                ContainerUse(
                    container: container.name, image: try Digest(image.imageID),
                    topChain: try image.imageChain.map { ChainID(try Digest($0)) }, isRunning: isRunning)
            }
        }
    }

    /// What a running container needs whose definition cannot be read: its shim was told the layers of its root. Images
    /// that it has mounted are named by the definition alone, and the kernel's table of mounts names their layers only
    /// where they are not mapped and not many; so where there are some, no image may go.
    private func use(ofDamaged container: ContainerDefinition) throws -> ContainerUse {
        let folder = layout.container(container.id)
        do {
            if try folderEntries(folder + "/images").isEmpty,
                let root = try Supervision.read(in: folder).rootfs
            {
                return ContainerUse(container: container.name, layers: root.lower, isRunning: true)
            }
        } catch is StateFileError {
        } catch let error as KernelError where error.errno == .noEntry {
        }
        throw UsageError(
            "\(folder)/\(ContainerDefinition.fileName) is damaged: which images the running container \(container.name) needs is unknown. Remove the container first"
        )
    }

    /// A connection to the shim of a container that runs or is about to; nil else.
    public func shimIfRunning(of container: ContainerDefinition) throws -> ShimClient? {
        let status = try status(of: container)
        guard [.running, .paused, .restarting].contains(status.phase) else { return nil }
        return try shim(of: container)
    }
}
