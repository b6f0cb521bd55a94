import NIOCore

/// Reads `{"Width":80,"Height":24}`, one after the other and cut anywhere, as terminals' sizes come.
package struct ResizeDecoder {
    private var object: [UInt8] = []

    package init() {}

    /// The sizes that are complete now. Throws at anything that is not such an object, or too long for one.
    package mutating func append(_ bytes: ByteBuffer) throws(StreamingError) -> [TerminalSize] {
        var sizes: [TerminalSize] = []
        for byte in bytes.readableBytesView {
            if object.isEmpty, Self.isSpace(byte) { continue }
            object.append(byte)
            if byte == UInt8(ascii: "}") {
                sizes.append(try Self.parse(object))
                object.removeAll(keepingCapacity: true)
            } else if object.count > SessionLimits.terminalSize {
                throw StreamingError(
                    .limit, "resize: more than \(SessionLimits.terminalSize) bytes for one size")
            }
        }
        return sizes
    }

    /// One flat object. Names in any case, as Go's decoder takes them; other members are passed over.
    private static func parse(_ object: [UInt8]) throws(StreamingError) -> TerminalSize {
        let text = String(decoding: object.filter { !isSpace($0) }, as: UTF8.self)
        guard text.hasPrefix("{") else { throw unreadable(text) }
        var size = TerminalSize(width: 0, height: 0)
        for member in text.dropFirst().dropLast().split(separator: ",") {
            let parts = member.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].count >= 2, parts[0].hasPrefix("\""), parts[0].hasSuffix("\"")
            else { throw unreadable(text) }
            let name = parts[0].dropFirst().dropLast().lowercased()
            guard name == "width" || name == "height" else { continue }
            guard let value = UInt16(parts[1]) else { throw unreadable(text) }
            if name == "width" { size.width = value } else { size.height = value }
        }
        return size
    }

    private static func unreadable(_ text: String) -> StreamingError {
        StreamingError(.protocolViolation, "resize: '\(text.prefix(64))' is no terminal size")
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
