import NIOCore

/// One probe of one container: its timer, and the attempt that is under way. Lives on the event loop.
final class ProbeWorker {
    let kind: ProbeKind
    let probe: Probe
    var verdict: ProbeVerdict
    var counts: ProbeCounts

    private let loop: any EventLoop
    private let begin: (ProbeHandler, Duration) -> Attempt
    private let answered: (ProbeWorker, ProbeAnswer) -> Void
    private var timer: Scheduled<Void>?
    private var attempt: Attempt?
    /// The time for the next attempt came while one was under way.
    private var isDue = false

    /// - Parameters:
    ///   - begin: starts an attempt on the loop.
    ///   - answered: called on the loop after each attempt.
    init(
        _ kind: ProbeKind, _ probe: Probe, adopted: ProbedContainer.Adopted?, counts: ProbeCounts,
        on loop: any EventLoop, begin: @escaping (ProbeHandler, Duration) -> Attempt,
        answered: @escaping (ProbeWorker, ProbeAnswer) -> Void
    ) {
        self.kind = kind
        self.probe = probe
        self.loop = loop
        self.begin = begin
        self.answered = answered
        self.counts = counts
        verdict = ProbeVerdict(kind, probe, adopted: adopted)
    }

    /// Probes for the first time then, and from then on with its period. Only its first call counts.
    func start(at time: NIODeadline) {
        guard timer == nil, attempt == nil, !verdict.isFinal else { return }
        schedule(at: time)
    }

    /// Probes no more.
    func stop() {
        timer?.cancel()
        timer = nil
        isDue = false
        let ended = attempt
        attempt = nil
        ended?.cancel()
    }

    private func schedule(at time: NIODeadline) {
        timer = loop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in self?.tick(time) }
    }

    private func tick(_ time: NIODeadline) {
        // From the time that was meant, so that delays do not add up; what was missed altogether is left out.
        let period = TimeAmount(probe.period)
        var next = time + period
        if next < loop.now { next = loop.now + period }
        schedule(at: next)
        if attempt == nil { ask() } else { isDue = true }
    }

    private func ask() {
        let start = loop.now
        let attempt = begin(probe.handler, probe.timeout)
        self.attempt = attempt
        attempt.answer.assumeIsolated().whenSuccess { [weak self] answer in
            // What was stopped has no say any more.
            guard let self, self.attempt === attempt else { return }
            self.attempt = nil
            counts.add(answer.verdict, seconds: Double((loop.now - start).nanoseconds) / 1e9)
            answered(self, answer)
            if verdict.isFinal {
                stop()
            } else if isDue {
                isDue = false
                ask()
            }
        }
    }
}
