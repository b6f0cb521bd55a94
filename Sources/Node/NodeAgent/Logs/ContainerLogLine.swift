/// One line of a container's log in the CRI's format: `2026-01-02T15:04:05.123456789Z stdout F text`.
struct ContainerLogLine {
    enum Stream: UInt8, Sendable {
        case stdout, stderr
    }

    /// As it stands in the file.
    let time: ArraySlice<UInt8>
    let stream: Stream
    /// The container's line goes on in the next one of its stream.
    let isPartial: Bool
    let text: ArraySlice<UInt8>

    /// - Parameter line: without its newline.
    /// - Returns: nil where that is no line of a log.
    init?(_ line: ArraySlice<UInt8>) {
        let space = UInt8(ascii: " ")
        guard let first = line.firstIndex(of: space),
            let second = line[(first + 1)...].firstIndex(of: space)
        else { return nil }
        switch line[(first + 1)..<second] {
        case "stdout": stream = .stdout
        case "stderr": stream = .stderr
        default: return nil
        }
        // Without a text there is no third space.
        let third = line[(second + 1)...].firstIndex(of: space) ?? line.endIndex
        // Further tags may follow, after colons.
        let tag = line[(second + 1)..<third].prefix { $0 != UInt8(ascii: ":") }
        switch tag {
        case "P": isPartial = true
        case "F": isPartial = false
        default: return nil
        }
        time = line[..<first]
        text = third < line.endIndex ? line[(third + 1)...] : []
    }
}

/// Compares bytes with an ASCII word, for patterns.
private func ~= (word: StaticString, bytes: ArraySlice<UInt8>) -> Bool {
    word.withUTF8Buffer { bytes.elementsEqual($0) }
}
