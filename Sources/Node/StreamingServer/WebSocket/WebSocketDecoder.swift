import NIOCore

/// What a client's bytes say.
enum WebSocketEvent: Equatable {
    /// A piece of a message. Messages can be of any length and are not put together.
    case piece(ByteBuffer, isFirst: Bool, isLast: Bool)
    case ping(ByteBuffer)
    case close
}

/// Cuts a client's bytes into frames (RFC 6455, section 5). Keeps no more than it was given last.
struct WebSocketDecoder {
    private struct Frame {
        let isFinal: Bool
        let mask: [UInt8]
        var remaining: UInt64
        var position = 0
    }

    private var bytes = ByteBuffer()
    private var frame: Frame?
    private var isInMessage = false
    private var isFirstPiece = false

    mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.discardReadBytes()
            bytes.writeImmutableBuffer(more)
        }
    }

    /// The next event, nil when more bytes are needed.
    mutating func next() throws(StreamingError) -> WebSocketEvent? {
        while true {
            if frame != nil { return nextPiece() }
            guard let (opcode, isFinal, length, headerLength) = try header() else { return nil }
            if opcode.rawValue >= WebSocketFrame.Opcode.close.rawValue {
                guard bytes.readableBytes >= headerLength + Int(length) else { return nil }
                let mask = readMask(headerLength)
                guard var payload = bytes.readSlice(length: Int(length)) else { return nil }
                Self.unmask(&payload, mask, from: 0)
                switch opcode {
                case .ping: return .ping(payload)
                case .close: return .close
                default: continue
                }
            }
            guard (opcode == .continuation) == isInMessage else {
                throw StreamingError(
                    .protocolViolation,
                    "WebSocket: \(opcode) frame \(isInMessage ? "inside" : "outside") a message")
            }
            let mask = readMask(headerLength)
            if !isInMessage { isFirstPiece = true }
            isInMessage = !isFinal
            frame = Frame(isFinal: isFinal, mask: mask, remaining: length)
        }
    }

    private typealias Header = (
        opcode: WebSocketFrame.Opcode, isFinal: Bool, length: UInt64, headerLength: Int
    )

    private func header() throws(StreamingError) -> Header? {
        let start = bytes.readerIndex
        guard let first = bytes.getInteger(at: start, as: UInt8.self),
            let second = bytes.getInteger(at: start + 1, as: UInt8.self)
        else { return nil }
        guard first & 0x70 == 0, let opcode = WebSocketFrame.Opcode(rawValue: first & 0xf) else {
            throw StreamingError(.protocolViolation, "WebSocket: frame that begins with \(first)")
        }
        // Section 5.1: a server must not take frames without a mask.
        guard second & 0x80 != 0 else {
            throw StreamingError(.protocolViolation, "WebSocket: frame without a mask")
        }
        var length = UInt64(second & 0x7f)
        var headerLength = 2 + 4
        if length == 126 {
            guard let long = bytes.getInteger(at: start + 2, as: UInt16.self) else { return nil }
            (length, headerLength) = (UInt64(long), 4 + 4)
        } else if length == 127 {
            guard let longer = bytes.getInteger(at: start + 2, as: UInt64.self) else { return nil }
            (length, headerLength) = (longer, 10 + 4)
        }
        let isFinal = first & 0x80 != 0
        guard opcode.rawValue < 8 || length <= 125 && isFinal else {
            throw StreamingError(
                .protocolViolation, "WebSocket: \(opcode) frame in parts or of \(length) bytes")
        }
        guard bytes.readableBytes >= headerLength else { return nil }
        return (opcode, isFinal, length, headerLength)
    }

    private mutating func readMask(_ headerLength: Int) -> [UInt8] {
        bytes.moveReaderIndex(forwardBy: headerLength - 4)
        return bytes.readBytes(length: 4) ?? []
    }

    private mutating func nextPiece() -> WebSocketEvent? {
        guard var frame else { return nil }
        guard frame.remaining == 0 || bytes.readableBytes > 0 else { return nil }
        let count = Int(min(frame.remaining, UInt64(bytes.readableBytes)))
        var piece = bytes.readSlice(length: count) ?? ByteBuffer()
        Self.unmask(&piece, frame.mask, from: frame.position)
        frame.remaining -= UInt64(count)
        frame.position = (frame.position + count) & 3
        self.frame = frame.remaining == 0 ? nil : frame
        defer { isFirstPiece = false }
        return .piece(piece, isFirst: isFirstPiece, isLast: frame.remaining == 0 && frame.isFinal)
    }

    private static func unmask(_ payload: inout ByteBuffer, _ mask: [UInt8], from position: Int) {
        guard mask.count == 4, payload.readableBytes > 0 else { return }
        let keys = (0..<4).map { mask[(position + $0) & 3] }
        let word = keys.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        payload.withUnsafeMutableReadableBytes { bytes in
            let whole = bytes.count & ~3
            for index in stride(from: 0, to: whole, by: 4) {
                let masked = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
                bytes.storeBytes(of: (masked ^ word).littleEndian, toByteOffset: index, as: UInt32.self)
            }
            for index in whole..<bytes.count { bytes[index] ^= keys[index & 3] }
        }
    }
}
