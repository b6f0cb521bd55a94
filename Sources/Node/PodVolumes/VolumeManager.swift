import Glibc
import KubernetesAPI
import LinuxKernel

/// The volumes of the pods on this node. Everything is found again after the agent was killed at any moment: what is
/// there is what the tree of folders and the kernel's table of mounts say, and each call does what is left to do.
/// Calls for one pod follow each other, those for different pods go on side by side.
package actor VolumeManager {
    private nonisolated let root: String
    private nonisolated let sources: any ObjectSource
    private nonisolated let node: NodeFacts
    private var mounted: [String: PodMounts] = [:]
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// - Parameter root: the agent's state folder; made when it is missing.
    package init(root: String, sources: any ObjectSource, node: NodeFacts = NodeFacts()) throws {
        try Folders.make(PodFolder.pods(in: root))
        // As the kernel's table of mounts has it.
        guard let resolved = realpath(root, nil) else { throw KernelError("resolve", root) }
        defer { free(resolved) }
        self.root = String(cString: resolved)
        self.sources = sources
        self.node = node
    }

    /// The pod's folder, for what is no volume: `HostsFile`, `TerminationMessage`.
    package nonisolated func folder(uid: String) throws(VolumeFailure) -> PodFolder {
        try PodFolder(root: root, uid: uid)
    }

    /// Makes all volumes that the pod's containers mount, and leaves those alone that are there.
    /// - Throws: `PodVolumesError`, when all that can be made is made.
    package func mount(_ pod: Pod) async throws -> PodMounts {
        let uid = pod.metadata.uid
        return try await alone(uid) {
            let folder = try self.folder(uid: uid)
            let mounts = try await self.setUp(pod.usedVolumes, of: pod, in: folder)
            self.mounted[uid] = mounts
            return mounts
        }
    }

    /// Brings volumes that are made of objects up to what those are now.
    /// - Returns: whether anything changed.
    /// - Throws: `PodVolumesError`; what is wrong leaves its volume as it was, and no other.
    package func update(_ pod: Pod) async throws -> Bool {
        let uid = pod.metadata.uid
        return try await alone(uid) {
            let folder = try self.folder(uid: uid)
            guard let mounts = self.mounted[uid] else { return false }
            let volumes = pod.usedVolumes.filter { $0.isMadeOfObjects && mounts.volumes[$0.name] != nil }
            let (plans, failures) = await self.plan(volumes, of: pod)
            let setUp = VolumeSetUp(pod: pod, folder: folder, root: self.root)
            let outcome = try await BlockingThreads.run { setUp.run(plans) }
            if !(failures + outcome.failures).isEmpty { throw PodVolumesError(failures + outcome.failures) }
            return outcome.hasChanged
        }
    }

    /// Takes away all that the pod has on this node; a pod that has nothing is no error.
    package func unmount(uid: String) async throws {
        try await alone(uid) {
            let folder = try self.folder(uid: uid)
            self.mounted[uid] = nil
            try await BlockingThreads.run {
                // Mounts first: nothing is ever removed through one.
                try unmountAll(below: folder.path)
                try removeTree(folder.path)
            }
        }
    }

    /// What the volumes of a mounted pod take, by their names.
    package func usage(uid: String) async throws -> [String: VolumeUsage] {
        let volumes = (mounted[uid]?.volumes ?? [:]).filter(\.value.isMeasured)
        return try await BlockingThreads.run {
            var result: [String: VolumeUsage] = [:]
            for (name, volume) in volumes {
                guard case .path(let path) = volume.source else { continue }
                var usage = try VolumeUsage.measure(path, ownsFileSystem: volume.ownsFileSystem)
                usage.limitBytes = volume.limit
                usage.isInMemory = volume.ownsFileSystem
                result[name] = usage
            }
            return result
        }
    }

    /// The uids of pods that have something on this node and are not known: left over by pods that are gone.
    package nonisolated func orphans(known: Set<String>) throws -> [String] {
        try FileDescriptor.listing(of: PodFolder.pods(in: root)).map(\.name).filter { !known.contains($0) }
            .sorted()
    }

    // MARK: Steps

    private func setUp(_ volumes: [Volume], of pod: Pod, in folder: PodFolder) async throws -> PodMounts {
        let (plans, failures) = await plan(volumes, of: pod)
        let setUp = VolumeSetUp(pod: pod, folder: folder, root: root)
        let outcome = try await BlockingThreads.run {
            try Folders.make(folder.path)
            return setUp.run(plans)
        }
        if !(failures + outcome.failures).isEmpty { throw PodVolumesError(failures + outcome.failures) }
        return PodMounts(folder: folder, volumes: outcome.volumes)
    }

    private func plan(_ volumes: [Volume], of pod: Pod) async -> ([(String, VolumePlan)], [VolumeError]) {
        let planner = VolumePlanner(pod: pod, sources: sources, node: node)
        var plans: [(String, VolumePlan)] = []
        var failures: [VolumeError] = []
        for volume in volumes {
            do {
                plans.append((volume.name, try await planner.plan(volume)))
            } catch {
                failures.append(VolumeError(volume: volume.name, reason: "\(error)"))
            }
        }
        return (plans, failures)
    }

    /// One after the other for a pod, in the order in which they came.
    private func alone<Result: Sendable>(
        _ uid: String, _ body: () async throws -> Result
    ) async throws -> Result {
        if waiting[uid] == nil {
            waiting[uid] = []
        } else {
            await withCheckedContinuation { waiting[uid, default: []].append($0) }
        }
        defer {
            if let next = waiting[uid]?.first {
                waiting[uid]?.removeFirst()
                next.resume()
            } else {
                waiting[uid] = nil
            }
        }
        return try await body()
    }
}

extension Pod {
    /// Those that a container mounts, or takes as a device.
    fileprivate var usedVolumes: [Volume] {
        let places = everyPlace
        return spec.volumes.filter { places.mounts.contains($0.name) || places.devices.contains($0.name) }
    }
}

extension Volume {
    /// Its content can change while containers run.
    fileprivate var isMadeOfObjects: Bool {
        configMap != nil || secret != nil || projected != nil || downwardAPI != nil
    }
}
