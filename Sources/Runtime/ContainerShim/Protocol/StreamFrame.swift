// What travels on the socket of attached streams, in both directions: frames. A stream and not packets, because
// a socket of packets holds ten of them, however small (net.unix.max_dgram_qlen), and a stream holds bytes.

/// The head of a frame: one byte says which stream, three the number of bytes that follow, big endian.
package struct StreamFrame: Equatable {
    package enum Kind: UInt8 {
        /// From the client. Without data: the end of the input.
        case input = 0
        case output = 1
        case error = 2
        /// Both outputs have ended. A stream that ends without it is not complete: the shim has given this
        /// client up, because it took nothing for too long, or is gone.
        case end = 3
    }

    package static let headLength = 4
    /// Most bytes of data in one frame.
    package static let maxData = 16 << 10

    package var kind: Kind
    package var length: Int

    package init(kind: Kind, length: Int) {
        self.kind = kind
        self.length = length
    }

    package func write(to out: UnsafeMutableRawBufferPointer) {
        out[0] = kind.rawValue
        out[1] = UInt8(truncatingIfNeeded: length >> 16)
        out[2] = UInt8(truncatingIfNeeded: length >> 8)
        out[3] = UInt8(truncatingIfNeeded: length)
    }
}

/// Takes frames apart as their bytes arrive, in pieces of any size.
package struct StreamFrameReader {
    private var head: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    private var headCount = 0
    private var kind: StreamFrame.Kind?
    private var remaining = 0

    package init() {}

    /// Hands the data in `bytes` to `body`, part by part; a frame's data may come in several parts. A frame
    /// without data is given once, with no bytes.
    /// - Parameter body: says how many of the bytes it took; when it took fewer, reading stops there.
    /// - Returns: how many of `bytes` were used up.
    package mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ body: (StreamFrame.Kind?, UnsafeRawBufferPointer) -> Int
    ) -> Int {
        var position = 0
        while position < bytes.count {
            if remaining == 0 {
                withUnsafeMutableBytes(of: &head) { $0[headCount] = bytes[position] }
                headCount += 1
                position += 1
                guard headCount == StreamFrame.headLength else { continue }
                headCount = 0
                kind = StreamFrame.Kind(rawValue: head.0)
                remaining = Int(head.1) << 16 | Int(head.2) << 8 | Int(head.3)
                if remaining == 0 { _ = body(kind, UnsafeRawBufferPointer(start: nil, count: 0)) }
                continue
            }
            let count = min(remaining, bytes.count - position)
            let taken = body(kind, UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
            position += taken
            remaining -= taken
            if taken < count { break }
        }
        return position
    }
}
