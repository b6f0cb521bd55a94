import NIOCore

/// Makes what a reader sees of a log's lines: joins the parts of long ones, leaves out what is not wanted.
struct LogFormatter {
    private let selection: LogSelection
    private var remaining: Int
    /// The streams whose last line is not finished.
    private var openStreams: Set<ContainerLogLine.Stream> = []

    init(_ selection: LogSelection) {
        self.selection = selection
        remaining = selection.limitBytes ?? .max
    }

    /// Nothing more may be said.
    var isFull: Bool { remaining <= 0 }

    /// - Parameter lines: whole lines of the file. What is no line of a log is passed over.
    mutating func format(_ lines: [UInt8]) -> ByteBuffer {
        var output = ByteBuffer()
        output.reserveCapacity(lines.count)
        var rest = lines[...]
        while let end = rest.firstIndex(of: 10), !isFull {
            if let line = ContainerLogLine(rest[..<end]) { add(line, to: &output) }
            rest = rest[(end + 1)...]
        }
        return output
    }

    private mutating func add(_ line: ContainerLogLine, to output: inout ByteBuffer) {
        let continues = openStreams.contains(line.stream)
        if line.isPartial { openStreams.insert(line.stream) } else { openStreams.remove(line.stream) }
        guard line.stream == .stdout ? selection.stdout : selection.stderr else { return }
        if let since = selection.since, let time = LogTime(line.time), time < since { return }
        if selection.timestamps, !continues {
            write(line.time, to: &output)
            write([UInt8(ascii: " ")], to: &output)
        }
        write(line.text, to: &output)
        if !line.isPartial { write([10], to: &output) }
    }

    private mutating func write(_ bytes: ArraySlice<UInt8>, to output: inout ByteBuffer) {
        let part = bytes.prefix(remaining)
        output.writeBytes(part)
        remaining -= part.count
    }
}
