import NIOCore
import NIOEmbedded
import PodProbes
import Synchronization

/// A scheduler whose time stands still until the test moves it, and whose questions the test answers.
final class StagedScheduler {
    let loop = NIOAsyncTestingEventLoop()
    let scheduler: ProbeScheduler
    private let asked: Asked
    private var reports: AsyncStream<ProbeReport>.Iterator

    private final class Asked: Sendable {
        let attempts = Mutex<[(handler: ProbeHandler, container: String, attempt: Attempt)]>([])
    }

    init(jitter: Double = 0.5) async {
        // Containers are older than nothing.
        await loop.advanceTime(by: .hours(1))
        let asked = Asked()
        self.asked = asked
        scheduler = ProbeScheduler(on: loop, jitter: { jitter }) { handler, container, timeout, loop in
            let attempt = Attempt(on: loop, timeout: timeout)
            asked.attempts.withLock { $0.append((handler, container, attempt)) }
            return attempt
        }
        reports = scheduler.reports.makeAsyncIterator()
    }

    /// Lets the time pass; then carries out what was ordered.
    func pass(_ duration: Duration = .zero) async {
        await loop.run()
        await loop.advanceTime(by: TimeAmount(duration))
        await loop.run()
    }

    /// The commands that are being asked, in their order.
    var questions: [String] {
        asked.attempts.withLock { $0.map { name($0.handler) } }
    }

    var containers: [String] {
        asked.attempts.withLock { $0.map(\.container) }
    }

    /// Answers the oldest question with this name.
    func answer(_ question: String, _ verdict: ProbeAnswer.Verdict, _ message: String = "") async {
        let attempt = asked.attempts.withLock { attempts in
            attempts.firstIndex { name($0.handler) == question }.map { attempts.remove(at: $0).attempt }
        }
        attempt?.finish(ProbeAnswer(verdict, message))
        await loop.run()
    }

    /// Forgets questions that nobody waits for.
    func drop() {
        asked.attempts.withLock { $0.removeAll() }
    }

    /// What was reported since the last look.
    func said() async -> [String] {
        // Ended by a report that nothing else makes.
        scheduler.track(.marker)
        await pass()
        await answer("marker", .warning)
        scheduler.forget(pod: "marker")
        await pass()
        var texts: [String] = []
        while let report = await reports.next(), report.pod.uid != "marker" {
            texts.append(
                "\(report.containerID) \(report.kind) \(report.result)\(report.isChange ? "!" : "")"
                    + (report.answer.map { $0.message.isEmpty ? "" : ": \($0.message)" } ?? " unasked"))
        }
        return texts
    }
}

private func name(_ handler: ProbeHandler) -> String {
    if case .exec(let command) = handler { return command.joined(separator: " ") }
    return "\(handler)"
}

extension ProbedContainer {
    fileprivate static let marker = ProbedContainer(
        pod: ProbedPod(uid: "marker", namespace: "", name: ""), name: "", id: "",
        probes: [.startup: Probe(.exec(command: ["marker"]))])

    /// A container of pod `p` whose probes are asked under their kinds' names, each second.
    static func test(
        _ id: String, pod: String = "p", age: Duration = .zero, adopted: Adopted? = nil,
        _ kinds: ProbeKind..., change: (inout Probe) -> Void = { _ in }
    ) -> ProbedContainer {
        var probes: [ProbeKind: Probe] = [:]
        for kind in kinds {
            var probe = Probe(.exec(command: ["\(kind)"]))
            probe.period = .seconds(1)
            probe.timeout = .seconds(10)
            change(&probe)
            probes[kind] = probe
        }
        return ProbedContainer(
            pod: ProbedPod(uid: pod, namespace: "default", name: "pod-\(pod)"), name: "main", id: id,
            age: age,
            probes: probes, adopted: adopted)
    }
}
