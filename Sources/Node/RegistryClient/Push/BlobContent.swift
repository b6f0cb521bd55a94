import Glibc
import LinuxKernel
import NIOCore
import NIOPosix
import OCISpec

/// A blob to be pushed: what it is, and where its bytes come from.
public struct BlobContent: Sendable {
    public let digest: Digest
    /// Bytes.
    public let size: Int64
    let source: Source

    enum Source: Sendable {
        /// Bytes at an offset, at most so many; an upload that fails goes on where it ended.
        case random(@Sendable (_ offset: Int64, _ count: Int) async throws -> ByteBuffer)
        /// From front to back, once; an upload that fails, fails.
        case sequence(@Sendable () async throws -> ByteBuffer?)
    }

    /// Bytes read at once.
    private static let pieceBytes = 1 << 20

    /// - Parameter read: gives at least one and at most `count` bytes from `offset` on. May be called several
    ///   times for the same bytes.
    public init(
        digest: Digest, size: Int64,
        read: @escaping @Sendable (_ offset: Int64, _ count: Int) async throws -> ByteBuffer
    ) {
        self.digest = digest
        self.size = size
        source = .random(read)
    }

    /// A file's bytes from its beginning on.
    /// - Parameter file: stays the caller's; a duplicate is kept. Its position is not used.
    public init(digest: Digest, size: Int64, file: borrowing LinuxKernel.FileDescriptor) throws {
        let shared = SharedDescriptor(try file.duplicate())
        self.init(digest: digest, size: size) { offset, count in
            // Files block.
            try await NIOThreadPool.singleton.runIfActive { try shared.read(offset, count) }
        }
    }

    /// A stream that can be read once.
    public init<Chunks: AsyncSequence & Sendable>(digest: Digest, size: Int64, chunks: Chunks)
    where Chunks.Element == ByteBuffer {
        self.digest = digest
        self.size = size
        let stream = OneReader(chunks)
        source = .sequence { try await stream.next() }
    }

    /// Small content that is in memory.
    public init(digest: Digest, bytes: [UInt8]) {
        self.init(digest: digest, size: Int64(bytes.count)) { offset, count in
            ByteBuffer(bytes: bytes[Int(offset)..<min(bytes.count, Int(offset) + count)])
        }
    }

    /// A part of the bytes as a request's body.
    func body(_ range: Range<Int64>, onProgress: @escaping @Sendable (Int64) -> Void) -> RegistryRequest.Body
    {
        let length = range.upperBound - range.lowerBound
        switch source {
        case .random(let read):
            return .stream(length: length) {
                let cursor = Cursor(range.lowerBound)
                return AsyncThrowingChunks {
                    let offset = await cursor.position
                    if offset == range.upperBound { return nil }
                    let count = Int(min(Int64(Self.pieceBytes), range.upperBound - offset))
                    let piece = try await read(offset, count)
                    guard 1...count ~= piece.readableBytes else {
                        throw RegistryError(.invalid, "the content ends after \(offset) of \(size) bytes")
                    }
                    await cursor.advance(piece.readableBytes)
                    onProgress(offset + Int64(piece.readableBytes))
                    return piece
                }
            }
        case .sequence(let next):
            return .once(length: length, chunks: AsyncThrowingChunks(next: next))
        }
    }

    private actor Cursor {
        private(set) var position: Int64

        init(_ position: Int64) { self.position = position }

        func advance(_ count: Int) { position += Int64(count) }
    }

    private final class SharedDescriptor: Sendable {
        private let file: LinuxKernel.FileDescriptor

        init(_ file: consuming LinuxKernel.FileDescriptor) { self.file = file }

        func read(_ offset: Int64, _ count: Int) throws -> ByteBuffer {
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                let result = pread(file.raw, bytes.baseAddress, count, off_t(offset))
                if result < 0 { throw KernelError("read", "descriptor \(file.raw)") }
                return result
            }
            return buffer
        }
    }

    /// A sequence that a request's body takes from, one piece after the other.
    private final class OneReader<Chunks: AsyncSequence & Sendable>: @unchecked Sendable
    where Chunks.Element == ByteBuffer {
        private var iterator: Chunks.AsyncIterator

        init(_ chunks: Chunks) { iterator = chunks.makeAsyncIterator() }

        func next() async throws -> ByteBuffer? {
            var iterator = self.iterator
            let piece = try await iterator.next()
            self.iterator = iterator
            return piece
        }
    }
}
