import ContainerCLI
import ContainerShim

/// Where the engine's things lie. Containers lie as those of the command line do, in a namespace of their own.
public struct EngineLayout: Sendable {
    /// Pods are unseen without `--namespace k8s`.
    public static let namespace = "k8s"

    public let state: StateLayout

    /// - Parameters:
    ///   - root: what survives a reboot, `/var/lib/swiftlet`.
    ///   - state: what does not, `/run/swiftlet`.
    public init(root: String = StateLayout.defaultRoot, state: String = StateLayout.defaultState) {
        self.state = StateLayout(root: root, state: state, namespace: Self.namespace)
    }

    /// A layer below all others of every container, with the files and folders that pods have mounts at.
    package var mountPoints: String { state.root + "/" + Self.namespace + "/mountpoints" }
    var database: String { state.root + "/" + Self.namespace + "/pods.sqlite" }
    var run: RunFolders { state.runFolders }
    /// One folder per sandbox: its files, its namespaces, what its shim has to know.
    var sandboxes: String { run.state + "/sandboxes" }
    public var cniCache: String { state.root + "/" + Self.namespace + "/cni" }
    /// What the cluster gave this node for its pods.
    public var podRanges: String { state.root + "/" + Self.namespace + "/pod-ranges.json" }

    func sandbox(_ id: String) -> String { sandboxes + "/" + id }
    func container(_ id: String) -> String { state.container(id) }
}
