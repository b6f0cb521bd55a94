import KubernetesAPI
import LinuxKernel
import Logging
import Synchronization

/// Which manifests had pods, in a file: an agent that finds one of them empty when it starts does not take its pods for
/// nobody's.
final class ManifestRecord: Sendable {
    private struct State {
        /// Their paths; nil where there is a record that cannot be read: each may have had some.
        var files: Set<String>? = []
        /// Whether the last write failed.
        var hasFailed = false
    }

    private let path: String
    private let log: Logger
    private let state = Mutex(State())

    init(path: String, log: Logger) {
        self.path = path
        self.log = log
    }

    /// What the agent before has written.
    func read() {
        let files: Set<String>?
        do {
            let text = try AgentFiles.text(of: path, limit: 16 << 20)
            files = try text.map { try Self.files(in: $0) } ?? []
        } catch {
            log.warning("which manifests had pods is forgotten: \(path): \(error)")
            files = nil
        }
        state.withLock { $0.files = files }
    }

    func has(_ file: String) -> Bool { state.withLock { $0.files?.contains(file) != false } }

    /// Told once where it cannot be written: pods begin all the same.
    func keep(_ files: [String]) {
        let files = Set(files)
        state.withLock { state in
            if state.files == files, !state.hasFailed { return }
            state.files = files
            let text = APIValue.array(files.sorted().map(APIValue.string)).json()
            do throws(KernelError) {
                try AgentFiles.replace(path, String(decoding: text, as: UTF8.self), mode: 0o600)
                state.hasFailed = false
            } catch {
                if !state.hasFailed { log.warning("keep which manifests have pods: \(error)") }
                state.hasFailed = true
            }
        }
    }

    private static func files(in text: String) throws -> Set<String> {
        var problems = Problems()
        let names = [String](from: try APIValue(json: text), at: .root, reporting: &problems)
        if let problem = problems.all.first { throw DamagedRecord(description: "\(problem)") }
        return Set(names)
    }
}

private struct DamagedRecord: Error, CustomStringConvertible {
    let description: String
}
