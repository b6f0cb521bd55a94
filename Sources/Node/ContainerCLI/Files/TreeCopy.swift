import CLinux
import Glibc
import LinuxKernel

/// Copies files and folders from one open folder to another, everything by descriptor and without following a link:
/// neither side can lead the copy elsewhere, whoever changes it meanwhile.
public struct TreeCopy {
    public enum Ownership: Equatable, Sendable {
        /// Everything keeps its owner.
        case kept
        /// Everything belongs to this user.
        case given(uid: UInt32, gid: UInt32)
        /// Everything keeps its owner, who has another number on this side.
        case mapped(UserMaps)
    }

    private let ownership: Ownership
    /// Where files with several names went, to link the further names to them.
    private var linked: [FileIdentity: Int32] = [:]

    public init(ownership: Ownership) {
        self.ownership = ownership
    }

    /// Copies what is in `source` into `target`, and gives `target` the mode, owner and times of `source`.
    /// - Parameter name: of the source, for messages.
    public func copyContents(
        of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, name: String
    ) throws(KernelError) {
        var copy = self
        defer { copy.forgetLinks() }
        try copy.contents(of: source, to: target, path: name)
        try copy.attributes(of: source, to: target, path: name)
    }

    /// Copies what is in `source` into `target`, which keeps its own attributes.
    public func copyEntries(
        of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, name: String
    ) throws(KernelError) {
        var copy = self
        defer { copy.forgetLinks() }
        try copy.contents(of: source, to: target, path: name)
    }

    /// Copies a file or folder, held by O_PATH, as `name` into a folder. What is there with that name is replaced,
    /// but for a folder, which is added to.
    public func copy(
        _ file: borrowing FileDescriptor, as name: String, to target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        var copy = self
        defer { copy.forgetLinks() }
        try copy.entry(file, as: FileName(name), to: target, path: path)
    }

    private mutating func forgetLinks() {
        for descriptor in linked.values { close(descriptor) }
        linked = [:]
    }

    // MARK: One entry

    private mutating func contents(
        of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        for name in try source.listing(of: path).map(FileName.init) {
            let inner = path + "/" + name.text
            try entry(source.open(name, O_PATH | O_NOFOLLOW, inner), as: name, to: target, path: inner)
        }
    }

    private mutating func entry(
        _ file: borrowing FileDescriptor, as newName: FileName, to target: borrowing FileDescriptor,
        path: String
    ) throws(KernelError) {
        let status = try file.status()
        if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR, let first = linked[try FileIdentity(file)]
        {
            return try link(first, as: newName, in: target, path: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try folder(file, as: newName, to: target, path: path)
        case S_IFREG:
            // Opened through the descriptor: it is the file that was looked at, whatever the name is now.
            let content = try FileDescriptor.open(file.procPath, O_RDONLY | O_NOCTTY)
            let made = try create(newName, in: target, path: path)
            try Self.copyBytes(from: content, to: made, count: status.st_size, path: path)
            try attributes(of: content, to: made, path: path)
            try remember(file, status, newName, in: target)
        case S_IFLNK:
            try symbolicLink(file, status, as: newName, in: target, path: path)
            try remember(file, status, newName, in: target)
        case S_IFCHR, S_IFBLK, S_IFIFO:
            try removeFile(newName, in: target, path: path)
            let number = target.raw
            _ = try check("mknod", path) {
                newName.withCString {
                    mknodat(number, $0, status.st_mode & (S_IFMT | 0o7777), status.st_rdev)
                }
            }
            try nameAttributes(status, newName, in: target, path: path)
            try remember(file, status, newName, in: target)
        default:
            // A socket without its program is of no use, and tar has no form for it either.
            return
        }
    }

    private mutating func folder(
        _ folder: borrowing FileDescriptor, as newName: FileName, to target: borrowing FileDescriptor,
        path: String
    ) throws(KernelError) {
        let number = target.raw
        if newName.withCString({ mkdirat(number, $0, 0o700) }) != 0, Errno.current != .exists {
            throw KernelError("mkdir", path)
        }
        let from = try folder.openAt(".", O_RDONLY | O_DIRECTORY)
        let to = try target.open(newName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, path)
        try contents(of: from, to: to, path: path)
        try attributes(of: from, to: to, path: path)
    }

    private func create(
        _ name: FileName, in target: borrowing FileDescriptor, path: String
    ) throws(KernelError) -> FileDescriptor {
        try removeFile(name, in: target, path: path)
        return try target.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, path, mode: 0o600)
    }

    /// Makes room for a new file. A folder in its place stays, and is an error.
    private func removeFile(
        _ name: FileName, in target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        let number = target.raw
        if name.withCString({ unlinkat(number, $0, 0) }) != 0, Errno.current != .noEntry {
            throw KernelError("replace", path)
        }
    }

