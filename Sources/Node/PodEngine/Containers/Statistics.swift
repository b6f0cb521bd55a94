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

    /// As `statistics`, with limits, and what its processes have open.
    public func metrics(ofContainer id: String) throws -> GroupMetrics? {
        let entry = try registry.container(id)
        guard let process = try entry.live().process else { return nil }
        do {
            let layout = try CgroupLayout.detect()
            guard let record = try layout.groups(of: process.pid) else { return nil }
            let group = try ContainerCgroup(record: record)
            var metrics = GroupMetrics(
                statistics: try group.statistics(), settings: try group.settings(), unified: record.unified)
            // A runtime that makes no group of version 2 leaves it in the root, with all processes of the machine.
            let isAlone = record.unified != layout.unified
            metrics.processes = ProcessCounts(
                of: isAlone ? try group.processes() : [process.pid], first: process.pid)
            return metrics
        } catch {
            if try process.isAlive { throw error }
            return nil
        }
    }

    public func metrics(ofSandbox id: String) throws -> GroupMetrics? {
        try PodCgroup(parent: registry.sandbox(id).record.cgroupParent).metrics()
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

    /// Folder of a pod's group in the version 2 tree, whether or not it is there.
    public func unifiedGroup(ofSandbox id: String) throws -> String {
        try PodCgroup(parent: registry.sandbox(id).record.cgroupParent).unified()
    }

    /// What a container has written into its root file system: at most a minute old.
    public func written(byContainer id: String) throws -> TreeUsage? {
        let entry = try registry.container(id)
        guard let definition = try ContainerStore(layout.state).definition(entry.id) else { return nil }
        return try Engine(layout.state).layerUsage(of: definition)
    }

    /// What a container's log has lost until a moment ago.
    public func logLoss(ofContainer id: String) throws -> LogLoss {
        let entry = try registry.container(id)
        let live = try entry.live()
        // Nobody tells of this: a disk that is full would make each line an event.
        if live.phase == .running, let found = try LiveStatus.found(in: entry.folder), !found.isDamaged {
            return LogLoss(found)
        }
        return LogLoss(live)
    }

    /// What went through a pod's devices; nothing in the host's network, and where its network cannot be entered, since
    /// somebody has taken it away: that is said once.
    public func traffic(ofSandbox id: String) throws -> [DeviceCounters] {
        let entry = try registry.sandbox(id)
        guard let namespace = entry.record.namespaces.network else { return [] }
        do throws(KernelError) {
            let counters = try DeviceCounters.all(in: namespace)
            entry.state.withLock { $0.hasToldOfNetwork = false }
            return counters
        } catch {
            let isTold = entry.state.withLock { state in
                defer { state.hasToldOfNetwork = true }
                return state.hasToldOfNetwork
            }
            if !isTold {
                logger.warning(
                    "the network of a sandbox cannot be looked at",
                    metadata: ["pod": "\(entry.id)", "error": "\(error)"])
            }
            return []
        }
    }

    /// The file system that holds what containers write.
    public var containerFolder: String { layout.state.containers }
}
