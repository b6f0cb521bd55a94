import NIOCore

/// Base64 (RFC 4648, section 4) for the text protocols, where each message is encoded for itself.
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity((bytes.readableBytes + 2) / 3 * 4)
        var rest = bytes
        while let group = rest.readBytes(length: min(3, rest.readableBytes)), !group.isEmpty {
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
            for position in 0..<4 {
                result.writeInteger(
                    position <= group.count ? alphabet[bits >> (18 - 6 * position) & 63] : padding)
            }
        }
        return result
    }

    /// Decodes one message that comes in pieces.
    package struct Decoder {
        private var bits: UInt32 = 0
        private var count = 0
        private var paddings = 0

        package init() {}

        package mutating func decode(_ piece: ByteBuffer) throws(StreamingError) -> ByteBuffer {
            var result = ByteBuffer()
            result.reserveCapacity(piece.readableBytes / 4 * 3 + 3)
            for character in piece.readableBytesView {
                // Line ends are no part of it, as for Go's decoder.
                if character == 0x0a || character == 0x0d { continue }
                let value = Base64.values[Int(character)]
                if character == Base64.padding, count >= 2, paddings < 4 - count {
                    paddings += 1
                } else if value != 0xff, paddings == 0 {
                    bits = bits << 6 | UInt32(value)
                    count += 1
                } else {
                    throw Self.invalid
                }
                guard count + paddings == 4 else { continue }
                let whole = bits << (6 * UInt32(paddings))
                for position in 0..<(3 - paddings) {
                    result.writeInteger(UInt8(truncatingIfNeeded: whole >> (16 - 8 * UInt32(position))))
                }
                bits = 0
                // After padding only the message's end may come.
                count = paddings == 0 ? 0 : 4
            }
            return result
        }

        /// Checks that the message was whole.
        package func end() throws(StreamingError) {
            guard count == 0 || count == 4 else { throw Self.invalid }
        }

        private static let invalid = StreamingError(.protocolViolation, "WebSocket: a message is not base64")
    }
}
