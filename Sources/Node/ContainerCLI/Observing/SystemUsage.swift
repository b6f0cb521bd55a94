import ContainerShim
import ImageStore

/// What everything takes: the lines of `system df`.
public struct SystemUsage: Sendable {
    public struct Container: Sendable {
        public let definition: ContainerDefinition
        public let status: LiveStatus
        /// Of its writable layer.
        public let bytes: Int64
    }

    public struct Volume: Sendable {
        public let name: String
        /// How many containers have it.
        public let links: Int
        public let bytes: Int64
    }

    /// A line of the overview.
    public struct Summary: Sendable, Equatable {
        public let total: Int
        public let active: Int
        public let bytes: Int64
        /// What a removal of everything that is not active would free.
        public let reclaimable: Int64
    }

    public let images: StoreUsage
    public let containers: [Container]
    public let volumes: [Volume]

    public var imageSummary: Summary {
        Summary(
            total: images.images.count, active: images.images.count { $0.containers > 0 },
            bytes: images.total.total, reclaimable: images.reclaimable)
    }

    public var downloadSummary: Summary {
        let active = images.downloads.filter(\.isActive)
        let bytes = images.downloads.reduce(0) { $0 + $1.bytes }
        return Summary(
            total: images.downloads.count, active: active.count, bytes: bytes,
            reclaimable: bytes - active.reduce(0) { $0 + $1.bytes })
    }

    public var containerSummary: Summary {
        let active = containers.filter { $0.status.writes }
        let bytes = containers.reduce(0) { $0 + $1.bytes }
        return Summary(
            total: containers.count, active: active.count, bytes: bytes,
            reclaimable: bytes - active.reduce(0) { $0 + $1.bytes })
    }

    public var volumeSummary: Summary {
        Summary(
            total: volumes.count, active: volumes.count { $0.links > 0 },
            bytes: volumes.reduce(0) { $0 + $1.bytes },
            reclaimable: volumes.reduce(0) { $0 + ($1.links == 0 ? $1.bytes : 0) })
    }
}

extension Engine {
    public func diskUsage() throws -> SystemUsage {
        let images = try self.images().usage(containers: try imageUses())
        let all = try store.all()
        let containers = try all.compactMap { container -> SystemUsage.Container? in
            guard let measured = try layerUsage(of: container) else { return nil }
            return SystemUsage.Container(
                definition: container, status: try status(of: container), bytes: measured.bytes)
        }
        let volumes = try self.volumes.all().compactMap { volume -> SystemUsage.Volume? in
            guard let measured = try volumeUsage(of: volume, containers: all) else { return nil }
            return SystemUsage.Volume(
                name: volume.name, links: all.count { $0.uses(volume: volume.name) },
                bytes: measured.bytes)
        }
        return SystemUsage(images: images, containers: containers, volumes: volumes)
    }
}
