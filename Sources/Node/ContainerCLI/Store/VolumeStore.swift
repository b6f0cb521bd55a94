import ContainerShim
import Glibc
import LinuxKernel

/// Volumes: folders that outlive containers. The data of each lies in `_data`, so that what is known of it
/// can lie beside.
public struct VolumeStore {
    public let folder: String

    public init(_ layout: StateLayout) {
        folder = layout.volumes
    }

    public struct Volume: Equatable, Sendable {
        public var name: String
        /// The folder that containers see.
        public var path: String
        public var created: Timestamp
    }

    public func path(of name: String) -> String { folder + "/" + name + "/_data" }

    /// Makes a volume unless it is there.
    /// - Returns: whether it is new, so that what the image has in its place is copied in.
    public func make(_ name: String) throws -> Bool {
        try makeFolders(folder)
        let volume = folder + "/" + name
        _ = try makeFolder(volume, mode: 0o711)
        // A container comes that may write to it.
        RecordedUsage.forget(in: volume)
        let data = path(of: name)
        return try makeFolder(data, mode: 0o755) == true
    }

    /// All volumes by name.
    public func all() throws -> [Volume] {
        var volumes: [Volume] = []
        for name in try folderEntries(folder) {
            guard isIdentifier(name) else { continue }
            var status = stat()
            if stat(folder + "/" + name, &status) != 0 { continue }
            volumes.append(
                Volume(
                    name: name, path: path(of: name),
                    created: Timestamp(
                        seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int32(status.st_ctim.tv_nsec))))
        }
        return volumes.sorted { $0.name < $1.name }
    }

    /// Removes a volume with its data.
    /// - Parameter containers: all that exist; one that uses the volume keeps it.
    public func remove(_ name: String, containers: [ContainerDefinition]) throws {
        if let user = containers.first(where: { $0.mounts.contains { $0.name == name } }) {
            throw UsageError("volume '\(name)' is in use by container \(user.shortID)")
        }
        guard isIdentifier(name), access(folder + "/" + name, F_OK) == 0 else {
            throw UsageError("no such volume: \(name)")
        }
        try removeTree(folder + "/" + name)
    }
}
