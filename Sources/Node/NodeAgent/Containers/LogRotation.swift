import Glibc
import KubernetesAPI
import LinuxKernel
import Logging

/// Keeps containers' logs from filling the disk (`containerLogMaxSize`, `containerLogMaxFiles`): a log that has grown
/// too large is renamed, and the runtime opens a new one. Before that the oldest parts are removed, and the others
/// compressed.
struct LogRotation: Sendable {
    let services: AgentServices

    func run() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(
                    for: services.settings.kubelet.containerLogMonitorInterval ?? .seconds(10))
            } catch {
                return
            }
            let pods = services.statuses.pods.filter {
                $0.status.phase == .running || $0.status.phase == .pending
            }
            await withTaskGroup(of: Void.self) { group in
                // So many at once, and the next one when one is done.
                let workers = Int(services.settings.kubelet.containerLogMaxWorkers ?? 1)
                for (index, pod) in pods.enumerated() {
                    if index >= workers { await group.next() }
                    group.addTask { await look(at: pod) }
                }
            }
        }
    }

    private func look(at pod: Pod) async {
        // Where its name is none, no container has begun.
        guard let folder = try? services.settings.logFolder(of: pod) else { return }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses
            + pod.status.ephemeralContainerStatuses
        for status in statuses where status.state.running != nil {
            let id = String(status.containerID.split(separator: "/").last ?? "")
            let path = "\(folder)/\(status.name)/\(status.restartCount).log"
            var file = stat()
            guard stat(path, &file) == 0, file.st_size > services.settings.containerLogMaxSize else {
                continue
            }
            do {
                try await rotate(path, of: id)
            } catch {
                services.log.warning(
                    "rotate \(path): \(error)",
                    metadata: ["pod": "\(pod.fullName)", "container": "\(status.name)"])
            }
        }
    }

    private func rotate(_ path: String, of container: String) async throws {
        let files = Int(services.settings.kubelet.containerLogMaxFiles ?? 5)
        do {
            try await IdleThread.run { try LogParts.makeRoom(beside: path, files: files) }
        } catch {
            // A log that grows without an end is worse than a part too many.
            services.log.warning("older parts of \(path): \(error)")
        }
        let old = path + "." + Self.stamp
        _ = try check("rename", path) { rename(path, old) }
        do {
            try await services.runtime.reopenLog(container)
        } catch {
            // The runtime goes on writing into the file that it has: it gets its name back.
            rename(old, path)
            throw error
        }
    }

    /// `20260102-150405`, as the kubelet names them.
    private static var stamp: String {
        let text = Time.now.description
        return text.filter(\.isNumber).enumerated().map {
            $0.offset == 8 ? "-\($0.element)" : "\($0.element)"
        }.joined()
    }
}
