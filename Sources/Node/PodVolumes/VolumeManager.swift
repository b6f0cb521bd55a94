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
    private nonisolated let tools: DeviceTools
    private var mounted: [String: PodMounts] = [:]
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// - Parameter root: the agent's state folder; made when it is missing.
    package init(
        root: String, sources: any ObjectSource, node: NodeFacts = NodeFacts(),
        tools: DeviceTools = DeviceTools()
    ) throws {
        try Folders.make(PodFolder.pods(in: root))
        // As the kernel's table of mounts has it.
        guard let resolved = realpath(root, nil) else { throw KernelError("resolve", root) }
        defer { free(resolved) }
        self.root = String(cString: resolved)
        self.sources = sources
        self.node = node
        self.tools = tools
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
            let setUp = VolumeSetUp(pod: pod, folder: folder, root: self.root, tools: self.tools)
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
            let volumes = try await BlockingThreads.run {
                let volumes = try Folders.names(in: folder.volumes(.local))
                // Mounts first: nothing is ever removed through one.
                try unmountAll(below: folder.path)
                try removeTree(folder.path)
                return volumes
            }
            try await self.releaseDevices(of: Set(volumes))
        }
    }

    /// Unmounts devices that no pod has any more: what is left when this program is killed between a pod and its volume.
    package func releaseDevices() async throws { try await releaseDevices(of: nil) }

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
        let setUp = VolumeSetUp(pod: pod, folder: folder, root: root, tools: tools)
        var outcome = try await BlockingThreads.run {
            try Folders.make(folder.path)
            return setUp.run(plans.filter { $0.1.sharedVolume == nil })
        }
        for plan in plans {
            guard let volume = plan.1.sharedVolume else { continue }
            outcome.add(
                try await alone(Self.turn(of: volume)) {
                    try await BlockingThreads.run { setUp.run([plan]) }
                })
        }
        if !(failures + outcome.failures).isEmpty { throw PodVolumesError(failures + outcome.failures) }
        return PodMounts(folder: folder, volumes: outcome.volumes)
    }

    /// - Parameter volumes: that a pod has had; nil: it is for no pod. Who is at another one, maybe for as long as it
    ///   takes to make a file system, is not waited for: it is not left over.
    /// - Throws: when all are tried; what is wrong with another one keeps no pod.
    private func releaseDevices(of volumes: Set<String>?) async throws {
        let root = root
        var failure: (any Error)?
        for name in try await BlockingThreads.run({ try LocalDevice.names(in: root) }) {
            let isOfPod = volumes?.contains(name)
            if isOfPod != true, waiting[Self.turn(of: name)] != nil { continue }
            do {
                try await alone(Self.turn(of: name)) {
                    try await BlockingThreads.run { try LocalDevice.release(name, root: root) }
                }
            } catch {
                if isOfPod != false { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
    }

    /// Under which name one pod after the other is at a volume; no pod has it.
    private static func turn(of volume: String) -> String { "volume/" + volume }

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

    /// One after the other for a pod or a volume, in the order in which they came.
    private func alone<Result: Sendable>(
        _ name: String, _ body: () async throws -> Result
    ) async throws -> Result {
        if waiting[name] == nil {
            waiting[name] = []
        } else {
            await withCheckedContinuation { waiting[name, default: []].append($0) }
        }
        defer {
            if let next = waiting[name]?.first {
                waiting[name]?.removeFirst()
                next.resume()
            } else {
                waiting[name] = nil
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
