import CZlib
import Glibc
import LinuxKernel

/// The older parts of a container's log, `PATH.TIME`: all but the newest are compressed, `PATH.TIME.gz`, as the kubelet
/// leaves them.
package enum LogParts {
    private static let compressed = ".gz"
    /// What is being written; of an agent that was ended meanwhile, nothing that anybody needs.
    private static let draft = ".tmp"

    /// Before a log is renamed to its newest part: removes the oldest ones, and compresses what was the newest so far.
    /// Blocks, for as long as that takes.
    /// - Parameter files: how many files the log may have, with the one that is written and the part that comes.
    package static func makeRoom(beside path: String, files: Int) throws {
        var parts: [String] = []
        for part in LogPlace.rotated(path) {
            // An agent that was ended between two steps leaves a draft, or a part in both forms.
            let isLeftOver = part.hasSuffix(draft) || access(part + compressed, F_OK) == 0
            if isLeftOver { try remove(part) } else { parts.append(part) }
        }
        for part in parts.prefix(max(0, parts.count - max(0, files - 2))) { try remove(part) }
        for part in parts.suffix(max(0, files - 2)) where !part.hasSuffix(compressed) { try compress(part) }
    }

    private static func remove(_ path: String) throws(KernelError) {
        _ = try check("remove", path) { unlink(path) }
    }

    /// What has the name of a compressed file is one, whenever the agent ends.
    private static func compress(_ path: String) throws {
        let source = try FileDescriptor.open(path, O_RDONLY)
        let mode = try source.status().st_mode & 0o777
        do {
            let target = try FileDescriptor.open(
                path + draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
            try Compressor().run(source, into: target)
            _ = try check("rename", path) { rename(path + draft, path + compressed) }
        } catch {
            unlink(path + draft)
            throw error
        }
        try remove(path)
    }
}

/// gzip's format (RFC 1952), in pieces.
private final class Compressor {
    private static let piece = 64 << 10
    /// As large as they can be, and 16 for a header of gzip (deflateInit2).
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 1)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 1)

    init() throws(KernelError) {
        stream.initialize(to: z_stream())
        let code = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw KernelError("compress", "a log", .noMemory) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        input.deallocate()
        output.deallocate()
    }

    func run(
        _ source: borrowing FileDescriptor, into target: borrowing FileDescriptor
    ) throws(KernelError) {
        var isAtEnd = false
        while !isAtEnd {
            let count = try source.read(into: input)
            isAtEnd = count == 0
            stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(count)
            repeat {
                stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(output.count)
                // Nothing to write at the moment is no error, and there is no other.
                _ = deflate(stream, isAtEnd ? Z_FINISH : Z_NO_FLUSH)
                let made = output.count - Int(stream.pointee.avail_out)
                try target.writeAll(UnsafeRawBufferPointer(rebasing: output[..<made]))
            } while stream.pointee.avail_out == 0
        }
    }
}
