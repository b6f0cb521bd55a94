import CArchive

/// Decompresses xz, several streams one after the other included.
///
/// The writer of xz data says how much memory its reader needs, up to 4 GiB. libarchive allows 1 GiB, so this speaks to
/// liblzma itself, which ends where a limit of ours is passed before it takes the memory.
final class XzDecoder: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let input = ByteBuffer(capacity: 128 << 10)
    private let stream: UnsafeMutablePointer<lzma_stream>
    private var hasAllInput = false
    private var isAtEnd = false

    /// Bytes. What `xz -9` has written, with the largest of its presets, takes 65 MiB.
    static let memoryLimit: UInt64 = 80 << 20

    /// LZMA_CONCATENATED of lzma/container.h, which Swift does not see.
    private static let concatenated: UInt32 = 0x08

    init(_ source: any ByteSource) throws {
        self.source = source
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        guard lzma_stream_decoder(stream, Self.memoryLimit, Self.concatenated) == LZMA_OK else {
            throw ImageError(.store, "out of memory")
        }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = buffer.count
        while stream.pointee.avail_out == buffer.count && !isAtEnd {
            if stream.pointee.avail_in == 0 && !hasAllInput { try refill() }
            try step()
        }
        return buffer.count - stream.pointee.avail_out
    }

    private func refill() throws {
        hasAllInput = try !input.fill(from: source)
        stream.pointee.next_in = UnsafePointer(input.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = input.count
    }

    private func step() throws {
        switch lzma_code(stream, hasAllInput ? LZMA_FINISH : LZMA_RUN) {
        case LZMA_OK: break
        case LZMA_STREAM_END: isAtEnd = true
        case LZMA_MEMLIMIT_ERROR:
            throw ImageError(
                .limit,
                "to decompress its xz data takes \(lzma_memusage(stream) >> 20) MiB of memory;"
                    + " \(Self.memoryLimit >> 20) are the most")
        case LZMA_BUF_ERROR: throw ImageError.corrupt("the xz data ends early")
        case LZMA_MEM_ERROR: throw ImageError(.store, "out of memory")
        case let code: throw ImageError.corrupt("the xz data is damaged: \(Self.reason(code))")
        }
    }

    private static func reason(_ code: lzma_ret) -> String {
        switch code {
        case LZMA_FORMAT_ERROR: "no xz header"
        case LZMA_OPTIONS_ERROR: "unknown options"
        case LZMA_DATA_ERROR: "a wrong checksum, or bytes that mean nothing"
        default: "code \(code.rawValue)"
        }
    }
}
