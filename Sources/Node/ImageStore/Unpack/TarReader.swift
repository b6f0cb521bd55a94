import CArchive
import Glibc

/// One entry of a tar archive, as it stands there: nothing in it is trusted or normalised yet.
struct TarEntry {
    enum Kind: Equatable {
        case file, directory, fifo
        case symlink(target: [UInt8])
        case hardLink(target: [UInt8])
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
    }

    /// The name's bytes. They need not be UTF-8.
    var name: [UInt8]
    var kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    var mode: mode_t
    var uid: Int64
    var gid: Int64
    /// Bytes of a file, holes included.
    var size: Int64
    /// A file with holes, whose bytes do not stand in the archive as they are.
    var isSparse = false
    var modified: timespec
    var accessed: timespec
    var attributes: [(name: [UInt8], value: [UInt8])]
}

/// Reads tar archives in all their dialects (ustar, pax, GNU, sparse files in each form) entry by entry.
///
/// libarchive converts names between character sets, which must not happen to bytes that are file names: in
/// a UTF-8 locale it would even compose decomposed letters. In the "C" locale it hands out the bytes as they
/// are, with a warning that is ignored here; so each call runs in that locale.
final class TarReader: @unchecked Sendable {
    private let reader: ArchiveReader
    private let locale: locale_t
    private var isOpen = false
    /// Bytes of the current entry.
    private var size: Int64 = 0
    /// Whether the archive ended with the last byte of a file, or has none; see `isOnlyWithoutPadding`, `hasNoBytes`.
    private var hasEnded = false
    private(set) var entries = 0

    init(_ source: any ByteSource) throws {
        reader = try ArchiveReader(source, bufferSize: 256 << 10) { archive_read_support_format_tar($0) }
        guard let locale = newlocale(1 << LC_CTYPE, "C", nil) else {
            throw ImageError(.store, "out of memory")
        }
        self.locale = locale
    }

    deinit {
        freelocale(locale)
    }

    /// The next entry; nil at the end of the archive.
    func next() throws -> TarEntry? {
        if hasEnded { return nil }
        let previous = uselocale(locale)
        defer { uselocale(previous) }
        if !isOpen {
            guard reader.open() == ARCHIVE_OK else {
                hasEnded = hasNoBytes
                if hasEnded { return nil }
                throw failure("not a tar archive")
            }
            isOpen = true
        }
        var raw: OpaquePointer?
        let code = archive_read_next_header(reader.handle, &raw)
        if code == ARCHIVE_EOF { return nil }
        guard code == ARCHIVE_OK || code == ARCHIVE_WARN && isOnlyConversion, let raw else {
            throw failure(entries == 0 ? "not a tar archive" : "damaged tar archive")
        }
        entries += 1
        let entry = try entry(raw)
        size = entry.size
        return entry
    }

