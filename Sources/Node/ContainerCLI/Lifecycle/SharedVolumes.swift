import LinuxKernel
import OCISpec

/// The volumes and host paths of other containers that a new one shares (`--volumes-from`).
struct SharedVolumes {
    private(set) var mounts: [MountRequest] = []
    /// Those of the volumes that nobody has named: they go with the last container that has them, by `rm -v`; after one with `--rm`
    /// they wait for `volume prune`.
    private(set) var anonymousVolumes: [String] = []
    private var held: [KeptFolder] = []

    /// When the new container's definition is written.
    func release() {
        for folder in held { folder.release() }
    }
}

extension SharedVolumes {
    /// Finds and holds what other containers have, running or not. As with docker, what is mounted for the new container
    /// alone hides what of theirs has the same place, and a later one hides an earlier one.
    init(of request: ContainerRequest, _ engine: Engine) throws {
        if request.volumesFrom.isEmpty { return }
        var taken = Set(request.mounts.map(\.target))
        for option in request.volumesFrom.reversed() {
            let container = try engine.store.find(option.container)
            if container.isDamaged {
                throw UsageError(
                    "--volumes-from \(option.text): container \(container.name) is damaged and can only be removed"
                )
            }
            let configured = try engine.configuration(of: container).mounts
            var places: [String] = []
            for mount in container.mounts where !taken.contains(mount.destination) {
                let options = configured.last { $0.destination == mount.destination }?.options ?? []
                if try add(mount, of: container, option, isFlat: options.contains("bind"), engine) {
                    places.append(mount.destination)
                }
            }
            taken.formUnion(places)
        }
    }

    /// - Returns: whether it is shared.
    private mutating func add(
        _ mount: ContainerDefinition.MountPoint, of container: ContainerDefinition,
        _ option: VolumesFromOption,
        isFlat: Bool, _ engine: Engine
    ) throws -> Bool {
        let source: MountRequest.Source
        switch (mount.kind, mount.name) {
        case (.bind, _): source = .bind(path: mount.source, createMissing: false)
        case (.volume, let name?):
            guard mount.source == engine.volumes.path(of: name) else {
                throw UsageError(
                    "--volumes-from \(option.text): what container \(container.name) has at \(mount.destination) goes "
                        + "with it when it ends (--rm): only a volume with a name can be shared"
                )
            }
            guard let folder = try engine.volumes.hold(name) else {
                throw UsageError(
                    "--volumes-from \(option.text): volume '\(name)' of container \(container.name) was removed just now"
                )
            }
            held.append(folder)
            if container.anonymousVolumes.contains(name) { anonymousVolumes.append(name) }
            source = .volume(name: name)
        // Each container has memory of its own.
        case (.tmpfs, _), (.volume, nil): return false
        }
        mounts.append(
            MountRequest(
                source: source, target: mount.destination, readOnly: mount.readOnly || option.readOnly,
                propagation: mount.propagation.isEmpty ? nil : mount.propagation, withoutSubmounts: isFlat,
                noCopy: true))
        return true
    }
}
