import CZlib
import NIOCore

/// How many bytes, and which.
struct Checksum: Equatable, CustomStringConvertible {
    private(set) var count = 0
    private var sum = adler32(0, nil, 0)

    mutating func add(_ bytes: ByteBuffer) {
        count += bytes.readableBytes
        sum = bytes.withUnsafeReadableBytes { raw in
            adler32(sum, raw.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(raw.count))
        }
    }

    var description: String { "\(count) \(sum)" }

    /// Writes so many bytes that do not repeat soon, in pieces of changing sizes.
    @discardableResult
    static func produce(_ count: Int, _ write: (ByteBuffer) async throws -> Void) async throws -> Checksum {
        var sum = Checksum()
        var state: UInt32 = 1
        var size = 1000
        while sum.count < count {
            size = size * 7 % 99_991 + 1
            var piece = ByteBuffer()
            for _ in 0..<(min(size, count - sum.count) / 4) {
                state = state &* 1_664_525 &+ 1_013_904_223
                piece.writeInteger(state)
            }
            while piece.readableBytes < min(size, count - sum.count) { piece.writeInteger(UInt8(0x5a)) }
            sum.add(piece)
            try await write(piece)
        }
        return sum
    }
}
