import Glibc

/// Where everything of one namespace lies.
public struct StateLayout: Equatable, Sendable {
    /// What survives a reboot, `/var/lib/swiftlet`.
    public let root: String
    /// What does not, `/run/swiftlet`.
    public let state: String
    /// Containers of one namespace know nothing of those of another; images are common to all.
    public let namespace: String

    public static let defaultRoot = "/var/lib/swiftlet"
    public static let defaultState = "/run/swiftlet"

    public init(root: String = defaultRoot, state: String = defaultState, namespace: String = "default") {
        self.root = absolutePath(root)
        self.state = absolutePath(state)
        self.namespace = namespace
    }

    /// The image store.
    public var images: String { root + "/images" }
    /// One folder per container.
    public var containers: String { root + "/" + namespace + "/containers" }
    /// One link per name, to the id that has it.
    public var names: String { root + "/" + namespace + "/names" }
    public var volumes: String { root + "/" + namespace + "/volumes" }

    /// How the built-in network is set up.
    public var networkSettings: String { root + "/network.json" }
    /// Who has which address and port, common to all namespaces.
    public var networkState: String { state + "/network" }

    /// The same folders' other namespaces, and this one.
    func allNamespaces() throws -> [StateLayout] {
        let names = try folderEntries(root).filter {
            $0 != namespace && access("\(root)/\($0)/containers", F_OK) == 0
        }
        return [self] + names.map { StateLayout(root: root, state: state, namespace: $0) }
    }

    public func container(_ id: String) -> String { containers + "/" + id }
}
