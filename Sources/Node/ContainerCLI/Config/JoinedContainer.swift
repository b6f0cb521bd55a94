import ContainerShim
import OCISpec

/// What a container takes over from another one whose network it shares: its name for itself, and the files of /etc that
/// belong to the network. They are the other one's own, so that what changes there changes for both.
public struct JoinedContainer {
    public let id: String
    public let network: JoinedNetwork
    public let hostname: String
    public let domainName: String?
    private let mounts: [RuntimeSpec.Mount]

    /// - Parameters:
    ///   - folder: the other container's.
    ///   - configuration: its config.json.
    ///   - own: the folder of the container that joins.
    public init(id: String, folder: String, configuration: RuntimeSpec, for own: String) {
        self.id = id
        network = JoinedNetwork(of: folder, in: own)
        hostname = configuration.hostname ?? ConfigBuilder.hostName
        domainName = configuration.domainname
        mounts = configuration.mounts
    }

    /// - Parameter request: of the container that joins.
    func fileMounts(_ request: ContainerRequest) -> [RuntimeSpec.Mount] {
        let taken = Set(request.mounts.map(\.target))
        return HostFiles.names.map { "/etc/" + $0 }.filter { !taken.contains($0) }.compactMap { place in
            guard let mount = mounts.last(where: { $0.destination == place && $0.type == "bind" }) else {
                return nil
            }
            let access = request.readOnlyRoot || mount.options.contains("ro") ? "ro" : "rw"
            return RuntimeSpec.Mount(
                destination: place, type: "bind", source: mount.source,
                options: ["rbind", "rprivate", access])
        }
    }
}
