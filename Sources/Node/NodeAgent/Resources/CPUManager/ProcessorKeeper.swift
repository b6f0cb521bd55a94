import CRIProtocol
import KubernetesAPI
import Logging

/// Moves containers that run to the processors that are theirs now: those that share do so with others after each pod
/// that has come or gone. What is there is looked at now and then, also for containers that began in between.
struct ProcessorKeeper {
    let cpus: CPUManager
    let runtime: CRIRuntime
    let interval: Duration
    let log: Logger

    func run() async {
        var applied: [String: CPUSet] = [:]
        while !Task.isCancelled {
            do {
                applied = try await look(applied)
            } catch {
                if Task.isCancelled { return }
                log.warning("assign processors to containers: \(error)")
            }
            await cpus.changed.wait(until: .now + interval)
        }
    }

    /// - Returns: what each container that runs is held to.
    private func look(_ before: [String: CPUSet]) async throws -> [String: CPUSet] {
        var now: [String: CPUSet] = [:]
        for container in try await runtime.containers() where container.state == .containerRunning {
            guard let uid = container.labels[PodLabels.uid] else { continue }
            let wanted = cpus.cpus(of: container.metadata.name, in: uid)
            if before[container.id] != wanted {
                var resources = CRILinuxContainerResources()
                resources.cpusetCpus = "\(wanted)"
                do throws(RuntimeError) {
                    try await runtime.update(container.id, resources: resources)
                } catch {
                    log.warning("processors of container \(container.metadata.name): \(error)")
                    continue
                }
            }
            now[container.id] = wanted
        }
        return now
    }
}
