import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes

/// What a pod leaves behind while it goes on: earlier attempts of its containers, with their logs and last words, and
/// earlier sandboxes. Of each container the newest attempt stays, and the one before it.
extension PodWorker {
    private static let kept = 2

    func collect() async throws {
        guard let runtime else { return }
        var left: [String: Int] = [:]
        for record in runtime.containers {
            left[record.name, default: 0] += 1
            guard left[record.name, default: 0] > Self.kept, record.state == .exited else { continue }
            unlinkLog(of: record.id)
            try await services.runtime.removeContainer(record.id)
            removeLog(of: record)
            if let mounts {
                let attempts = runtime.containers.filter { $0.name == record.name }.prefix(Self.kept).map {
                    String($0.attempt)
                }
                try TerminationMessage.removeOld(of: record.name, besides: Set(attempts), in: mounts.folder)
            }
        }
        let used = Set(runtime.containers.map(\.sandbox))
        for sandbox in runtime.sandboxes.dropFirst() where !sandbox.isReady && !used.contains(sandbox.id) {
            try await services.runtime.removeSandbox(sandbox.id)
        }
    }

    /// Of the containers that are there, each has a link to its log.
    func linkLogs() {
        let records = runtime?.containers ?? []
        let ids = Set(records.map(\.id))
        for id in logLinks.keys where !ids.contains(id) { unlinkLog(of: id) }
        for record in records where logLinks[record.id] == nil {
            // It may not be there yet, or not at all: runtimes may keep logs elsewhere.
            guard let path = LogPlace.path(of: record, pod, services.settings), access(path, F_OK) == 0 else {
                continue
            }
            let link = services.settings.logLink(of: record, pod)
            if services.logLinks.make(link, to: path) { logLinks[record.id] = link }
        }
    }

    /// Before its container goes: whoever comes after an agent that is killed in between finds that, and ends both.
    func unlinkLog(of id: String) {
        guard let link = logLinks.removeValue(forKey: id) else { return }
        services.logLinks.remove(link)
    }

    /// With what rotation has made of it.
    private func removeLog(of record: ContainerRecord) {
        guard let path = LogPlace.path(of: record, pod, services.settings) else { return }
        for file in LogPlace.rotated(path) + [path] where unlink(file) != 0 && Errno.current != .noEntry {
            log.warning("remove \(file): \(Errno.current)")
        }
    }
}

/// Where a container's log is, and its older parts.
enum LogPlace {
    /// - Returns: nil where the pod can have no folder for it.
    static func path(of record: ContainerRecord, _ pod: Pod, _ settings: AgentSettings) -> String? {
        if record.logPath.hasPrefix("/") { return record.logPath }
        return (try? settings.logFolder(of: pod)).map { $0 + "/" + record.logPath }
    }

    /// `PATH.TIME` and `PATH.TIME.gz`, the oldest first.
    static func rotated(_ path: String) -> [String] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast().joined(separator: "/")
        let name = String(parts.last ?? "")
        do {
            return try AgentFiles.names(in: folder).filter { $0.hasPrefix(name + ".") }.sorted().map {
                folder + "/" + $0
            }
        } catch {
            // A folder that cannot be read has nothing to be removed by us.
            return []
        }
    }
}