    /// Hands the current file's bytes to `body` in pieces, each with its offset; holes are left out.
    func forEachBlock(_ body: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
        var end: Int64 = 0
        while true {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = archive_read_data_block(reader.handle, &bytes, &count, &offset)
            if code == ARCHIVE_EOF { return }
            if code != ARCHIVE_OK {
                guard end == size, isOnlyWithoutPadding else { throw failure("damaged tar archive") }
                return hasEnded = true
            }
            end = offset + Int64(count)
            if count > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: count), offset) }
        }
    }

    /// Where the current entry's bytes begin in the archive, unless they are scattered.
    var dataPosition: Int64 { archive_filter_bytes(reader.handle, 0) }

    /// umoci (0.4.7, `insert`) writes archives that end with the last byte of the last file, without what fills its
    /// block and without an end. Go's reader, so Docker, podman and containerd, take that for an end; so do we.
    private var isOnlyWithoutPadding: Bool {
        reader.sourceError == nil && reader.message.hasPrefix("Truncated input file")
    }

    /// Builders write a layer that changes nothing as a blob of no bytes, or as the gzip of nothing. libarchive finds no
    /// format in that; Go's reader, so Docker, podman and containerd, finds an archive without entries.
    private var hasNoBytes: Bool { reader.isEmpty && reader.sourceError == nil }

    private var isOnlyConversion: Bool {
        reader.message.contains("can't be converted")
    }

    private func failure(_ what: String) -> any Error {
        if let error = reader.sourceError { return error }
        return ImageError.corrupt("\(what): \(reader.message)")
    }

    // MARK: Entries

    private func entry(_ raw: OpaquePointer) throws -> TarEntry {
        guard let name = archive_entry_pathname(raw) else {
            throw ImageError.corrupt("damaged tar archive: an entry without a name")
        }
        let nameBytes = Self.bytes(name)
        return TarEntry(
            name: nameBytes,
            kind: try kind(raw, name: nameBytes),
            mode: archive_entry_perm(raw) & 0o7777,
            uid: archive_entry_uid(raw),
            gid: archive_entry_gid(raw),
            size: archive_entry_size(raw),
            isSparse: archive_entry_sparse_count(raw) > 0,
            modified: Self.time(archive_entry_mtime(raw), archive_entry_mtime_nsec(raw)),
            accessed: archive_entry_atime_is_set(raw) != 0
                ? Self.time(archive_entry_atime(raw), archive_entry_atime_nsec(raw))
                : Self.time(archive_entry_mtime(raw), archive_entry_mtime_nsec(raw)),
            attributes: attributes(raw))
    }

    private func kind(_ raw: OpaquePointer, name: [UInt8]) throws -> TarEntry.Kind {
        if let target = archive_entry_hardlink(raw) { return .hardLink(target: Self.bytes(target)) }
        let type = archive_entry_filetype(raw)
        switch type {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFIFO: return .fifo
        case S_IFLNK:
            guard let target = archive_entry_symlink(raw) else {
                throw ImageError.corrupt("\(shown(name)): a symbolic link without a target")
            }
            return .symlink(target: Self.bytes(target))
        case S_IFCHR:
            return .characterDevice(
                major: UInt32(truncatingIfNeeded: archive_entry_rdevmajor(raw)),
                minor: UInt32(truncatingIfNeeded: archive_entry_rdevminor(raw)))
        case S_IFBLK:
            return .blockDevice(
                major: UInt32(truncatingIfNeeded: archive_entry_rdevmajor(raw)),
                minor: UInt32(truncatingIfNeeded: archive_entry_rdevminor(raw)))
        default:
            throw ImageError(.unsupported, "\(shown(name)): an entry of an unknown type")
        }
    }

    private func attributes(_ raw: OpaquePointer) -> [(name: [UInt8], value: [UInt8])] {
        var result: [(name: [UInt8], value: [UInt8])] = []
        if archive_entry_xattr_reset(raw) == 0 { return result }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK {
            guard let name else { continue }
            result.append((Self.bytes(name), Array(UnsafeRawBufferPointer(start: value, count: size))))
        }
        return result
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// pax writes times before 1970 as a negative decimal fraction, of which libarchive negates the seconds
    /// only: -1.5 arrives as -1 s and +0.5 s.
    private static func time(_ seconds: time_t, _ nanoseconds: Int) -> timespec {
        if seconds < 0 && nanoseconds > 0 {
            return timespec(tv_sec: seconds - 1, tv_nsec: 1_000_000_000 - nanoseconds)
        }
        return timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    }
}

/// A file name in a message: unprintable bytes escaped, long ones cut, so that it stays one line.
func shown(_ name: [UInt8]) -> String {
    var text = ""
    for scalar in String(decoding: name.prefix(200), as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\u{0}"..<" ", "\u{7f}"..<"\u{a0}", "\u{2028}", "\u{2029}":
            text += "\\u{" + String(scalar.value, radix: 16) + "}"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return name.count > 200 ? text + "…" : text
}
