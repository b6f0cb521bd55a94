import ContainerShim
import ImageStore
import OCISpec

extension Engine {
    /// What the containers of all namespaces need of the image store, for whoever removes images.
    public func imageUses() throws -> [ContainerUse] {
        try layout.allNamespaces().flatMap { try Engine($0, trace: trace).ownImageUses() }
    }

    private func ownImageUses() throws -> [ContainerUse] {
        try store.all().flatMap { container in
            let isRunning = [.running, .paused, .restarting].contains(try status(of: container).phase)
            let own = ContainerDefinition.VolumeImage(
                imageID: container.imageID, imageChain: container.imageChain)
            return try ([own] + container.volumeImages).map { image in
                ContainerUse(
                    container: container.name, image: try Digest(image.imageID),
                    topChain: try image.imageChain.map { ChainID(try Digest($0)) }, isRunning: isRunning)
            }
        }
    }

    /// A connection to the shim of a container that runs or is about to; nil else.
    public func shimIfRunning(of container: ContainerDefinition) throws -> ShimClient? {
        let status = try status(of: container)
        guard [.running, .paused, .restarting].contains(status.phase) else { return nil }
        return try shim(of: container)
    }
}
