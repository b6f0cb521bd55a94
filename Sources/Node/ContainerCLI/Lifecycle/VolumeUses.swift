import ContainerShim
import LinuxKernel

// Removing volumes that no container has.

extension Engine {
    /// Removes a volume with its data.
    /// - Throws: for one that a container has, and for one that is not there.
    public func removeVolume(_ name: String) throws {
        let removal = try volumes.remove(name, milliseconds: ContainerLock.glance) {
            try user(ofVolume: name)
        }
        switch removal {
        case .removed: return
        case .missing: throw MissingVolume(name: name)
        case .used(let user?) where user.isDamaged:
            throw UsageError(
                "volume '\(name)' may be in use by container \(user.name), whose \(ContainerDefinition.fileName) is damaged: remove the container first"
            )
        case .used(let user?): throw UsageError("volume '\(name)' is in use by container \(user.shortID)")
        case .used(.none):
            throw UsageError("volume '\(name)' is in use: a container with it is just being made")
        }
    }

    /// Removes the volumes that no container has, or is about to have.
    /// - Parameters:
    ///   - isWanted: which of them.
    ///   - failed: is told of each that cannot be removed, and the others go.
    public func pruneVolumes(
        where isWanted: (VolumeStore.Volume) -> Bool, failed: (_ volume: String, _ error: any Error) -> Void
    ) throws -> (names: [String], bytes: Int64) {
        var names: [String] = []
        var total: Int64 = 0
        try volumes.sweepDrafts(failed: failed)
        let used = try usedVolumes()
        for volume in try volumes.all() where isWanted(volume) && !used.contains(volume.name) {
            do {
                let removal = try volumes.remove(volume.name, measures: true) {
                    try user(ofVolume: volume.name)
                }
                guard case .removed(let bytes) = removal else { continue }
                names.append(volume.name)
                total += bytes
            } catch {
                failed(volume.name, error)
            }
        }
        return (names, total)
    }

    /// The volumes of all containers, by name.
    public func usedVolumes() throws -> Set<String> {
        Set(try store.all().flatMap { $0.mounts.compactMap(\.name) })
    }

    /// A container that has a volume, or may have it: of one that runs and whose definition is damaged nobody knows.
    func user(ofVolume name: String) throws -> ContainerDefinition? {
        try store.all().first { container in
            if container.uses(volume: name) { return true }
            return try container.isDamaged && status(of: container).writes
        }
    }
}

extension ContainerDefinition {
    func uses(volume: String) -> Bool { mounts.contains { $0.name == volume } }
}
