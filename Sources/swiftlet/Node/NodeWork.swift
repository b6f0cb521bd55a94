/// The node's daemon, behind a seam as `RegistryWork` is: `swiftlet` becomes `swiftlet-node`, which has it.
public protocol NodeWork: Sendable {
    /// Serves the CRI until the process is told to stop.
    func serveCRI(_ order: CRIOrder) throws
    /// Keeps the node's pods running until the process is told to stop.
    func runAgent(_ order: AgentOrder) throws
    func pods(_ place: AgentPlace) throws -> PodListing
    func describePod(_ place: AgentPlace, _ name: String) throws -> String
    func describeNode(_ place: AgentPlace) throws -> String
    /// Writes to standard output.
    /// - Parameter container: nil: the pod's only one, or its first.
    func showPodLog(_ place: AgentPlace, _ name: String, _ container: String?, query: String) throws
    /// - Returns: a running container of a pod.
    func podContainer(_ place: AgentPlace, _ name: String, _ container: String?) throws -> PodContainerName
    /// Executes a program by way of the agent, whatever the runtime is.
    /// - Returns: its exit code.
    func execInPod(_ place: AgentPlace, _ name: PodContainerName, _ order: PodExecOrder) throws -> Int32
    /// The configuration file with every key and its default.
    /// - Parameter isTable: as a table in Markdown instead.
    func defaultConfiguration(isTable: Bool) -> String
    /// - Parameter file: nil: the standard one.
    /// - Returns: what is wrong with a configuration, one line each; or that nothing is.
    func checkConfiguration(_ file: String?) -> (problems: [String], praise: String)
}

/// What the flags of `swiftlet cri` say over the configuration file; nil: nothing.
public struct CRIOrder: Sendable {
    /// The configuration file.
    public var file: String?
    public var root: String?
    public var state: String?
    public var listen: String?
    public var cniFolder: String?
    public var cniPrograms: [String] = []
    public var registryFolder: String?
    public var debug = false
}

/// What the flags of `swiftlet agent` say over its configuration file; nil: nothing.
public struct AgentOrder: Sendable {
    /// A KubeletConfiguration.
    public var kubeletFile: String?
    /// Of files over that one.
    public var kubeletFolder: String?
    public var manifestFolder: String?
    public var manifestURL: String?
    public var nodeName: String?
    /// One, or one of each family.
    public var nodeAddress: String?
    /// Each `KEY=VALUE,…`.
    public var nodeLabels: [String] = []
    /// A CredentialProviderConfig, and the folder with its programs.
    public var credentialFile: String?
    public var credentialPrograms: String?
    /// Where neither this nor the file names one, the agent brings its own.
    public var runtimeEndpoint: String?
    public var clusterDNS: [String] = []
    public var clusterDomain: String?
    public var root: String?
    public var logs: String?
    /// A folder with links to the containers' logs.
    public var logLinks: String?
    public var port: Int?
    /// 0: none.
    public var healthPort: Int?
    /// SIGTERM means that the node goes down: pods end first.
    public var shutsDownPods = false
    public var debug = false
    /// Of its own runtime.
    public var runtime = CRIOrder()

    init() {}
}

/// Where the agent of this node is found, and which pods are meant.
public struct AgentPlace: Sendable {
    public var root: String
    public var namespace: String?
}

/// A container of a pod.
public struct PodContainerName: Sendable {
    public var namespace: String
    public var pod: String
    public var container: String
    /// As in the pod's status, with its runtime's name in front: `swiftlet://…`.
    public var id: String

    public init(namespace: String, pod: String, container: String, id: String) {
        self.namespace = namespace
        self.pod = pod
        self.container = container
        self.id = id
    }

    /// - Returns: nil where another runtime has it.
    var ownID: String? {
        let scheme = "swiftlet://"
        return id.hasPrefix(scheme) ? String(id.dropFirst(scheme.count)) : nil
    }
}

/// A program to be executed in a container of a pod.
public struct PodExecOrder: Sendable {
    public var command: [String]
    /// Standard input goes to it.
    public var input: Bool
    public var terminal: Bool
}

public struct PodListing: Sendable {
    public var columns: [String]
    public var rows: [[String]]
    public var json: String

    public init(columns: [String], rows: [[String]], json: String) {
        self.columns = columns
        self.rows = rows
        self.json = json
    }
}

extension Context {
    /// The daemon; a program without it becomes the one that has it.
    func nodeWork(for command: String) throws -> any NodeWork {
        if let node { return node }
        try TransferProgram.become(for: command)
    }
}