    private func symbolicLink(
        _ file: borrowing FileDescriptor, _ status: stat, as name: FileName,
        in target: borrowing FileDescriptor,
        path: String
    ) throws(KernelError) {
        try removeFile(name, in: target, path: path)
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let source = file.raw
        _ = try check("read link", path) { readlinkat(source, "", &text, Int(PATH_MAX)) }
        let number = target.raw
        _ = try check("symlink", path) { name.withCString { symlinkat(text, number, $0) } }
        try nameAttributes(status, name, in: target, path: path)
    }

    // MARK: Further names of one file

    private mutating func remember(
        _ file: borrowing FileDescriptor, _ status: stat, _ name: FileName,
        in target: borrowing FileDescriptor
    ) throws(KernelError) {
        guard status.st_nlink > 1 else { return }
        linked[try FileIdentity(file)] = try target.open(name, O_PATH | O_NOFOLLOW, name.text).release()
    }

    private func link(
        _ first: Int32, as name: FileName, in target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        try removeFile(name, in: target, path: path)
        let number = target.raw
        _ = try check("link", path) { name.withCString { linkat(first, "", number, $0, AT_EMPTY_PATH) } }
    }

    // MARK: Content and attributes

    /// copy_file_range(2) where both file systems can, else through memory.
    private static func copyBytes(
        from source: borrowing FileDescriptor, to target: borrowing FileDescriptor, count: Int, path: String
    ) throws(KernelError) {
        let input = source.raw
        let output = target.raw
        while true {
            let copied = copy_file_range(input, nil, output, nil, 1 << 30, 0)
            if copied > 0 { continue }
            if copied == 0 { return }
            switch Errno.current {
            case .interrupted: continue
            case .crossDevice, .invalidArgument, .notSupported, .notImplemented: break
            default: throw KernelError("copy", path)
            }
            break
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let read = try source.read(into: buffer)
            if read == 0 { return }
            try target.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<read]))
        }
    }

    /// Owner, mode, extended attributes and times, in the order in which one does not undo the other: a new owner
    /// takes setuid and file capabilities away.
    private func attributes(
        of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        let status = try source.status()
        let (uid, gid) = owner(status)
        let number = target.raw
        _ = try check("chown", path) { fchown(number, uid, gid) }
        _ = try check("chmod", path) { fchmod(number, status.st_mode & 0o7777) }
        try extendedAttributes(of: source, to: target, path: path)
        var times = [status.st_atim, status.st_mtim]
        _ = try check("set times", path) { futimens(number, &times) }
    }

    /// Of a file that cannot be opened: links, devices.
    private func nameAttributes(
        _ status: stat, _ name: FileName, in target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        let (uid, gid) = owner(status)
        let number = target.raw
        _ = try check("chown", path) {
            name.withCString { fchownat(number, $0, uid, gid, AT_SYMLINK_NOFOLLOW) }
        }
        if status.st_mode & S_IFMT != S_IFLNK {
            // By descriptor: fchmodat(2) would follow a link that somebody put there meanwhile.
            let made = try target.open(name, O_PATH | O_NOFOLLOW, path)
            guard try made.status().st_mode & S_IFMT == status.st_mode & S_IFMT else {
                throw KernelError("chmod", path, .loop)
            }
            _ = try check("chmod", path) { chmod(made.procPath, status.st_mode & 0o7777) }
        }
        var times = [status.st_atim, status.st_mtim]
        _ = try check("set times", path) {
            name.withCString { utimensat(number, $0, &times, AT_SYMLINK_NOFOLLOW) }
        }
    }

    private func owner(_ status: stat) -> (uid_t, gid_t) {
        switch ownership {
        case .kept: (status.st_uid, status.st_gid)
        case .given(let uid, let gid): (uid, gid)
        case .mapped(let maps): maps.owner(uid: status.st_uid, gid: status.st_gid)
        }
    }

    private func extendedAttributes(
        of source: borrowing FileDescriptor, to target: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        let input = source.raw
        let output = target.raw
        var names = [CChar](repeating: 0, count: 64 << 10)
        let length = flistxattr(input, &names, names.count)
        if length < 0 {
            if Errno.current == .notSupported { return }
            throw KernelError("list attributes of", path)
        }
        var value = [UInt8](repeating: 0, count: 64 << 10)
        for name in names[..<length].split(separator: 0) {
            let name = Array(name) + [0]
            // Overlay's own marks mean nothing elsewhere.
            if name.starts(with: "trusted.overlay.".utf8.map { CChar(bitPattern: $0) }) { continue }
            let count = fgetxattr(input, name, &value, value.count)
            if count < 0 { throw KernelError("read attribute of", path) }
            if fsetxattr(output, name, value, count, 0) != 0, Errno.current != .notSupported {
                throw KernelError("set attribute of", path)
            }
        }
    }
}

extension FileDescriptor {
    /// openat(2) of one name, which may be any bytes.
    func open(
        _ name: FileName, _ flags: Int32, _ path: String, mode: mode_t = 0
    ) throws(KernelError) -> FileDescriptor {
        let number = raw
        return FileDescriptor(
            owning: try check("open", path) {
                name.withCString { clinux_openat(number, $0, flags | O_CLOEXEC, mode) }
            })
    }
}
