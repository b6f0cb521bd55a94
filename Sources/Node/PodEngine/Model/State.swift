import ContainerShim
import LinuxKernel
import PodNetwork

/// A sandbox as it is now.
public struct SandboxState: Sendable {
    public let id: String
    /// Nanoseconds since 1970.
    public let createdAt: Int64
    public let spec: SandboxSpec
    /// The name of its containers' runtime; a handler that is empty means another one when the default is another.
    public let runtime: String
    public let isReady: Bool
    /// The pod's addresses, the first the one that names it; none in the host's network.
    public let addresses: [IPAddress]
    public let namespaces: SandboxNamespaces
    public let folder: String
    public let cgroupParent: String
    public let shimPID: Int32?
}

/// Paths of a pod's namespaces; nil where it has the host's.
public struct SandboxNamespaces: Codable, Equatable, Sendable {
    public var network: String?
    public var ipc: String?
    public var uts: String?
    public var user: String?
    /// `/proc/PID/ns/pid` of the pod's init, where processes are shared.
    public var pid: String?
}

/// A container as it is now.
public struct PodContainerState: Sendable {
    public enum Phase: Sendable {
        case created
        case running
        case exited
        /// Nobody can tell: its shim does not answer.
        case unknown
    }

    public let id: String
    public let sandboxID: String
    public let createdAt: Int64
    public let spec: ContainerSpec
    public let imageID: String
    public let phase: Phase
    public let isPaused: Bool
    public let startedAt: Int64
    public let finishedAt: Int64
    public let exitCode: Int32
    public let isOutOfMemory: Bool
    /// Why the last start failed, or `Unknown`.
    public let error: String?
    public let pid: Int32?
    public let logPath: String?
    /// What the log's disk has refused. Of a container that runs it may be some time old; see `logLoss`.
    public let logLoss: LogLoss
    public let folder: String
    /// Another start would make no sense: it has run.
    public var hasEnded: Bool { phase == .exited }
}

/// Records of a container's log that are missing in it.
public struct LogLoss: Equatable, Sendable {
    /// In this run.
    public var bytes: Int
    /// The disk's last answer.
    public var reason: String?

    init(_ status: LiveStatus) {
        bytes = status.logBytesLost
        reason = status.logError
    }
}

/// Something that happened, in the order in which it did.
public struct EngineEvent: Sendable {
    public enum Kind: Sendable {
        case created
        case started
        case stopped
        case deleted
    }

    public let kind: Kind
    /// Of the container; of the sandbox, for what happened to that.
    public let id: String
    public let sandboxID: String
    /// Nanoseconds since 1970.
    public let time: Int64
    /// From here listeners can go on.
    public let position: EventPosition
}

/// A place in the events of one engine, from its start to its end. Who comes with another engine's has to look anew.
public struct EventPosition: Hashable, Sendable {
    let instance: UInt64
    let number: UInt64
}
