/// A command that a client may run in a container (CRI `ExecRequest`).
public struct ExecStreamRequest: Sendable, Equatable {
    public var container: String
    public var command: [String]
    public var terminal: Bool
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool

    public init(
        container: String, command: [String], terminal: Bool = false, stdin: Bool = false,
        stdout: Bool = true,
        stderr: Bool = true
    ) {
        self.container = container
        self.command = command
        self.terminal = terminal
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// A container whose first process' streams a client may have (CRI `AttachRequest`).
public struct AttachStreamRequest: Sendable, Equatable {
    public var container: String
    public var terminal: Bool
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool

    public init(
        container: String, terminal: Bool = false, stdin: Bool = false, stdout: Bool = true,
        stderr: Bool = true
    ) {
        self.container = container
        self.terminal = terminal
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// A sandbox whose ports a client may connect to (CRI `PortForwardRequest`).
public struct PortForwardStreamRequest: Sendable, Equatable {
    public var sandbox: String
    /// The ports of a client that cannot name them itself: the WebSocket protocol with two channels per port.
    public var ports: [UInt16]

    public init(sandbox: String, ports: [UInt16] = []) {
        self.sandbox = sandbox
        self.ports = ports
    }
}

/// What the engine does for the clients that come.
///
/// When a client leaves, the task that runs its call is cancelled, and its streams throw.
public protocol StreamingHandler: Sendable {
    /// Runs the command and returns its exit code. The description of an error that it throws goes to the client.
    func exec(_ request: ExecStreamRequest, _ streams: RemoteStreams) async throws -> Int32
    /// Connects the client to the container's first process until one of them ends; the process' exit code where
    /// it is known.
    func attach(_ request: AttachStreamRequest, _ streams: RemoteStreams) async throws -> Int32?
    /// One forwarded connection: bytes both ways until either side ends.
    func forward(sandbox: String, port: UInt16, _ connection: ForwardedConnection) async throws
}

/// What a token stands for.
enum PendingRequest: Sendable, Equatable {
    case exec(ExecStreamRequest)
    case attach(AttachStreamRequest)
    case portForward(PortForwardStreamRequest)

    /// The first component of the URL's path.
    var path: String {
        switch self {
        case .exec: "exec"
        case .attach: "attach"
        case .portForward: "portforward"
        }
    }
}

/// Which streams a command's client was promised. A terminal has one output only, so it has no stderr.
struct CommandShape: Sendable, Equatable {
    let terminal: Bool
    let stdin: Bool
    let stdout: Bool
    let stderr: Bool

    init(terminal: Bool, stdin: Bool, stdout: Bool, stderr: Bool) {
        self.terminal = terminal
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr && !terminal
    }
}
