import ContainerCLI
import ContainerRuntime
import ContainerShim
import LinuxKernel
import PodNetwork

// What pods and containers use. All of it blocks for a moment.
extension PodEngine {
    /// Of a container that runs; nil for another.
    public func statistics(ofContainer id: String) throws -> CgroupStatistics? {
        let entry = try registry.container(id)
        guard let process = try entry.live().process else { return nil }
        do {
            // Whichever runtime has made them.
            guard let groups = try CgroupLayout.detect().groups(of: process.pid) else { return nil }
            return try ContainerCgroup(record: groups).statistics()
        } catch {
            // It has ended meanwhile, or something is wrong.
            if try process.isAlive { throw error }
            return nil
        }
    }

    /// Folder of a container's group in the version 2 tree; nil for one that does not run.
    public func unifiedGroup(ofContainer id: String) throws -> String? {
        let entry = try registry.container(id)
        guard let process = try entry.live().process else { return nil }
        return try CgroupLayout.detect().groups(of: process.pid)?.unified
    }

    /// Of all that a pod has in its group; nil where it has none.
    public func statistics(ofSandbox id: String) throws -> CgroupStatistics? {
        try PodCgroup(parent: registry.sandbox(id).record.cgroupParent).statistics()
    }

    /// What a container has written into its root file system: at most a minute old.
    public func written(byContainer id: String) throws -> TreeUsage? {
        let entry = try registry.container(id)
        guard let definition = try ContainerDefinition.read(in: entry.folder) else { return nil }
        return try Engine(layout.state).layerUsage(of: definition)
    }

    /// What a container's log has lost until a moment ago.
    public func logLoss(ofContainer id: String) throws -> LogLoss {
        let entry = try registry.container(id)
        let live = try entry.live()
        // Nobody tells of this: a disk that is full would make each line an event.
        if live.phase == .running, let written = try LiveStatus.written(in: entry.folder) {
            return LogLoss(written)
        }
        return LogLoss(live)
    }

    /// What went through a pod's devices; nothing in the host's network.
    public func traffic(ofSandbox id: String) throws -> [DeviceCounters] {
        guard let namespace = try registry.sandbox(id).record.namespaces.network else { return [] }
        return try DeviceCounters.all(in: namespace)
    }

    /// The file system that holds what containers write.
    public var containerFolder: String { layout.state.containers }
}
