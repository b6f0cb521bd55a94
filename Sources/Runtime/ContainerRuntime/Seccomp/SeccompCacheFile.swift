import CLinux
import CSeccomp
import Glibc

/// The layout of a file of the cache: a head of nine numbers, texts and the program, then the text that the
/// program was compiled from.
enum CacheFile {
    private static let magic: UInt64 = 0x3130_4642_4c54_5753  // "SWTLBF01" in memory

    /// Places in the header.
    private enum Field: Int, CaseIterable {
        case magic, checksum
        /// Whatever beside the profile decides about the program.
        case compiler, architecture
        case flags
        /// Lengths of the parts behind these numbers, in bytes, in their order.
        case unknownNames, listenerPath, listenerMetadata, program
    }

    private static let numbersSize = Field.allCases.count * MemoryLayout<UInt64>.size
    /// The checksum is over the head from here. The profile's text is compared anyhow.
    private static let checkedFrom = 2 * MemoryLayout<UInt64>.size

    /// Of the part before the profile's text. No filter comes near the upper bound.
    static let headSizes = numbersSize...(1 << 20)

    static func encode(_ filter: SeccompFilter, for text: ArraySlice<UInt8>) -> [UInt8] {
        let parts: [[UInt8]] = [
            Array(filter.unknownNames.utf8), Array((filter.listener?.path ?? "").utf8),
            Array((filter.listener?.metadata ?? "").utf8), filter.program,
        ]
        let lengths = parts.map { UInt64($0.count) }
        let checked = bytes(of: [compiler, architecture, UInt64(filter.flags)] + lengths) + parts.joined()
        return bytes(of: [magic, checked.withUnsafeBytes { checksum(of: $0) }]) + checked + text
    }

    /// Nil when the head is damaged, or was written by another compiler.
    static func decode(head: UnsafeRawBufferPointer) -> SeccompFilter? {
        func number(_ field: Field) -> UInt64 {
            head.load(fromByteOffset: field.rawValue * 8, as: UInt64.self)
        }
        guard number(.magic) == magic, number(.compiler) == compiler, number(.architecture) == architecture,
            checksum(of: UnsafeRawBufferPointer(rebasing: head[checkedFrom...])) == number(.checksum)
        else { return nil }

        var rest = head[numbersSize...]
        func part(_ field: Field) -> Slice<UnsafeRawBufferPointer>? {
            guard number(field) <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(number(field))) }
            return rest.prefix(Int(number(field)))
        }
        guard let names = part(.unknownNames), let path = part(.listenerPath),
            let metadata = part(.listenerMetadata), let program = part(.program), rest.isEmpty,
            program.count % MemoryLayout<sock_filter>.stride == 0,
            1...SeccompFilter.lengthLimit ~= program.count / MemoryLayout<sock_filter>.stride,
            let flags = UInt32(exactly: number(.flags))
        else { return nil }
        let listener: SeccompFilter.Listener? =
            path.isEmpty
            ? nil
            : SeccompFilter.Listener(
                path: String(decoding: path, as: UTF8.self),
                metadata: String(decoding: metadata, as: UTF8.self))
        return SeccompFilter(
            program: [UInt8](program), flags: flags, listener: listener,
            unknownNames: String(decoding: names, as: UTF8.self))
    }

    /// This program's way of compiling, and libseccomp's version.
    private static var compiler: UInt64 {
        let version = seccomp_version().pointee
        return UInt64(SeccompCompiler.generation) << 32 | UInt64(version.major & 0xff) << 16
            | UInt64(version.minor & 0xff) << 8 | UInt64(version.micro & 0xff)
    }

    private static var architecture: UInt64 { UInt64(FilterArchitecture.native.token) }

    private static func bytes(of numbers: [UInt64]) -> [UInt8] { numbers.withUnsafeBytes { [UInt8]($0) } }

    /// A fast 64-bit hash: for finding files and noticing damage, of no use against an adversary.
    static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        // Every step is a bijection of the state, so that a single changed word always shows.
        let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
        var state = UInt64(bytes.count) &* multiplier
        var offset = 0
        while offset + 8 <= bytes.count {
            state = (state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* multiplier
            state ^= state >> 32
            offset += 8
        }
        while offset < bytes.count {
            state = (state ^ UInt64(bytes[offset])) &* multiplier
            state ^= state >> 32
            offset += 1
        }
        return state
    }
}
