import ContainerRuntime
import ContainerShim
import PodNetwork

extension Engine {
    /// Ends what is left of a container's last run and writes down that it has ended. The caller holds its lock.
    /// - Parameter isRemoved: its folder is about to go.
    func cleanUp(_ container: ContainerDefinition, isRemoved: Bool = false) throws {
        try ContainerCleanup.afterLostShim(
            container: try ContainerID(container.id), folder: layout.container(container.id),
            state: layout.runFolders.state,
            network: ContainerNetwork(attach: { _, _ in }, detach: { try ContainerLink.detach(folder: $0) }),
            log: Log(), isRemoved: isRemoved)
    }
}
