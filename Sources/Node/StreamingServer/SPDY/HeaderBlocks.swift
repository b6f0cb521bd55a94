import CZlib
import NIOCore

/// Reads the header blocks of one direction of a session: they are one zlib stream with a common dictionary.
///
/// Belongs to the connection's reader.
package final class HeaderInflater {
    private let stream: UnsafeMutablePointer<z_stream>

    package init() throws(StreamingError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw StreamingError(.limit, "SPDY: no memory for header compression")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The headers in a block, names as they were sent. Bounded: a block of a few bytes can stand for gigabytes.
    package func headers(in block: ByteBuffer) throws(StreamingError) -> [String: String] {
        try Self.parse(try inflate(block))
    }

    private func inflate(_ block: ByteBuffer) throws(StreamingError) -> ByteBuffer {
        var input = Array(block.readableBytesView)
        // One byte more than is allowed, to see that there is more.
        var output = [UInt8](repeating: 0, count: SessionLimits.headers + 1)
        let produced: Int? = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                defer {
                    stream.pointee.next_in = nil
                    stream.pointee.next_out = nil
                }
                var result = CZlib.inflate(stream, Z_SYNC_FLUSH)
                if result == Z_NEED_DICT {
                    let dictionary = HeaderDictionary.bytes
                    guard inflateSetDictionary(stream, dictionary, UInt32(dictionary.count)) == Z_OK else {
                        return nil
                    }
                    result = CZlib.inflate(stream, Z_SYNC_FLUSH)
                }
                // Nothing to do (Z_BUF_ERROR) is an empty block; the stream's end is none that may come.
                guard result == Z_OK || result == Z_BUF_ERROR else { return nil }
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        guard let produced else {
            throw StreamingError(.protocolViolation, "SPDY: a header block is not compressed as it has to be")
        }
        guard produced <= SessionLimits.headers else {
            throw StreamingError(.limit, "SPDY: more than \(SessionLimits.headers) bytes of headers")
        }
        return ByteBuffer(bytes: output[..<produced])
    }

    /// A count, then names and values with their lengths in front (SPDY/3, section 2.6.10).
    private static func parse(_ block: ByteBuffer) throws(StreamingError) -> [String: String] {
        var block = block
        var headers: [String: String] = [:]
        guard let count = block.readInteger(as: UInt32.self) else { throw truncated }
        for _ in 0..<count {
            guard let nameLength = block.readInteger(as: UInt32.self),
                let name = block.readString(length: Int(nameLength)),
                let valueLength = block.readInteger(as: UInt32.self),
                let value = block.readString(length: Int(valueLength))
            else { throw truncated }
            guard headers.updateValue(value, forKey: name.lowercased()) == nil else {
                throw StreamingError(.protocolViolation, "SPDY: header '\(name.prefix(64))' comes twice")
            }
        }
        return headers
    }

    private static let truncated = StreamingError(
        .protocolViolation, "SPDY: a header block ends before its headers")
}

/// Writes header blocks. Belongs to the connection's reader, which writes all of this side's.
package final class HeaderDeflater {
    private let stream: UnsafeMutablePointer<z_stream>

    package init() throws(StreamingError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A window of 2 KiB holds the dictionary; zlib's usual one would be 256 KiB for each session.
        let made = deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, 11, 1, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        let dictionary = HeaderDictionary.bytes
        guard made == Z_OK, deflateSetDictionary(stream, dictionary, UInt32(dictionary.count)) == Z_OK else {
            if made == Z_OK { deflateEnd(stream) }
            stream.deallocate()
            throw StreamingError(.limit, "SPDY: no memory for header compression")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    package func block(_ headers: [(name: String, value: String)]) -> [UInt8] {
        var plain = ByteBuffer()
        plain.writeInteger(UInt32(headers.count))
        for (name, value) in headers {
            plain.writeInteger(UInt32(name.utf8.count))
            plain.writeString(name)
            plain.writeInteger(UInt32(value.utf8.count))
            plain.writeString(value)
        }
        var input = Array(plain.readableBytesView)
        var output = [UInt8](repeating: 0, count: input.count + 256)
        let produced = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                // With room for all of it there is no failure.
                let result = deflate(stream, Z_SYNC_FLUSH)
                precondition(result == Z_OK && stream.pointee.avail_in == 0, "deflate: \(result)")
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<produced])
    }
}
