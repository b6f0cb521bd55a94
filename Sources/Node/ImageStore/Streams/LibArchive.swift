import CArchive
import Glibc

/// An archive_read object of libarchive that pulls from a `ByteSource`.
///
/// libarchive is told the format and the filter: it never guesses, so that nothing but what the caller
/// expects is parsed.
final class ArchiveReader: @unchecked Sendable {
    let handle: OpaquePointer
    private let source: any ByteSource
    private let buffer: ByteBuffer
    /// What the source threw inside a callback. libarchive itself only knows that reading failed.
    private(set) var sourceError: (any Error)?
    /// Whether the source has given no byte yet.
    private(set) var isEmpty = true

    /// - Parameter configure: enables exactly one format, or one beside that of nothing at all, and at most one filter.
    init(_ source: any ByteSource, bufferSize: Int, configure: (OpaquePointer) -> Int32) throws {
        self.source = source
        buffer = ByteBuffer(capacity: bufferSize)
        guard let handle = archive_read_new() else { throw ImageError(.store, "out of memory") }
        self.handle = handle
        guard configure(handle) >= ARCHIVE_WARN else { throw failure() }
        archive_read_set_callback_data(handle, Unmanaged.passUnretained(self).toOpaque())
        archive_read_set_read_callback(handle) { _, context, bytes in
            Unmanaged<ArchiveReader>.fromOpaque(context!).takeUnretainedValue().pull(bytes!)
        }
        archive_read_set_skip_callback(handle) { _, context, count in
            Unmanaged<ArchiveReader>.fromOpaque(context!).takeUnretainedValue().source.skip(count)
        }
    }

    deinit {
        archive_read_free(handle)
    }

    /// Reads the first bytes; `failure()` says why when it answers less than ARCHIVE_OK.
    func open() -> Int32 {
        archive_read_open1(handle)
    }

    private func pull(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do {
            buffer.count = try source.read(into: buffer.bytes)
            if buffer.count > 0 { isEmpty = false }
            bytes.pointee = UnsafeRawPointer(buffer.bytes.baseAddress)
            return buffer.count
        } catch {
            sourceError = error
            return Int(ARCHIVE_FATAL)
        }
    }

    /// The source's own error where there is one, else libarchive's words.
    func failure() -> any Error {
        if let sourceError { return sourceError }
        return ImageError.corrupt(message)
    }

    var message: String {
        guard let text = archive_error_string(handle) else { return "unknown archive error" }
        return String(cString: text).filter { !$0.isNewline }
    }
}

/// Decompresses bzip2, for old archives of images.
final class FilterSource: ByteSource, @unchecked Sendable {
    private let reader: ArchiveReader
    private var isOpen = false
    /// Nothing was compressed. libarchive has a format of its own for that, which it takes only when reading went well.
    private var isEmpty = false

    init(_ source: any ByteSource) throws {
        reader = try ArchiveReader(source, bufferSize: 128 << 10) { handle in
            min(
                archive_read_support_filter_bzip2(handle), archive_read_support_format_raw(handle),
                archive_read_support_format_empty(handle))
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if !isOpen {
            var entry: OpaquePointer?
            guard reader.open() == ARCHIVE_OK else { throw damaged() }
            let code = archive_read_next_header(reader.handle, &entry)
            guard code == ARCHIVE_OK || code == ARCHIVE_EOF else { throw damaged() }
            isEmpty = code == ARCHIVE_EOF
            isOpen = true
        }
        if isEmpty { return 0 }
        let count = archive_read_data(reader.handle, buffer.baseAddress, buffer.count)
        if count < 0 { throw damaged() }
        return count
    }

    private func damaged() -> any Error {
        if let error = reader.sourceError { return error }
        return ImageError.corrupt("the bzip2 data is damaged or ends early: \(reader.message)")
    }
}
