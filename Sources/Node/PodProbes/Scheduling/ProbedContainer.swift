/// A container that runs, and how it is probed.
public struct ProbedContainer: Sendable, Equatable {
    /// What holds for a container that was probed before this agent started.
    public struct Adopted: Sendable, Equatable {
        /// Its startup probe had succeeded.
        public var hasStarted: Bool
        public var isReady: Bool

        public init(hasStarted: Bool, isReady: Bool) {
            self.hasStarted = hasStarted
            self.isReady = isReady
        }
    }

    public var pod: ProbedPod
    public var name: String
    /// The runtime's id, another one after each restart.
    public var id: String
    /// How long ago it started.
    public var age: Duration
    public var probes: [ProbeKind: Probe]
    /// Set for what ran before this agent did. Its first probes are spread over their periods, so that a restart of
    /// the agent does not ask a whole node at once.
    public var adopted: Adopted?

    public init(
        pod: ProbedPod, name: String, id: String, age: Duration = .zero, probes: [ProbeKind: Probe],
        adopted: Adopted? = nil
    ) {
        self.pod = pod
        self.name = name
        self.id = id
        self.age = age
        self.probes = probes
        self.adopted = adopted
    }
}

public struct ProbedPod: Sendable, Hashable {
    public var uid: String
    public var namespace: String
    public var name: String

    public init(uid: String, namespace: String, name: String) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }
}

/// What whoever keeps pods running has to know: a result that changed, or an attempt that was no plain success.
public struct ProbeReport: Sendable, Equatable {
    public var pod: ProbedPod
    public var container: String
    public var containerID: String
    public var kind: ProbeKind
    /// After the thresholds.
    public var result: ProbeResult
    /// Whether the result is another one than before.
    public var isChange: Bool
    /// What the attempt said that led to this report; none where the result changed for another reason.
    public var answer: ProbeAnswer?

    /// The text of the event that Kubernetes makes of it: reason `Unhealthy`, or `ProbeWarning`. None for successes.
    public var eventMessage: String? {
        switch answer?.verdict {
        case .failure: "\(kind.rawValue) probe failed: \(answer?.message ?? "")"
        case .warning: "\(kind.rawValue) probe warning: \(answer?.message ?? "")"
        case .error:
            "\(kind.rawValue) probe errored and resulted in unknown state: \(answer?.message ?? "")"
        case .success, nil: nil
        }
    }
}
