import Glibc
import LinuxKernel

/// Bytes that are pulled: a file, a part of a file, a download. Used by one thread at a time.
public protocol ByteSource: AnyObject, Sendable {
    /// Fills at most the whole buffer; 0 at the end. Blocks until there is at least one byte.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Passes over up to so many bytes where that is cheaper than reading them; returns how many.
    func skip(_ count: Int64) -> Int64
}

extension ByteSource {
    public func skip(_ count: Int64) -> Int64 { 0 }

    /// Reads to the end, for the sake of what is checked on the way.
    func drain() throws {
        let buffer = ByteBuffer(capacity: 64 << 10)
        while try read(into: buffer.bytes) > 0 {}
    }
}

/// A stretch of a file that can be read at any position. The file's own position is not used, so that
/// several stretches of one file can be read at once.
final class FileRangeSource: ByteSource, @unchecked Sendable {
    private let file: SharedFile
    private var position: Int64
    private let end: Int64

    init(_ file: SharedFile, offset: Int64, length: Int64) {
        self.file = file
        position = offset
        end = offset + length
    }

    /// The whole file.
    convenience init(_ file: SharedFile) throws {
        self.init(file, offset: 0, length: Int64(try file.descriptor.status().st_size))
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let wanted = min(Int64(buffer.count), end - position)
        if wanted <= 0 { return 0 }
        let count = try check("read", file.name) {
            pread(file.descriptor.raw, buffer.baseAddress, Int(wanted), off_t(position))
        }
        // A file that became shorter since its length was taken ends here, as a truncated one does.
        position += Int64(count)
        return count
    }

    func skip(_ count: Int64) -> Int64 {
        let skipped = max(0, min(count, end - position))
        position += skipped
        return skipped
    }
}

/// A descriptor that can only be read once, front to back: standard input, a pipe.
final class StreamSource: ByteSource, @unchecked Sendable {
    private let file: SharedFile

    init(_ file: SharedFile) {
        self.file = file
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        do {
            return try file.descriptor.read(into: buffer)
        } catch {
            throw KernelError("read", file.name, error.errno)
        }
    }
}

/// A descriptor with several users; closed when the last of them is gone.
final class SharedFile: Sendable {
    let descriptor: FileDescriptor
    /// What to call it in messages.
    let name: String

    init(_ descriptor: consuming FileDescriptor, name: String) {
        self.descriptor = descriptor
        self.name = name
    }
}

/// Memory that is read into and handed on.
final class ByteBuffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    var count = 0

    init(capacity: Int) {
        bytes = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit {
        bytes.deallocate()
    }

    var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

    /// Reads until full or until the source ends; false when there was nothing left.
    func fill(from source: any ByteSource) throws -> Bool {
        count = 0
        while count < bytes.count {
            let more = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
            if more == 0 { break }
            count += more
        }
        return count > 0
    }
}
