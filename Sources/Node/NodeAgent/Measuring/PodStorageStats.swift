import KubernetesAPI
import PodVolumes

/// Volumes and ephemeral storage of a pod in `/stats/summary`.
package struct PodStorageStats: Sendable {
    var volumes: [VolumeStats] = []
    var ephemeral: FsStats?
    /// By container.
    var logs: [String: FsStats] = [:]

    /// - Parameters:
    ///   - layers: what its containers have written.
    ///   - disk: the node's, which all of this lies on.
    init(
        _ pod: Pod, logs: [String: PodUsage.Files], volumes found: [String: VolumeUsage],
        layers: PodUsage.Files,
        disk: FilesystemReading?
    ) {
        volumes = found.sorted { $0.key < $1.key }.map { name, usage in
            var stats = VolumeStats()
            stats.name = name
            stats.time = .now
            stats.availableBytes = UInt64(clamping: usage.availableBytes)
            stats.capacityBytes = UInt64(clamping: usage.capacityBytes)
            stats.usedBytes = UInt64(clamping: usage.bytes)
            stats.inodesFree = UInt64(clamping: usage.inodesFree)
            stats.inodes = UInt64(clamping: usage.inodeCapacity)
            stats.inodesUsed = UInt64(clamping: usage.inodes)
            return stats
        }
        guard let disk else { return }
        self.logs = logs.mapValues { disk.stats(used: $0.bytes, inodesUsed: $0.inodes) }
        var sum = layers
        for files in logs.values { sum = sum + files }
        for usage in found.values where !usage.isInMemory {
            sum = sum + PodUsage.Files(bytes: usage.bytes, inodes: usage.inodes)
        }
        ephemeral = disk.stats(used: sum.bytes, inodesUsed: sum.inodes)
    }
}
