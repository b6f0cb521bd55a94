import CRIProtocol
import Synchronization

/// How much of processors pods and containers use now: what was used between two readings over the time between. For
/// runtimes that do not tell, or tell nothing at first.
package final class ProcessorRates: Sendable {
    private struct Sample {
        var usage: UInt64
        var time: Int64
        var rate: UInt64?
    }

    /// Nanoseconds; less says nothing.
    private static let shortest: Int64 = 1_000_000_000

    /// By id. Those of what is gone go with the next reading.
    private let samples = Mutex<[String: Sample]>([:])

    package init() {}

    /// Puts the rates where there are none.
    package func fill(_ stats: inout [CRIPodSandboxStats]) {
        samples.withLock { before in
            var now: [String: Sample] = [:]
            for index in stats.indices {
                Self.fill(&stats[index].linux.cpu, of: stats[index].attributes.id, before, &now)
                for place in stats[index].linux.containers.indices {
                    let id = stats[index].linux.containers[place].attributes.id
                    Self.fill(&stats[index].linux.containers[place].cpu, of: id, before, &now)
                }
            }
            before = now
        }
    }

    private static func fill(
        _ cpu: inout CRICpuUsage, of id: String, _ before: [String: Sample], _ now: inout [String: Sample]
    ) {
        guard cpu.hasUsageCoreNanoSeconds, cpu.timestamp > 0 else { return }
        var sample = Sample(usage: cpu.usageCoreNanoSeconds.value, time: cpu.timestamp)
        if let old = before[id], sample.usage >= old.usage {
            let passed = sample.time - old.time
            if passed >= shortest {
                sample.rate = UInt64(Double(sample.usage - old.usage) / Double(passed) * 1e9)
            } else {
                sample = old
            }
        }
        now[id] = sample
        // containerd says 0 at its own first look.
        if cpu.usageNanoCores.value == 0, let rate = sample.rate { cpu.usageNanoCores.value = rate }
    }
}
