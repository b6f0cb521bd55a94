/// What the HTTP server asks the agent. Documents are encoded already: the server knows of no object.
public protocol AgentView: Sendable {
    /// `/pods`: the pods of this node (`v1.PodList`, JSON).
    func pods() async throws -> [UInt8]
    /// `/runningpods`: what runs according to the runtime (`v1.PodList`, JSON).
    func runningPods() async throws -> [UInt8]
    /// `/stats/summary`: `stats/v1alpha1.Summary`, JSON.
    func statsSummary(onlyCPUAndMemory: Bool) async throws -> [UInt8]
    /// `/configz`: the configuration in force, JSON.
    func configuration() async throws -> [UInt8]
    /// Prometheus' text format, version 0.0.4.
    func metrics(_ page: MetricsPage) async throws -> String
    /// `/healthz`: what does not work, as one line each; none where all is well.
    func healthProblems() async -> [String]

    /// - Parameter previous: the log of the container before the last restart.
    /// - Throws: `AgentViewError`
    func log(of container: ContainerName, previous: Bool) async throws -> ContainerLog
    /// The URL of the runtime's streaming server where this command's streams are had.
    func exec(in container: ContainerName, command: [String], streams: StreamChoice) async throws -> String
    func attach(to container: ContainerName, streams: StreamChoice) async throws -> String
    /// - Parameter ports: of clients that speak WebSocket; others name them later.
    func portForward(to pod: PodName, ports: [UInt16]) async throws -> String
    /// `/events`, which the kubelet has not: what happened to pods (`v1.EventList`, JSON), for a node without a cluster.
    func events() async throws -> [UInt8]
    /// `/node`, which the kubelet has not: the node itself (`v1.Node`, JSON), as it would be told to an API server.
    func node() async throws -> [UInt8]
    /// Returns the checkpoint's files.
    func checkpoint(_ container: ContainerName, timeout: Duration?) async throws -> [String]
}

public enum MetricsPage: Sendable {
    /// `/metrics`: the agent itself.
    case agent
    /// `/metrics/resource`
    case resource
    /// `/metrics/cadvisor`
    case cadvisor
    /// `/metrics/probes`
    case probes
}

/// A pod as paths name it.
public struct PodName: Sendable, Equatable {
    public var namespace: String
    public var name: String
    /// Where the path says which of several pods of this name.
    public var uid: String?

    public init(namespace: String, name: String, uid: String? = nil) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

public struct ContainerName: Sendable, Equatable {
    public var pod: PodName
    public var container: String

    public init(pod: PodName, container: String) {
        self.pod = pod
        self.container = container
    }
}

/// The streams that a client wants of a command.
public struct StreamChoice: Sendable, Equatable {
    public var terminal = false
    public var stdin = false
    public var stdout = false
    public var stderr = false

    public init() {}
}

/// Why the agent cannot do what was asked.
public enum AgentViewError: Error, Sendable, Equatable {
    case podNotFound
    case containerNotFound
    /// The runtime, or the handler, does not have it.
    case notSupported(String)
    /// What was asked makes no sense now: a container that has not started, say.
    case refused(String)
}
