/// How a stream is compressed, told by its first bytes: media types and file names are often wrong.
package enum Compression: Equatable, Sendable {
    case none, gzip, zstd, bzip2, xz

    /// Bytes that have to be seen to tell.
    static let signatureLength = 6

    package init(signature bytes: UnsafeRawBufferPointer) {
        func starts(with magic: [UInt8]) -> Bool {
            bytes.count >= magic.count && bytes.prefix(magic.count).elementsEqual(magic)
        }
        if starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(bytes) {
            self = .zstd
        } else if starts(with: [0x42, 0x5a, 0x68]) {
            self = .bzip2
        } else if starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .xz
        } else {
            self = .none
        }
    }

    /// zstd streams may begin with a frame of metadata (RFC 8878, 3.1.2).
    private static func isSkippableFrame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1] == 0x2a && bytes[2] == 0x4d
            && bytes[3] == 0x18
    }

    var name: String {
        switch self {
        case .none: "uncompressed"
        case .gzip: "gzip"
        case .zstd: "zstd"
        case .bzip2: "bzip2"
        case .xz: "xz"
        }
    }

    /// A source of the decompressed bytes of `source`.
    /// - Parameter scratch: a folder for temporary files without names.
    package func decompress(_ source: any ByteSource, scratch: String) throws -> any ByteSource {
        switch self {
        case .none: source
        case .gzip: GzipInflater(source)
        case .xz: try XzDecoder(source)
        case .zstd: try ZstdDecoder(source, scratch: scratch)
        case .bzip2: try FilterSource(source)
        }
    }
}

/// A source whose first bytes can be looked at before they are read.
final class PeekableSource: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let head = ByteBuffer(capacity: 512)
    private var position = 0
    private var isFilled = false

    init(_ source: any ByteSource) {
        self.source = source
    }

    /// The first bytes, fewer when the source is shorter. Valid until the next call.
    func peek() throws -> UnsafeRawBufferPointer {
        if !isFilled {
            _ = try head.fill(from: source)
            isFilled = true
        }
        return UnsafeRawBufferPointer(rebasing: head.filled[position...])
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if position == head.count { return try source.read(into: buffer) }
        let count = min(buffer.count, head.count - position)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: head.filled[position..<position + count]))
        position += count
        return count
    }
}
