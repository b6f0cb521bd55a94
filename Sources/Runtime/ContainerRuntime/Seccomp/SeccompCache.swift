import CLinux
import Glibc
import LinuxKernel

/// Compiled filters on disk.
///
/// One file for each profile, in a folder of the runtime's user alone. A file holds the profile's text beside
/// the filter and is used only for exactly that text: its name, a hash, only finds it. A file that is not as
/// it was written is not used but replaced.
///
/// Files are not synced: after a power loss the checksum tells.
package struct SeccompCache {
    /// More files than this are not kept; the oldest go.
    package static let capacity = 256
    private static let suffix = ".filter"
    private static let temporarySuffix = ".tmp"

    private let path: String

    /// - Parameter folder: made when the first filter is stored; its parent has to be there.
    package init(folder: String) { path = folder }

    /// The name of the file for a profile's text.
    package static func fileName(for text: ArraySlice<UInt8>) -> String {
        hexadecimal(text.withUnsafeBytes { CacheFile.checksum(of: $0) }) + suffix
    }

    // MARK: Reading

    /// The filter for a profile's text, if it is here and intact.
    package func load(_ text: ArraySlice<UInt8>) -> SeccompFilter? {
        // A file that cannot be read is as good as none: the profile is compiled again.
        // Not blocking: so that a FIFO in its place holds up nobody.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let fd = clinux_open(path + "/" + Self.fileName(for: text), flags, 0)
        guard fd >= 0 else { return nil }
        let file = FileDescriptor(owning: fd)
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.isPrivate,
            CacheFile.headSizes ~= Int(status.st_size) - text.count
        else { return nil }
        // Read in pieces: mapping the file, or reading it into new memory, would take twice as long as all
        // of this.
        let headSize = Int(status.st_size) - text.count
        let head = [UInt8](unsafeUninitializedCapacity: headSize) { buffer, count in
            count = max(0, Glibc.read(file.raw, buffer.baseAddress, headSize))
        }
        guard head.count == headSize, let filter = head.withUnsafeBytes({ CacheFile.decode(head: $0) }),
            Self.rest(of: file, is: text)
        else { return nil }
        return filter
    }

    private static func rest(of file: borrowing FileDescriptor, is text: ArraySlice<UInt8>) -> Bool {
        let fd = file.raw
        return text.withUnsafeBytes { text in
            // As much as the compiler puts on the stack.
            withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { piece in
                var done = 0
                while done < text.count {
                    let count = Glibc.read(fd, piece.baseAddress, min(piece.count, text.count - done))
                    guard count > 0, memcmp(piece.baseAddress!, text.baseAddress! + done, count) == 0 else {
                        return false
                    }
                    done += count
                }
                return true
            }
        }
    }

    // MARK: Writing

    /// Keeps a filter; a file of the same name is replaced at once.
    /// - Throws: EPERM when the folder belongs to another user or lets others in.
    package func store(_ filter: SeccompFilter, for text: ArraySlice<UInt8>) throws(KernelError) {
        let folder = try openFolder()
        let temporary = hexadecimal(UInt64.random(in: 0...UInt64.max)) + Self.temporarySuffix
        let name = Self.fileName(for: text)
        do throws(KernelError) {
            let file = try folder.openAt(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try file.writeAll(CacheFile.encode(filter, for: text))
            guard renameat(folder.raw, temporary, folder.raw, name) == 0 else {
                throw KernelError("rename", name)
            }
        } catch {
            unlinkat(folder.raw, temporary, 0)
            throw KernelError(error.operation, "\(path)/\(name)", error.errno)
        }
        try prune(folder)
    }

    private func openFolder() throws(KernelError) -> FileDescriptor {
        // EEXIST: it is there, or another runtime was faster.
        if mkdir(path, 0o700) != 0, Errno.current != .exists { throw KernelError("mkdir", path) }
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard try folder.status().isPrivate else {
            throw KernelError("check owner and mode of", path, .notPermitted)
        }
        return folder
    }

    /// Removes the oldest files beyond the capacity, left-over temporary ones among them.
    private func prune(_ folder: borrowing FileDescriptor) throws(KernelError) {
        var files: [(name: String, written: timespec)] = []
        for name in try folder.listing(of: path).map(\.name) {
            guard name.hasSuffix(Self.suffix) || name.hasSuffix(Self.temporarySuffix) else { continue }
            var status = stat()
            guard fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            files.append((name, status.st_mtim))
        }
        guard files.count > Self.capacity else { return }
        files.sort {
            ($0.written.tv_sec, $0.written.tv_nsec, $0.name) < (
                $1.written.tv_sec, $1.written.tv_nsec, $1.name
            )
        }
        for file in files.prefix(files.count - Self.capacity) where unlinkat(folder.raw, file.name, 0) != 0 {
            if Errno.current != .noEntry { throw KernelError("unlink", "\(path)/\(file.name)") }
        }
    }
}

extension stat {
    /// Whether only this user can have written it.
    fileprivate var isPrivate: Bool { st_uid == geteuid() && st_mode & 0o077 == 0 }
}

/// Sixteen digits. By hand, since the library's conversion is generic and touches a dozen new pages.
private func hexadecimal(_ value: UInt64) -> String {
    let digits = (0..<16).map { place in
        let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 15
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
    return String(decoding: digits, as: UTF8.self)
}
