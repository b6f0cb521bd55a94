import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes

/// What a container says at its end (`terminationMessagePath`, `terminationMessagePolicy`).
package enum LastWords {
    /// Bytes and lines of the log that stand for it.
    private static let longestLog = 2048
    private static let mostLines = 80
    /// Bytes of the log's file that are read: so many lines with their times, and a line that is longer than what is
    /// shown of it.
    private static let window = 64 << 10
    /// Bytes that all containers of a pod may say together (the kubelet's own constant).
    private static let longestOfPod = 12 << 10

    static func read(_ record: ContainerRecord, _ pod: Pod, _ settings: AgentSettings) -> String {
        let place = record.annotations[PodLabels.terminationMessagePath] ?? ""
        let path = record.mounts.first {
            $0.containerPath == (place.isEmpty ? "/dev/termination-log" : place)
        }?.hostPath
        var message = path.map(words) ?? ""
        if message.isEmpty, record.exitCode != 0,
            record.annotations[PodLabels.terminationMessagePolicy] == "FallbackToLogsOnError"
        {
            message = LogPlace.path(of: record, pod, settings).map(endOfLog) ?? ""
        }
        return message
    }

    /// What a pod's status has of a message: the beginning, so that those of all containers are not too long together.
    package static func share(of message: String, in pod: Pod) -> String {
        let limit = longestOfPod / max(1, pod.everyContainer.count)
        if message.utf8.count <= limit { return message }
        // A character of which there is only a part is left out.
        for length in stride(from: limit, to: limit - 4, by: -1) {
            if let text = String(message.utf8.prefix(length)) { return text }
        }
        return ""
    }

    private static func words(_ path: String) -> String {
        do {
            return try TerminationMessage.read(path) ?? ""
        } catch {
            return "the container's termination message cannot be read: \(error)"
        }
    }

    // MARK: From the log

    /// The end of a log in the CRI's format, however large it is.
    package static func endOfLog(_ path: String) -> String {
        do {
            let (bytes, isCut) = try tail(path)
            return lastLines(bytes, isCut: isCut)
        } catch {
            // Collected: there is none to show.
            return ""
        }
    }

    /// - Returns: also whether something is before it in the file.
    private static func tail(_ path: String) throws(KernelError) -> (bytes: [UInt8], isCut: Bool) {
        let file = try FileDescriptor.open(path, O_RDONLY)
        let start = max(0, Int(try file.status().st_size) - window)
        _ = try check("seek", path) { lseek(file.raw, start, SEEK_SET) }
        return (try file.readToEnd(), start > 0)
    }

    /// The content of the last lines: `TIME STREAM TAG CONTENT`, where the tag `P` means that the line goes on in the
    /// next one.
    private static func lastLines(_ bytes: [UInt8], isCut: Bool) -> String {
        let newline = UInt8(ascii: "\n")
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)[...]
        // What follows the last newline is nothing, or a line that was not written to its end.
        let isFinished = lines.last?.isEmpty ?? true
        if isFinished { lines = lines.dropLast() }
        var text: [UInt8] = []
        for (index, line) in lines.enumerated().suffix(mostLines) {
            if index == 0, isCut {
                // A line longer than all that is shown: its beginning is not here.
                text += line + [newline]
                continue
            }
            let fields = line.split(
                separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4 else { continue }
            text += fields[3]
            let goesOn = fields[2].first == UInt8(ascii: "P")
            if !goesOn, isFinished || index < lines.count - 1 { text.append(newline) }
        }
        // Not in the midst of a character.
        return String(
            decoding: text.suffix(longestLog).drop { $0 & 0b1100_0000 == 0b1000_0000 }, as: UTF8.self)
    }
}
