/// What a probe's answers add up to, by its thresholds.
struct ProbeVerdict {
    private let kind: ProbeKind
    private let successThreshold: Int
    private let failureThreshold: Int
    private(set) var result: ProbeResult
    /// Nothing more is asked of this container: it is about to be restarted, or has started.
    private(set) var isFinal = false
    private var last: Bool?
    private var run = 0

    init(_ kind: ProbeKind, _ probe: Probe, adopted: ProbedContainer.Adopted?) {
        self.kind = kind
        successThreshold = probe.successThreshold
        failureThreshold = probe.failureThreshold
        result = kind.initialResult
        guard let adopted else { return }
        switch kind {
        case .startup where adopted.hasStarted:
            result = .success
            isFinal = true
        case .readiness where adopted.isReady: result = .success
        default: break
        }
    }

    /// - Returns: whether the result is another one now.
    mutating func add(isSuccess: Bool) -> Bool {
        run = isSuccess == last ? run + 1 : 1
        last = isSuccess
        guard run >= (isSuccess ? successThreshold : failureThreshold) else { return false }
        // A container whose program is being ended is asked no more: that would only find a program that ends.
        isFinal = kind == .startup || kind == .liveness && !isSuccess
        return change(to: isSuccess ? .success : .failure)
    }

    /// What is true without asking.
    mutating func settle(_ result: ProbeResult) -> Bool {
        isFinal = true
        return change(to: result)
    }

    private mutating func change(to new: ProbeResult) -> Bool {
        defer { result = new }
        return new != result
    }
}
