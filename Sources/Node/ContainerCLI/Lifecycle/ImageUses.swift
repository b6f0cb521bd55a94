import ContainerShim
import ImageStore
import OCISpec

extension Engine {
    /// What the containers of all namespaces need of the image store, for whoever removes images.
    public func imageUses() throws -> [ContainerUse] {
        try layout.allNamespaces().flatMap { try Engine($0, trace: trace).ownImageUses() }
    }

    private func ownImageUses() throws -> [ContainerUse] {
        try store.all().map { container in
            let status = try status(of: container)
            return ContainerUse(
                container: container.name, image: try Digest(container.imageID),
                topChain: try container.imageChain.map { ChainID(try Digest($0)) },
                isRunning: [.running, .paused, .restarting].contains(status.phase))
        }
    }

    /// A connection to the shim of a container that runs or is about to; nil else.
    public func shimIfRunning(of container: ContainerDefinition) throws -> ShimClient? {
        let status = try status(of: container)
        guard [.running, .paused, .restarting].contains(status.phase) else { return nil }
        return try shim(of: container)
    }
}
