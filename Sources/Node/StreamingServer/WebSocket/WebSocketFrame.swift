import NIOCore

/// Frames that are sent, and the numbers of the protocol (RFC 6455, section 5). A server's frames have no mask.
enum WebSocketFrame {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    enum CloseCode: UInt16 {
        case normal = 1000
        case protocolError = 1002
    }

    /// A whole message: `prefix`, then `payload`.
    static func message(_ opcode: Opcode, prefix: [UInt8] = [], _ payload: ByteBuffer) -> ByteBuffer {
        let length = prefix.count + payload.readableBytes
        var frame = ByteBuffer()
        frame.reserveCapacity(10 + length)
        frame.writeInteger(0x80 | opcode.rawValue)
        if length < 126 {
            frame.writeInteger(UInt8(length))
        } else if length <= UInt16.max {
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(length))
        } else {
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(length))
        }
        frame.writeBytes(prefix)
        frame.writeImmutableBuffer(payload)
        return frame
    }

    static func close(_ code: CloseCode) -> ByteBuffer {
        message(.close, ByteBuffer(integer: code.rawValue))
    }
}
