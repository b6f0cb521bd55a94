import CRIProtocol
import Logging
import Synchronization

/// One look at what the runtime measures of its pods, with what its lists tell beside.
package struct RuntimeReading: Sendable {
    package var stats: [CRIPodSandboxStats]
    /// By id.
    package var sandboxes: [String: CRIPodSandbox]
    /// By id.
    package var containers: [String: CRIContainer]

    package init(
        stats: [CRIPodSandboxStats], sandboxes: [CRIPodSandbox] = [], containers: [CRIContainer] = []
    ) {
        self.stats = stats
        self.sandboxes = Dictionary(sandboxes.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        self.containers = Dictionary(containers.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }
}

/// Reads what the runtime measures, for whoever asks the agent for numbers.
final class RuntimeMeter: Sendable {
    private let runtime: CRIRuntime
    private let log: Logger
    private let rates = ProcessorRates()
    /// Of metrics of the runtime's own.
    private let absence = Mutex(Absence())

    init(runtime: CRIRuntime, log: Logger) {
        self.runtime = runtime
        self.log = log
    }

    func reading() async throws(RuntimeError) -> RuntimeReading {
        var stats = try await runtime.podStats()
        rates.fill(&stats)
        return RuntimeReading(
            stats: stats, sandboxes: try await runtime.sandboxes(), containers: try await runtime.containers()
        )
    }

    /// The page `/metrics/cadvisor`: the runtime's own numbers, or where it has none (CRI before 1.26, containerd 1.6),
    /// those that can be made of what it measures of pods.
    func cadvisorPage() async throws(RuntimeError) -> String {
        if !absence.withLock({ $0.isBelieved(now: .now) }) {
            do throws(RuntimeError) {
                let descriptors = try await runtime.metricDescriptors()
                let pods = try await runtime.podMetrics()
                absence.withLock { $0.end() }
                return CadvisorMetrics.text(descriptors, pods)
            } catch  where error.isUnimplemented {
                if absence.withLock({ $0.note(now: .now) }) {
                    log.notice(
                        "the runtime has no metrics of its own: they are made of what it measures of pods")
                }
            }
        }
        return CadvisorMetrics.text(try await reading())
    }
}
