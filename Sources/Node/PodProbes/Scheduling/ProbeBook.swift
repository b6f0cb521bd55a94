import NIOCore

/// The containers that are probed, and the rules between their probes. Lives on the event loop.
final class ProbeBook {
    private struct Key: Hashable {
        var uid: String
        var container: String
    }

    private struct Entry {
        var container: ProbedContainer
        var start: NIODeadline
        var isRunning = true
        var workers: [ProbeWorker] = []
    }

    private let loop: any EventLoop
    private let jitter: () -> Double
    private let begin: ProbeScheduler.Begin
    private let report: (ProbeReport) -> Void
    private let end: () -> Void
    private var entries: [Key: Entry] = [:]
    /// The containers of a pod.
    private var pods: [String: [Key]] = [:]
    private var terminatingPods: Set<String> = []

    init(
        on loop: any EventLoop, jitter: @escaping () -> Double, begin: @escaping ProbeScheduler.Begin,
        report: @escaping (ProbeReport) -> Void, end: @escaping () -> Void
    ) {
        self.loop = loop
        self.jitter = jitter
        self.begin = begin
        self.report = report
        self.end = end
    }

    func track(_ container: ProbedContainer) {
        let key = Key(uid: container.pod.uid, container: container.name)
        let previous = entries[key]
        if let previous, previous.container.id == container.id,
            previous.container.probes == container.probes
        {
            return
        }
        for worker in previous?.workers ?? [] { worker.stop() }
        if previous == nil { pods[key.uid, default: []].append(key) }

        var entry = Entry(container: container, start: loop.now - TimeAmount(container.age))
        for kind in ProbeKind.allCases {
            guard let probe = container.probes[kind] else { continue }
            let counts = previous?.workers.first { $0.kind == kind }?.counts ?? ProbeCounts()
            entry.workers.append(
                ProbeWorker(
                    kind, probe, adopted: container.adopted, counts: counts, on: loop,
                    begin: { [begin, loop] in begin($0, container.id, $1, loop) },
                    answered: { [weak self] in self?.answered(key, $0, $1) }))
        }
        entries[key] = entry
        if terminatingPods.contains(key.uid) { settleForTermination(key) }
        startWorkers(of: key, spread: container.adopted != nil)
    }

    func ended(_ uid: String, _ name: String, _ id: String) {
        let key = Key(uid: uid, container: name)
        guard let entry = entries[key], entry.isRunning, entry.container.id == id else { return }
        entries[key]?.isRunning = false
        for worker in entry.workers {
            worker.stop()
            settle(key, worker, .failure, says: worker.kind == .readiness)
        }
    }

    func terminating(_ uid: String) {
        guard terminatingPods.insert(uid).inserted else { return }
        for key in pods[uid] ?? [] {
            settleForTermination(key)
            // Where startup was still waited for, readiness is now asked.
            startWorkers(of: key)
        }
    }

    func forget(_ uid: String) {
        terminatingPods.remove(uid)
        for key in pods.removeValue(forKey: uid) ?? [] {
            for worker in entries.removeValue(forKey: key)?.workers ?? [] { worker.stop() }
        }
    }

    func forgetAll() {
        for uid in Array(pods.keys) { forget(uid) }
        end()
    }

    var series: [ProbeSeries] {
        let ordered = entries.values.sorted {
            ($0.container.pod.namespace, $0.container.pod.name, $0.container.name)
                < ($1.container.pod.namespace, $1.container.pod.name, $1.container.name)
        }
        return ordered.flatMap { entry in
            entry.workers.map {
                ProbeSeries(
                    kind: $0.kind, pod: entry.container.pod, container: entry.container.name,
                    counts: $0.counts)
            }
        }
    }

    // MARK: Rules

    /// Starts what may be asked now: startup, and the others only when that has succeeded.
    /// - Parameter spread: each at a random moment of its period.
    private func startWorkers(of key: Key, spread: Bool = false) {
        guard let entry = entries[key], entry.isRunning else { return }
        let startup = entry.workers.first { $0.kind == .startup }
        let hasStarted = startup.map { $0.verdict.result == .success } ?? true
        for worker in entry.workers where worker.kind == .startup || hasStarted {
            let earliest = max(loop.now, entry.start + TimeAmount(worker.probe.initialDelay))
            let period = Double(TimeAmount(worker.probe.period).nanoseconds)
            worker.start(at: spread ? earliest + .nanoseconds(Int64(period * jitter())) : earliest)
        }
    }

    private func answered(_ key: Key, _ worker: ProbeWorker, _ answer: ProbeAnswer) {
        guard entries[key] != nil else { return }
        guard answer.verdict != .error else {
            return tell(key, worker, isChange: false, answer)
        }
        let isChange = worker.verdict.add(isSuccess: answer.isSuccess)
        if isChange || answer.verdict != .success { tell(key, worker, isChange: isChange, answer) }
        if isChange, worker.kind == .startup { startWorkers(of: key) }
    }

    private func settleForTermination(_ key: Key) {
        guard let entry = entries[key], entry.isRunning else { return }
        for worker in entry.workers where worker.kind != .readiness {
            worker.stop()
            settle(key, worker, .success, says: true)
        }
    }

    private func settle(_ key: Key, _ worker: ProbeWorker, _ result: ProbeResult, says: Bool) {
        if worker.verdict.settle(result), says { tell(key, worker, isChange: true, nil) }
    }

    private func tell(_ key: Key, _ worker: ProbeWorker, isChange: Bool, _ answer: ProbeAnswer?) {
        guard let container = entries[key]?.container else { return }
        report(
            ProbeReport(
                pod: container.pod, container: container.name, containerID: container.id, kind: worker.kind,
                result: worker.verdict.result, isChange: isChange, answer: answer))
    }
}
