// The log's format is that of the CRI (kubernetes/design-proposals, "CRI: Log management for container stdout/
// stderr streams"): each line `2026-11-19T08:07:06.050403020Z stdout F text`. A line that the container has
// written in part only has the tag `P`, and the rest follows with the next record of that stream. What the
// container writes is logged as it comes, so that a prompt without a newline can be read at once, and joining
// the records gives back exactly what it wrote. A line that only our own read(2) has cut is none: it waits for
// the next one.

/// Which of its two outputs a container wrote to.
public enum LogStream: String, Sendable {
    case stdout
    case stderr
}

/// One line of a log.
public struct LogRecord: Equatable, Sendable {
    public var time: Timestamp
    public var stream: LogStream
    /// The container's line goes on in a later record.
    public var isPartial: Bool
    /// Without the newline.
    public var text: ArraySlice<UInt8>

    /// Reads a line, without its newline.
    /// - Returns: nil for what is no record: the torn rest of a write that a full disk cut off.
    public init?(line: ArraySlice<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let time = Timestamp(String(decoding: parts[0], as: UTF8.self)),
            let stream = LogStream(rawValue: String(decoding: parts[1], as: UTF8.self)),
            // Further tags may follow after a colon.
            let tag = parts[2].first, parts[2].count == 1 || parts[2].dropFirst().first == UInt8(ascii: ":"),
            tag == UInt8(ascii: "F") || tag == UInt8(ascii: "P")
        else { return nil }
        self.time = time
        self.stream = stream
        isPartial = tag == UInt8(ascii: "P")
        text = parts[3]
    }
}
