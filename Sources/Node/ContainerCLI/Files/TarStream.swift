import CArchive
import CLinux
import Glibc
import LinuxKernel

/// Writes files and folders as a tar archive (POSIX pax, with extended attributes), everything by descriptor.
package final class TarOutput {
    /// How the upper folder of an overlay becomes a layer of an image (OCI image specification, "Layer Filesystem
    /// Changeset"): what it hides of the folders below becomes entries with names of their own, and its files get the
    /// ids that they have inside of the container.
    package struct LayerForm {
        let user: (UInt32) -> UInt32
        let group: (UInt32) -> UInt32

        package init(
            user: @escaping (UInt32) -> UInt32 = { $0 }, group: @escaping (UInt32) -> UInt32 = { $0 }
        ) {
            self.user = user
            self.group = group
        }
    }

    private let archive: OpaquePointer
    private let descriptor: Int32
    private let layer: LayerForm?
    private let mayGoOn: () throws -> Void
    /// Name in the archive of the first of several names of one file.
    private var linked: [FileIdentity: [UInt8]] = [:]
    /// Folders that are open on the way down to what is just added.
    private var depth = 0

    /// A container can nest folders without end, and each one takes stack, descriptors and its whole path here: it must
    /// not end the daemon that archives it. Those of real trees are tens.
    package static let greatestDepth = 1000

    /// - Parameters:
    ///   - descriptor: stays the caller's.
    ///   - layer: for an overlay's upper folder.
    ///   - mayGoOn: asked again and again; throws when it takes too long.
    package init(
        _ descriptor: Int32, layer: LayerForm? = nil, mayGoOn: @escaping () throws -> Void = {}
    ) throws {
        guard let archive = archive_write_new() else { throw KernelError("write archive", "", .noMemory) }
        self.archive = archive
        self.descriptor = descriptor
        self.layer = layer
        self.mayGoOn = mayGoOn
        archive_write_set_format_pax_restricted(archive)
        archive_write_set_bytes_per_block(archive, 64 << 10)
        archive_write_set_bytes_in_last_block(archive, 512)
        try check(archive_write_open_fd(archive, descriptor), "archive")
    }

    deinit { archive_write_free(archive) }

    package func finish() throws { try check(archive_write_close(archive), "archive") }

    /// Adds what is in a folder, held by O_PATH, and not the folder itself.
    package func addContents(of folder: borrowing FileDescriptor) throws {
        let folder = try folder.openAt(".", O_RDONLY | O_DIRECTORY)
        for child in try folder.listing(of: "archive").map(FileName.init) {
            try add(child, in: folder, as: child.characters)
        }
    }

    /// Somebody may still work in the tree: what was removed since it was listed is not in the archive.
    private func add(_ child: FileName, in folder: borrowing FileDescriptor, as name: [UInt8]) throws {
        let file: FileDescriptor
        do throws(KernelError) {
            file = try folder.open(child, O_PATH | O_NOFOLLOW, String(decoding: name, as: UTF8.self))
        } catch {
            if error.errno == .noEntry { return }
            throw error
        }
        try add(file, as: name)
    }

    /// Adds a file or folder, held by O_PATH, with everything in it.
    package func add(_ file: borrowing FileDescriptor, as name: [UInt8]) throws {
        try mayGoOn()
        let status = try file.status()
        if layer != nil, status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 {
            return try addEmpty(Self.whiteout(of: name), status)
        }
        guard let entry = archive_entry_new() else { throw KernelError("write archive", "", .noMemory) }
        defer { archive_entry_free(entry) }
        let shown = String(decoding: name, as: UTF8.self)
        var copy = status
        archive_entry_copy_stat(entry, &copy)
        if let layer {
            archive_entry_set_uid(entry, la_int64_t(layer.user(status.st_uid)))
            archive_entry_set_gid(entry, la_int64_t(layer.group(status.st_gid)))
        }
        (name + [0]).withUnsafeBytes {
            archive_entry_set_pathname(entry, $0.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
        let type = status.st_mode & S_IFMT
        if type == S_IFSOCK { return }
        if type != S_IFDIR, status.st_nlink > 1 {
            let identity = try FileIdentity(file)
            if let first = linked[identity] {
                (first + [0]).withUnsafeBytes {
                    archive_entry_set_hardlink(entry, $0.baseAddress!.assumingMemoryBound(to: CChar.self))
                }
                archive_entry_set_size(entry, 0)
                return try check(archive_write_header(archive, entry), shown)
            }
            linked[identity] = name
        }
        switch type {
        case S_IFLNK:
            var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let number = file.raw
            _ = try LinuxKernel.check("read link", shown) { readlinkat(number, "", &target, Int(PATH_MAX)) }
            archive_entry_set_symlink(entry, target)
            try check(archive_write_header(archive, entry), shown)
        case S_IFREG:
            let content = try FileDescriptor.open(file.procPath, O_RDONLY | O_NOCTTY)
            addAttributes(of: content, to: entry)
            try check(archive_write_header(archive, entry), shown)
            try addContent(of: content, size: Int(status.st_size), name: shown)
        case S_IFDIR:
            let folder = try file.openAt(".", O_RDONLY | O_DIRECTORY)
            addAttributes(of: folder, to: entry)
            try check(archive_write_header(archive, entry), shown)
            if layer != nil, Self.isOpaque(folder) {
                try addEmpty(name + Array("/.wh..wh..opq".utf8), status)
            }
            if depth == Self.greatestDepth {
                throw UsageError(
                    "an archive holds no more than \(Self.greatestDepth) folders in each other: there are more in \(shown.prefix(80))…"
                )
            }
            depth += 1
            defer { depth -= 1 }
            for child in try folder.listing(of: shown).map(FileName.init) {
                let path = name + [UInt8(ascii: "/")] + child.characters
                try add(child, in: folder, as: path)
            }
        default:
            try check(archive_write_header(archive, entry), shown)
        }
    }

    // MARK: Layers

    private static let overlayAttributes = "trusted.overlay.".utf8.map { CChar(bitPattern: $0) }

    /// `a/b` that is hidden is `a/.wh.b`.
    private static func whiteout(of name: [UInt8]) -> [UInt8] {
        let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return name[..<start] + Array(".wh.".utf8) + name[start...]
    }

    /// Whether overlayfs shows nothing of what lies below this folder.
    private static func isOpaque(_ folder: borrowing FileDescriptor) -> Bool {
        var value: UInt8 = 0
        return fgetxattr(folder.raw, "trusted.overlay.opaque", &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    private func addEmpty(_ name: [UInt8], _ status: stat) throws {
        guard let entry = archive_entry_new() else { throw KernelError("write archive", "", .noMemory) }
        defer { archive_entry_free(entry) }
        (name + [0]).withUnsafeBytes {
            archive_entry_set_pathname(entry, $0.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
        let type: mode_t = S_IFREG
        archive_entry_set_filetype(entry, UInt32(type))
        archive_entry_set_perm(entry, 0)
        archive_entry_set_size(entry, 0)
        archive_entry_set_mtime(entry, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        try check(archive_write_header(archive, entry), String(decoding: name, as: UTF8.self))
    }

    // MARK: Content

    /// A file that grows meanwhile is cut, one that shrinks is filled up with zeros: its size is written already.
    private func addContent(of file: borrowing FileDescriptor, size: Int, name: String) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var left = size
        while left > 0 {
            try mayGoOn()
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
            var count = try file.read(into: part)
            if count == 0 {
                part.initializeMemory(as: UInt8.self, repeating: 0)
                count = part.count
            }
            if archive_write_data(archive, part.baseAddress, count) < 0 { try check(ARCHIVE_FATAL, name) }
            left -= count
        }
    }

    private func addAttributes(of file: borrowing FileDescriptor, to entry: OpaquePointer) {
        var names = [CChar](repeating: 0, count: 64 << 10)
        let length = flistxattr(file.raw, &names, names.count)
        guard length > 0 else { return }
        var value = [UInt8](repeating: 0, count: 64 << 10)
        for name in names[..<length].split(separator: 0).map({ Array($0) + [0] }) {
            // What overlayfs notes of its folders is of no use anywhere else.
            if layer != nil, name.starts(with: Self.overlayAttributes) { continue }
            let count = fgetxattr(file.raw, name, &value, value.count)
            guard count >= 0 else { continue }
            guard let layer else {
                archive_entry_xattr_add_entry(entry, name, value, count)
                continue
            }
            let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let inside = layer.attribute(text, Array(value[..<count]))
            archive_entry_xattr_add_entry(entry, name, inside, inside.count)
        }
    }

    private func check(_ result: Int32, _ name: String) throws {
        // ARCHIVE_WARN: written, with a name that some reader may not know, say.
        if result == ARCHIVE_OK || result == ARCHIVE_WARN { return }
        let errno = archive_errno(archive)
        throw KernelError("write", errno == EPIPE ? "" : name, Errno(rawValue: errno))
    }
}

/// Unpacks a tar archive below a folder of a container's root, every path resolved by the kernel inside that root.
final class TarInput {
    private let archive: OpaquePointer
    private let owners: UserMaps?

    /// - Parameters:
    ///   - descriptor: stays the caller's. Compressed archives are recognized.
    ///   - owners: which ids the archive's are on this side; nil: the same.
    init(_ descriptor: Int32, owners: UserMaps? = nil) throws {
        self.owners = owners
        guard let archive = archive_read_new() else { throw KernelError("read archive", "", .noMemory) }
        self.archive = archive
        archive_read_support_format_tar(archive)
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_zstd(archive)
        if archive_read_open_fd(archive, descriptor, 64 << 10) != ARCHIVE_OK { throw failure() }
    }

    deinit { archive_read_free(archive) }

    private func failure() -> UsageError {
        UsageError(
            "the archive cannot be read: "
                + (archive_error_string(archive).map { String(cString: $0) } ?? "damaged"))
    }

    /// - Parameters:
    ///   - root: the container's root.
    ///   - folder: the folder in it, which must be there.
    func unpack(in root: borrowing FileDescriptor, below folder: String) throws {
        var raw: OpaquePointer?
        while true {
            let result = archive_read_next_header(archive, &raw)
            if result == ARCHIVE_EOF { return }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry = raw else { throw failure() }
            try unpack(entry, root, folder)
        }
    }

    private func unpack(_ entry: OpaquePointer, _ root: borrowing FileDescriptor, _ folder: String) throws {
        guard let name = archive_entry_pathname(entry).map({ String(cString: $0) }) else { throw failure() }
        let components = name.split(separator: "/").filter { $0 != "." }
        if components.contains("..") { throw UsageError("the archive has a name with '..': \(name)") }
        var status = archive_entry_stat(entry).pointee
        if let owners {
            (status.st_uid, status.st_gid) = owners.owner(uid: status.st_uid, gid: status.st_gid)
        }
        guard let last = components.last.map(String.init) else { return }
        let parentPath = ([folder] + components.dropLast().map(String.init)).joined(separator: "/")
        let parent = try root.makeDirectoriesInRoot(parentPath)
        let number = parent.raw
        if let target = archive_entry_hardlink(entry).map({ String(cString: $0) }) {
            let file = try root.openInRoot(folder + "/" + target, O_PATH | O_NOFOLLOW)
            try remove(last, in: number, name)
            _ = try check("link", name) { linkat(file.raw, "", number, last, AT_EMPTY_PATH) }
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if mkdirat(number, last, 0o755) != 0, Errno.current != .exists {
                throw KernelError("mkdir", name)
            }
            let made = try parent.openAt(last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try setMetadata(made.raw, status, name)
        case S_IFREG:
            try remove(last, in: number, name)
            let made = try parent.openAt(last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try copyContent(to: made, name)
            try setMetadata(made.raw, status, name)
        case S_IFLNK:
            guard let target = archive_entry_symlink(entry) else { throw failure() }
            try remove(last, in: number, name)
            _ = try check("symlink", name) { symlinkat(target, number, last) }
            _ = try check("chown", name) {
                fchownat(number, last, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
            }
        case S_IFCHR, S_IFBLK, S_IFIFO:
            try remove(last, in: number, name)
            _ = try check("mknod", name) {
                mknodat(number, last, status.st_mode & (S_IFMT | 0o777), status.st_rdev)
            }
            _ = try check("chown", name) {
                fchownat(number, last, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
            }
        default: throw UsageError("the archive has an entry of an unknown type: \(name)")
        }
    }

    private func remove(_ name: String, in folder: Int32, _ path: String) throws {
        if unlinkat(folder, name, 0) != 0, Errno.current != .noEntry { throw KernelError("replace", path) }
    }

    private func copyContent(to file: borrowing FileDescriptor, _ name: String) throws {
        var block: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        while true {
            let result = archive_read_data_block(archive, &block, &count, &offset)
            if result == ARCHIVE_EOF { break }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN else { throw failure() }
            var done = 0
            while done < count {
                done += try check("write", name) {
                    pwrite(file.raw, block! + done, count - done, Int(offset) + done)
                }
            }
        }
    }

    private func setMetadata(_ file: Int32, _ status: stat, _ name: String) throws(KernelError) {
        _ = try check("chown", name) { fchown(file, status.st_uid, status.st_gid) }
        _ = try check("chmod", name) { fchmod(file, status.st_mode & 0o7777) }
        var times = [status.st_mtim, status.st_mtim]
        _ = try check("set times", name) { futimens(file, &times) }
    }
}
