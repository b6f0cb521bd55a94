import NIOCore

/// What a client's bytes say, frame by frame (SPDY/3.1, sections 2.2 and 2.6).
package enum SPDYEvent {
    case synStream(id: UInt32, headers: ByteBuffer, last: Bool)
    /// Headers that change nothing here, but are part of the compressed stream: of SYN_REPLY and HEADERS.
    case headers(id: UInt32, ByteBuffer, last: Bool)
    case reset(id: UInt32)
    case initialWindow(UInt32)
    case ping(UInt32)
    case goAway
    case windowUpdate(id: UInt32, UInt32)
    /// A piece of a data frame: those can be 16 MiB long, and are not put together. `last` ends the stream.
    case data(id: UInt32, ByteBuffer, last: Bool)
}

/// The numbers of the protocol.
package enum SPDY {
    static let version: UInt16 = 3
    static let finFlag: UInt8 = 1
    /// The window of streams and sessions before anybody changes it (section 2.6.8).
    static let initialWindow = 64 << 10

    enum FrameType: UInt16 {
        case synStream = 1
        case synReply = 2
        case rstStream = 3
        case settings = 4
        case ping = 6
        case goAway = 7
        case headers = 8
        case windowUpdate = 9
    }

    enum ResetStatus: UInt32 {
        case refusedStream = 3
        case cancel = 5
    }

    enum GoAwayStatus: UInt32 {
        case ok = 0
        case protocolError = 1
    }

    package static func data(_ id: UInt32, _ bytes: ByteBuffer, last: Bool) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(8 + bytes.readableBytes)
        frame.writeInteger(id)
        frame.writeInteger(UInt32(last ? finFlag : 0) << 24 | UInt32(bytes.readableBytes))
        frame.writeImmutableBuffer(bytes)
        return frame
    }

    /// Opens a stream without priority.
    package static func synStream(_ id: UInt32, block: [UInt8]) -> ByteBuffer {
        var frame = control(.synStream, length: 10 + block.count)
        frame.writeInteger(id)
        // The stream that it belongs to, priority, slot.
        frame.writeRepeatingByte(0, count: 6)
        frame.writeBytes(block)
        return frame
    }

    static func synReply(_ id: UInt32, block: [UInt8]) -> ByteBuffer {
        var frame = control(.synReply, length: 4 + block.count)
        frame.writeInteger(id)
        frame.writeBytes(block)
        return frame
    }

    static func reset(_ id: UInt32, _ status: ResetStatus) -> ByteBuffer {
        control(.rstStream, [id, status.rawValue])
    }

    package static func ping(_ id: UInt32) -> ByteBuffer {
        control(.ping, [id])
    }

    static func goAway(lastStream: UInt32, _ status: GoAwayStatus) -> ByteBuffer {
        control(.goAway, [lastStream, status.rawValue])
    }

    package static func windowUpdate(_ id: UInt32, by delta: Int) -> ByteBuffer {
        control(.windowUpdate, [id, UInt32(delta)])
    }

    private static func control(_ type: FrameType, _ words: [UInt32]) -> ByteBuffer {
        var frame = control(type, length: 4 * words.count)
        for word in words { frame.writeInteger(word) }
        return frame
    }

    private static func control(_ type: FrameType, length: Int) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(8 + length)
        frame.writeInteger(0x8000 | version)
        frame.writeInteger(type.rawValue)
        frame.writeInteger(UInt32(length))
        return frame
    }
}
