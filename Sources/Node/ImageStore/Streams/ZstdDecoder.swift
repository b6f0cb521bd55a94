import CArchive
import LinuxKernel

/// Decompresses zstd (RFC 8878), several frames one after the other and frames of metadata included.
///
/// The writer of a frame says how far back its repetitions reach, and its reader has to keep as much: 8 MiB with the
/// levels of zstd's program up to 19, 128 MiB with `--long`. libarchive takes that from memory. This speaks to libzstd
/// itself, and keeps the wide ones in a file.
final class ZstdDecoder: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let input = ByteBuffer(capacity: 128 << 10)
    private var position = 0
    private var hasAllInput = false
    private var isInFrame = false
    private let memory: SpillingMemory
    private let context: OpaquePointer
    /// Bytes since the memory's last spilling.
    private var sinceSpilling = 0

    /// The widest window is two to this power, 512 MiB, as in containerd.
    private static let windowLog: Int32 = 29
    /// Each page that is read of the window brings sixteen into the mapping.
    private static let spillingDistance = 256 << 10

    /// - Parameter scratch: the folder for the files of wide windows.
    init(_ source: any ByteSource, scratch: String) throws {
        self.source = source
        let memory = SpillingMemory(in: scratch)
        self.memory = memory
        let allocator = ZSTD_customMem(
            customAlloc: { Unmanaged<SpillingMemory>.fromOpaque($0!).takeUnretainedValue().allocate($1) },
            customFree: { context, start in
                if let start {
                    Unmanaged<SpillingMemory>.fromOpaque(context!).takeUnretainedValue().free(start)
                }
            },
            opaque: Unmanaged.passUnretained(memory).toOpaque())
        guard let context = ZSTD_createDCtx_advanced(allocator) else {
            throw ImageError(.store, "out of memory")
        }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { ZSTD_freeDCtx(context) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if position == input.count, !hasAllInput {
                hasAllInput = try !input.fill(from: source)
                position = 0
            }
            let isLast = hasAllInput && position == input.count
            if isLast && !isInFrame { return 0 }
            let count = try step(into: buffer)
            if count > 0 {
                spill(count)
                return count
            }
            // Nothing came of what the decoder may have kept.
            if isLast && isInFrame { throw ImageError.corrupt("the zstd data ends early") }
        }
    }

    private func step(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        var packed = ZSTD_inBuffer(src: input.bytes.baseAddress, size: input.count, pos: position)
        let code = ZSTD_decompressStream(context, &output, &packed)
        if ZSTD_isError(code) != 0 { throw error(code) }
        position = packed.pos
        isInFrame = code != 0
        return output.pos
    }

    private func spill(_ count: Int) {
        sinceSpilling += count
        if sinceSpilling < Self.spillingDistance { return }
        sinceSpilling = 0
        memory.spill()
    }

    private func error(_ code: Int) -> any Error {
        switch ZSTD_getErrorCode(code) {
        case ZSTD_error_memory_allocation:
            memory.failure ?? ImageError(.store, "out of memory")
        case ZSTD_error_frameParameter_windowTooLarge:
            ImageError(
                .limit, "its zstd data repeats what lies more than \((1 << Self.windowLog) >> 20) MiB back")
        default:
            ImageError.corrupt("the zstd data is damaged: \(String(cString: ZSTD_getErrorName(code)))")
        }
    }
}
