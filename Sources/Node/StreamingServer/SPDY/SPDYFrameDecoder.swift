import NIOCore

/// Cuts a client's bytes into frames. Keeps at most one control frame's bytes and what it was given last.
package struct SPDYFrameDecoder {
    private struct DataFrame {
        let id: UInt32
        let ends: Bool
        var remaining: Int
    }

    private var bytes = ByteBuffer()
    private var data: DataFrame?
    private var settings: [UInt32] = []

    package init() {}

    package mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.discardReadBytes()
            bytes.writeImmutableBuffer(more)
        }
    }

    /// The next event, nil when more bytes are needed.
    package mutating func next() throws(StreamingError) -> SPDYEvent? {
        while true {
            if !settings.isEmpty { return .initialWindow(settings.removeFirst()) }
            if data != nil { return nextPiece() }
            guard bytes.readableBytes >= 8,
                let first = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self),
                let second = bytes.getInteger(at: bytes.readerIndex + 4, as: UInt32.self)
            else { return nil }
            let flags = UInt8(second >> 24)
            let length = Int(second & 0xff_ffff)
            if first & 0x8000_0000 == 0 {
                bytes.moveReaderIndex(forwardBy: 8)
                data = DataFrame(id: first, ends: flags & SPDY.finFlag != 0, remaining: length)
                continue
            }
            guard UInt16(first >> 16 & 0x7fff) == SPDY.version else {
                throw StreamingError(
                    .protocolViolation, "SPDY: frame of version \(first >> 16 & 0x7fff), not 3")
            }
            guard length <= SessionLimits.controlFrame else {
                throw StreamingError(.limit, "SPDY: control frame of \(length) bytes")
            }
            guard bytes.readableBytes >= 8 + length else { return nil }
            bytes.moveReaderIndex(forwardBy: 8)
            guard var payload = bytes.readSlice(length: length) else { return nil }
            // Types that are not known are passed over (section 2.2.1).
            guard let type = SPDY.FrameType(rawValue: UInt16(truncatingIfNeeded: first)) else { continue }
            if let event = try control(type, flags: flags, &payload) { return event }
        }
    }

    private mutating func nextPiece() -> SPDYEvent? {
        guard var frame = data else { return nil }
        guard frame.remaining == 0 || bytes.readableBytes > 0 else { return nil }
        let count = min(frame.remaining, bytes.readableBytes)
        let piece = bytes.readSlice(length: count) ?? ByteBuffer()
        frame.remaining -= count
        data = frame.remaining == 0 ? nil : frame
        return .data(id: frame.id, piece, last: frame.ends && frame.remaining == 0)
    }

    private mutating func control(
        _ type: SPDY.FrameType, flags: UInt8, _ payload: inout ByteBuffer
    ) throws(StreamingError) -> SPDYEvent? {
        let isLast = flags & SPDY.finFlag != 0
        switch type {
        case .synStream:
            let id = try word(&payload, of: type)
            // The stream it belongs to, its priority and its credential's slot mean nothing here.
            guard payload.readableBytes >= 6 else { throw Self.truncated(type) }
            payload.moveReaderIndex(forwardBy: 6)
            return .synStream(id: id & 0x7fff_ffff, headers: payload, last: isLast)
        case .synReply, .headers:
            return .headers(id: try word(&payload, of: type) & 0x7fff_ffff, payload, last: isLast)
        case .rstStream:
            return .reset(id: try word(&payload, of: type) & 0x7fff_ffff)
        case .settings:
            let count = try word(&payload, of: type)
            for _ in 0..<count {
                let name = try word(&payload, of: type)
                let value = try word(&payload, of: type)
                if name & 0xff_ffff == 7 { settings.append(value) }
            }
            return nil
        case .ping:
            return .ping(try word(&payload, of: type))
        case .goAway:
            return .goAway
        case .windowUpdate:
            let id = try word(&payload, of: type) & 0x7fff_ffff
            return .windowUpdate(id: id, try word(&payload, of: type) & 0x7fff_ffff)
        }
    }

    private func word(_ payload: inout ByteBuffer, of type: SPDY.FrameType) throws(StreamingError) -> UInt32 {
        guard let word = payload.readInteger(as: UInt32.self) else { throw Self.truncated(type) }
        return word
    }

    private static func truncated(_ type: SPDY.FrameType) -> StreamingError {
        StreamingError(.protocolViolation, "SPDY: \(type) frame is too short")
    }
}
