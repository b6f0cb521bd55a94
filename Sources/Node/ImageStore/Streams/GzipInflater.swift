import CInflate

/// Decompresses gzip (RFC 1952), several members one after the other included, with ISA-L, which is twice as
/// fast as zlib. Checks each member's length and checksum.
final class GzipInflater: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let input = ByteBuffer(capacity: 128 << 10)
    private let state: UnsafeMutablePointer<inflate_state>
    private var isInsideMember = true
    private var isAtEnd = false

    init(_ source: any ByteSource) {
        self.source = source
        state = .allocate(capacity: 1)
        cinflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
        state.pointee.avail_in = 0
    }

    deinit {
        state.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let capacity = UInt32(clamping: buffer.count)
        state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = capacity
        while state.pointee.avail_out == capacity && !isAtEnd {
            if state.pointee.avail_in == 0 && !hasPendingOutput {
                guard try refill() else {
                    if isInsideMember { throw ImageError.corrupt("the gzip data ends early") }
                    isAtEnd = true
                    break
                }
            }
            if !isInsideMember { try beginMember() }
            try step()
        }
        return Int(capacity - state.pointee.avail_out)
    }

    /// The decoder keeps output back when the last buffer was too small for it.
    private var hasPendingOutput: Bool {
        state.pointee.tmp_out_valid > state.pointee.tmp_out_processed
            || state.pointee.copy_overflow_length > 0
            || state.pointee.write_overflow_len > 0
    }

    private func refill() throws -> Bool {
        guard try input.fill(from: source) else { return false }
        state.pointee.next_in = input.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_in = UInt32(input.count)
        return true
    }

    private func step() throws {
        let code = cinflate_run(state)
        guard code == ISAL_DECOMP_OK || code == ISAL_END_INPUT || code == ISAL_OUT_OVERFLOW else {
            throw ImageError.corrupt("the gzip data is damaged: \(Self.reason(code))")
        }
        if state.pointee.block_state == ISAL_BLOCK_FINISH { isInsideMember = false }
    }

    /// Behind a member comes another one or nothing; anything else would be bytes that no digest of the
    /// content covers.
    private func beginMember() throws {
        guard state.pointee.next_in.pointee == 0x1f else {
            throw ImageError.corrupt("there are other bytes behind the gzip data")
        }
        cinflate_reset(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
        isInsideMember = true
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ISAL_INVALID_BLOCK: "an invalid block"
        case ISAL_INVALID_SYMBOL: "an invalid symbol"
        case ISAL_INVALID_LOOKBACK: "a reference to before its start"
        case ISAL_INVALID_WRAPPER: "no gzip header"
        case ISAL_UNSUPPORTED_METHOD: "an unknown method"
        case ISAL_INCORRECT_CHECKSUM: "a wrong checksum"
        default: "code \(code)"
        }
    }
}
