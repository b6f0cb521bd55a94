import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel
import NIOPosix
import PodVolumes
import Synchronization

/// Measures pods: memory and written layers as the runtime has them, logs and volumes by looking.
package final class PodMeter: Sendable {
    /// What a pod has on the node's disk, when that was found out.
    private struct Storage: Sendable {
        var logs: [String: PodUsage.Files] = [:]
        var volumes: [String: VolumeUsage] = [:]
        var at: ContinuousClock.Instant
        /// How long it took to find out.
        var took: Duration = .zero
    }

    /// Looking at a tree of files takes time of a processor and of a disk: a tenth at most.
    private static let share = 10

    private let runtime: CRIRuntime
    private let volumes: VolumeManager
    private let settings: AgentSettings
    private let known = Mutex<[String: Storage]>([:])

    package init(runtime: CRIRuntime, volumes: VolumeManager, settings: AgentSettings) {
        self.runtime = runtime
        self.volumes = volumes
        self.settings = settings
    }

    /// - Parameter age: how old numbers of the disk may be; nil: they are not wanted.
    package func usage(of pods: [Pod], storageAge age: Duration?) async throws -> [String: PodUsage] {
        var result: [String: PodUsage] = [:]
        for stats in try await runtime.podStats() {
            result[stats.attributes.metadata.uid] = PodUsage(stats)
        }
        guard let age else { return result }
        for pod in pods {
            let uid = pod.metadata.uid
            let (logs, volumes) = await storage(of: pod, age: age)
            var usage = result[uid] ?? PodUsage()
            for (name, files) in logs { usage.containers[name, default: .init()].logs = files }
            usage.add(volumes, of: pod)
            result[uid] = usage
        }
        forget(besides: pods)
        return result
    }

    /// Logs by container and volumes by name.
    func storage(
        of pod: Pod, age: Duration
    ) async -> (logs: [String: PodUsage.Files], volumes: [String: VolumeUsage]) {
        let uid = pod.metadata.uid
        if let old = known.withLock({ $0[uid] }), .now < old.at + max(age, old.took * Self.share) {
            return (old.logs, old.volumes)
        }
        let start = ContinuousClock.now
        var storage = Storage(at: start)
        do {
            storage.volumes = try await volumes.usage(uid: uid)
        } catch {
            // Its volumes go or come at this moment: the next look finds them.
        }
        do {
            let folder = try settings.logFolder(of: pod)
            storage.logs = try await NIOThreadPool.singleton.runIfActive { try LogFolder.usage(folder) }
        } catch {
            // As the volumes.
        }
        storage.at = .now
        storage.took = storage.at - start
        let found = storage
        known.withLock { $0[uid] = found }
        return (found.logs, found.volumes)
    }

    private func forget(besides pods: [Pod]) {
        let uids = Set(pods.map(\.metadata.uid))
        known.withLock { known in
            known = known.filter { uids.contains($0.key) || .now < $0.value.at + .seconds(60) }
        }
    }
}

extension PodUsage {
    init(_ stats: CRIPodSandboxStats) {
        self.init()
        let linux = stats.linux
        for container in linux.containers {
            let layer = container.writableLayer
            containers[container.attributes.metadata.name] = Container(
                memory: container.hasMemory ? Int64(clamping: container.memory.workingSetBytes.value) : nil,
                layer: Files(
                    bytes: Int64(clamping: layer.usedBytes.value),
                    inodes: Int64(clamping: layer.inodesUsed.value)))
        }
        memory =
            linux.hasMemory
            ? Int64(clamping: linux.memory.workingSetBytes.value)
            : containers.values.reduce(0) { $0 + ($1.memory ?? 0) }
        processes = Int64(clamping: linux.process.processCount.value)
    }

    mutating func add(_ volumes: [String: VolumeUsage], of pod: Pod) {
        for (name, usage) in volumes {
            if pod.spec.volumes.first(where: { $0.name == name })?.emptyDir != nil {
                emptyDirs[name] = usage.bytes
            }
            if !usage.isInMemory {
                self.volumes = self.volumes + Files(bytes: usage.bytes, inodes: usage.inodes)
            }
        }
    }
}

/// A pod's folder of logs: one for each container.
package enum LogFolder {
    package static func usage(_ path: String) throws(KernelError) -> [String: PodUsage.Files] {
        var result: [String: PodUsage.Files] = [:]
        for name in try AgentFiles.names(in: path) {
            var files = PodUsage.Files()
            for file in try AgentFiles.names(in: "\(path)/\(name)") {
                var status = stat()
                guard lstat("\(path)/\(name)/\(file)", &status) == 0 else { continue }
                files.bytes += Int64(status.st_blocks) * 512
                files.inodes += 1
            }
            result[name] = files
        }
        return result
    }
}
