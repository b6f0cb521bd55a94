import CLinux
import Glibc
import LinuxKernel

/// `tmpcopyup`: a tmpfs that begins with the files which the image has in its place.
enum TmpfsCopyUp {
    static func copy(
        from root: borrowing FileDescriptor, _ path: String, to target: borrowing FileDescriptor
    ) throws {
        let source = try root.openInRoot(path, O_RDONLY | O_DIRECTORY)
        try copyContents(source, target, path)
        try copyOwner(source.status(), target, [0], path)
    }

    private static func copyContents(
        _ source: borrowing FileDescriptor, _ target: borrowing FileDescriptor, _ path: String
    ) throws {
        for entry in try source.listing(of: path) {
            let name = entry.bytes
            let status = try source.openAt(name, O_PATH | O_NOFOLLOW).status()
            let inner = "\(path)/\(entry.name)"
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                _ = try check("mkdir", inner) { mkdirat(target.raw, name, status.st_mode & 0o7777) }
                let from = try source.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                let into = try target.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try copyContents(from, into, inner)
            case S_IFLNK:
                var buffer = [CChar](repeating: 0, count: 4097)
                let length = try check("readlink", inner) {
                    readlinkat(source.raw, name, &buffer, buffer.count - 1)
                }
                buffer[Int(length)] = 0
                _ = try check("symlink", inner) { symlinkat(buffer, target.raw, name) }
            case S_IFREG:
                let from = try source.openAt(name, O_RDONLY | O_NOFOLLOW)
                let into = try target.openAt(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                var left = Int(status.st_size)
                while left > 0 {
                    let count = try check("copy", inner) { sendfile(into.raw, from.raw, nil, left) }
                    if count == 0 { break }
                    left -= count
                }
            default:
                _ = try check("mknod", inner) { mknodat(target.raw, name, status.st_mode, status.st_rdev) }
            }
            try copyOwner(status, target, name, inner)
        }
    }

    private static func copyOwner(
        _ status: stat, _ folder: borrowing FileDescriptor, _ name: [CChar], _ path: String
    ) throws {
        let isFolderItself = name == [0]
        let flags = isFolderItself ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW
        _ = try check("chown", path) {
            fchownat(folder.raw, name, status.st_uid, status.st_gid, Int32(flags))
        }
        guard status.st_mode & S_IFMT != S_IFLNK else { return }
        _ = try check("chmod", path) {
            // Not fchmod(2), which a descriptor of a mount refuses.
            isFolderItself
                ? fchmodat(folder.raw, ".", status.st_mode & 0o7777, 0)
                : fchmodat(folder.raw, name, status.st_mode & 0o7777, 0)
        }
    }
}
