import KubernetesAPI
import LinuxKernel
import PodVolumes

/// What a container says at its end (`terminationMessagePath`, `terminationMessagePolicy`).
enum LastWords {
    /// Bytes and lines of the log that stand for it.
    private static let longestLog = 2048
    private static let mostLines = 80

    static func read(_ record: ContainerRecord, _ pod: Pod, _ settings: AgentSettings) -> String {
        let place = record.annotations[PodLabels.terminationMessagePath] ?? ""
        let path = record.mounts.first { $0.containerPath == (place.isEmpty ? "/dev/termination-log" : place) }?.hostPath
        var message = path.map(words) ?? ""
        if message.isEmpty, record.exitCode != 0,
            record.annotations[PodLabels.terminationMessagePolicy] == "FallbackToLogsOnError"
        {
            message = lastLines(tail(LogPlace.path(of: record, pod, settings), 64 << 10))
        }
        return message
    }

    private static func words(_ path: String) -> String {
        do {
            return try TerminationMessage.read(path) ?? ""
        } catch {
            return "the container's termination message cannot be read: \(error)"
        }
    }

    private static func tail(_ path: String, _ limit: Int) -> String {
        do {
            let bytes = try FileDescriptor.readFile(path, limit: 16 << 20)
            return String(decoding: bytes.suffix(limit), as: UTF8.self)
        } catch {
            // Collected, or larger than any message: there is none to show.
            return ""
        }
    }

    /// The content of the last lines of a log in the CRI's format: `TIME STREAM TAG CONTENT`.
    private static func lastLines(_ text: String) -> String {
        var lines = text.split(separator: "\n").suffix(mostLines).map { line in
            line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3).first.map(String.init)
                ?? ""
        }
        while lines.reduce(0, { $0 + $1.utf8.count + 1 }) > longestLog, !lines.isEmpty { lines.removeFirst() }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }
}
