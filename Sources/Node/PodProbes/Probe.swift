/// What a probe decides about.
public enum ProbeKind: String, Sendable, Hashable, CaseIterable {
    /// Whether the container has started; until then nothing else is asked.
    case startup = "Startup"
    /// Whether it has to be restarted.
    case liveness = "Liveness"
    /// Whether it gets traffic.
    case readiness = "Readiness"

    /// What holds for a container before its first answers count.
    public var initialResult: ProbeResult {
        switch self {
        case .startup: .unknown
        case .liveness: .success
        case .readiness: .failure
        }
    }
}

/// A probe of a container (Kubernetes `v1.Probe`), with the host and the port found out by the caller. Defaults are
/// the API's.
public struct Probe: Sendable, Equatable {
    public var handler: ProbeHandler
    /// Since the container's start.
    public var initialDelay: Duration = .zero
    public var period: Duration = .seconds(10)
    public var timeout: Duration = .seconds(1)
    /// Successes in a row after a failure that make a success.
    public var successThreshold = 1
    /// Failures in a row that make a failure.
    public var failureThreshold = 3
    /// The time that a container has to end after this probe failed, where it is not the pod's. Passed through.
    public var terminationGracePeriodSeconds: Int64?

    public init(_ handler: ProbeHandler) {
        self.handler = handler
    }
}

/// How a container is asked: by a probe (`v1.ProbeHandler`) or by a lifecycle hook (`v1.LifecycleHandler`).
public enum ProbeHandler: Sendable, Equatable {
    case httpGet(HTTPGet)
    /// Whether somebody accepts a connection.
    case tcpSocket(host: String, port: Int)
    /// What `grpc.health.v1.Health/Check` says about the service, over HTTP/2 without TLS.
    case grpc(host: String, port: Int, service: String)
    /// A program in the container, not run by a shell; exit code 0 is success.
    case exec(command: [String])
    /// Nothing but time (hooks).
    case sleep(Duration)
    /// What it says cannot be asked, and why: an error each time, which says nothing about the container.
    case impossible(reason: String)
}

/// A request whose response's status is the answer (`v1.HTTPGetAction`).
public struct HTTPGet: Sendable, Equatable {
    public enum Scheme: String, Sendable {
        case http
        /// Certificates are not verified.
        case https
    }

    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var scheme: Scheme = .http
    /// An address, or a name that this node resolves.
    public var host: String
    public var port: Int
    /// With its query.
    public var path = "/"
    /// Sent besides the usual ones; `Host`, `User-Agent` and `Accept` replace them, and the latter two are left out
    /// when they are empty.
    public var headers: [Header] = []

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Who asks; it decides which HTTP responses count as a success.
public enum ProbePurpose: Sendable {
    /// The status decides.
    case probe
    /// A lifecycle hook: any response will do.
    case hook

    var userAgent: String {
        switch self {
        case .probe: "kube-probe"
        case .hook: "kube-lifecycle"
        }
    }
}

/// What one attempt has shown.
public struct ProbeAnswer: Sendable, Equatable {
    public enum Verdict: Sendable {
        case success
        /// Success with something that the owner should know.
        case warning
        case failure
        /// It could not be asked: this says nothing about the container.
        case error
    }

    public var verdict: Verdict
    /// In the words that users of Kubernetes know; the beginning of a response's body or of a program's output.
    public var message: String

    public init(_ verdict: Verdict, _ message: String) {
        self.verdict = verdict
        self.message = message
    }

    public var isSuccess: Bool { verdict == .success || verdict == .warning }
}

/// What a probe's attempts add up to.
public enum ProbeResult: String, Sendable {
    case unknown, success, failure
}

/// Runs a program in a container and waits for its end: the container runtime.
public protocol ExecProber: Sendable {
    /// - Parameter timeout: after this the program is killed, and `ExecTimeout` thrown.
    func exec(_ command: [String], in container: String, timeout: Duration) async throws -> ExecAnswer
}

public struct ExecAnswer: Sendable, Equatable {
    public var exitCode: Int32
    /// Standard output and standard error.
    public var output: [UInt8]

    public init(exitCode: Int32, output: [UInt8]) {
        self.exitCode = exitCode
        self.output = output
    }
}

/// A program in a container has not ended in time.
public struct ExecTimeout: Error {
    public init() {}
}
