import Glibc
import KubernetesAPI
import LinuxKernel

/// Does on disk what has been planned for a pod's volumes. Blocks.
struct VolumeSetUp: Sendable {
    struct Outcome: Sendable {
        var volumes: [String: MountedVolume] = [:]
        var failures: [VolumeError] = []
        /// The content of a volume is another than before.
        var hasChanged = false

        mutating func add(_ other: Outcome) {
            volumes.merge(other.volumes) { $1 }
            failures += other.failures
            hasChanged = hasChanged || other.hasChanged
        }
    }

    let pod: Pod
    let folder: PodFolder
    let root: String
    let tools: DeviceTools

    /// All of them, whatever is wrong with one.
    func run(_ plans: [(String, VolumePlan)]) -> Outcome {
        var outcome = Outcome()
        for (name, plan) in plans {
            do {
                outcome.volumes[name] = try setUp(name, plan, &outcome.hasChanged)
            } catch let error as DeviceMountFailure {
                outcome.failures.append(
                    VolumeError(volume: name, step: .mountDevice, reason: "\(error)"))
            } catch {
                outcome.failures.append(VolumeError(volume: name, reason: "\(error)"))
            }
        }
        return outcome
    }

    private func setUp(_ name: String, _ plan: VolumePlan, _ hasChanged: inout Bool) throws -> MountedVolume {
        switch plan {
        case .emptyDir(let emptyDir):
            let path = try folder.volume(.emptyDir, name)
            try emptyDir.setUp(
                at: path, mark: folder.readyMark(.emptyDir, name), ownership: ownership(isReadOnly: false))
            return MountedVolume(
                source: .path(path), isReadOnly: false, ownsFileSystem: emptyDir.medium.ownsFileSystem,
                limit: emptyDir.limit, isMeasured: emptyDir.medium.isMeasured)
        case .hostPath(let hostPath, let isReadOnly):
            try hostPath.setUp()
            return MountedVolume(source: .path(hostPath.path), isReadOnly: isReadOnly)
        case .payload(let kind, let payload, let isInMemory):
            let path = try folder.volume(kind, name)
            let size = EmptyDir.memory(limit: nil, pod: pod, allocatable: [:])
            let ownership = ownership(isReadOnly: true)
            try EmptyDir(medium: isInMemory ? .memory(size: size) : .disk)
                .setUp(at: path, mark: folder.readyMark(kind, name), ownership: ownership)
            if try AtomicWriter(path: path, ownership: ownership).write(payload) { hasChanged = true }
            return MountedVolume(
                source: .path(path), isReadOnly: true, ownsFileSystem: isInMemory, isMeasured: true)
        case .image(let image):
            return MountedVolume(
                source: .image(reference: image.reference, pullPolicy: image.pullPolicy), isReadOnly: true)
        case .device(let device):
            return MountedVolume(
                source: .device(try device.setUp(in: folder, root: root)), isReadOnly: device.isReadOnly)
        case .local(let local):
            let path = try folder.volume(.local, local.name)
            var ownership = ownership(isReadOnly: false)
            ownership?.trustsRoot = pod.spec.securityContext?.fsGroupChangePolicy == .onRootMismatch
            try local.setUp(
                at: path, mark: folder.readyMark(.local, local.name), folder: folder, root: root,
                tools: tools, ownership: ownership)
            return MountedVolume(source: .path(path), isReadOnly: local.isReadOnly)
        }
    }

    /// Nil for a pod without fsGroup.
    private func ownership(isReadOnly: Bool) -> FileOwnership? {
        (pod.spec.securityContext?.fsGroup).map {
            FileOwnership(group: gid_t(truncatingIfNeeded: $0), isReadOnly: isReadOnly)
        }
    }
}
