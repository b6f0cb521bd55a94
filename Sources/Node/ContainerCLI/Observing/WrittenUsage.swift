import ContainerShim
import Glibc
import LinuxKernel

// What containers and volumes take on the disk.
//
// Nothing counts while a container writes. A number is taken by a walk when it is asked for, and holds, without another
// walk, until somebody may have changed what it counts: a container that does not run, and the volumes that no running
// one has, are walked once after each of their runs; those of running ones at most once a minute.

extension Engine {
    /// What a container has written into its root file system. Nil when it is gone by now.
    public func layerUsage(of container: ContainerDefinition) throws -> TreeUsage? {
        let folder = layout.container(container.id)
        if let storage = container.storage { return try storage.usage(at: layout.containers) }
        return try usage(
            of: folder + "/upper", recordedIn: folder, users: [(container.id, try status(of: container))])
    }

    /// What a volume holds. Nil when it is gone by now.
    /// - Parameter containers: all there are.
    public func volumeUsage(
        of volume: VolumeStore.Volume, containers: [ContainerDefinition]
    ) throws -> TreeUsage? {
        let users = try containers.filter { $0.uses(volume: volume.name) }.map {
            ($0.id, try status(of: $0))
        }
        return try usage(of: volume.path, recordedIn: volumes.folder + "/" + volume.name, users: users)
    }

    private func usage(
        of tree: String, recordedIn folder: String, users: [(id: String, status: LiveStatus)]
    ) throws -> TreeUsage? {
        let now = Timestamp.now
        let isWritten = users.contains { $0.status.writes }
        if let recorded = RecordedUsage.read(in: folder), recorded.measured <= now {
            let isRecent = now.wholeSeconds(since: recorded.measured) < RecordedUsage.patience
            let isTrue =
                isWritten
                ? isRecent
                : recorded.isSettled && users.allSatisfy { $0.status.lastChange < recorded.measured }
                    && recorded.users.allSatisfy { id in users.contains { $0.id == id } }
            if isTrue { return recorded.usage }
        }
        do throws(KernelError) {
            let usage = try TreeUsage.measure(tree)
            // As of the walk's beginning: who began to write meanwhile has changed it since.
            let record = RecordedUsage(
                usage: usage, measured: now, isSettled: !isWritten, users: users.map(\.id))
            record.write(in: folder)
            return usage
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }
}

extension LiveStatus {
    var writes: Bool { [.running, .paused, .restarting].contains(phase) }

    /// The last moment at which the container may have written, where it does not run.
    fileprivate var lastChange: Timestamp {
        [startedAt, finishedAt].compactMap { $0 }.max() ?? Timestamp(seconds: 0)
    }
}
