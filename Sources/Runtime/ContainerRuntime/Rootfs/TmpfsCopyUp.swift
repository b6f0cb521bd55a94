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
        try copyOwner(source.status(), target, "", path)
    }

    private static func copyContents(
        _ source: borrowing FileDescriptor, _ target: borrowing FileDescriptor, _ path: String
    ) throws {
        for name in try names(in: source) {
            let status = try source.openAt(name, O_PATH | O_NOFOLLOW).status()
            let inner = "\(path)/\(name)"
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
        _ status: stat, _ folder: borrowing FileDescriptor, _ name: String, _ path: String
    ) throws {
        let flags = name.isEmpty ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW
        _ = try check("chown", path) {
            fchownat(folder.raw, name, status.st_uid, status.st_gid, Int32(flags))
        }
        guard status.st_mode & S_IFMT != S_IFLNK else { return }
        _ = try check("chmod", path) {
            // Not fchmod(2), which a descriptor of a mount refuses.
            fchmodat(folder.raw, name.isEmpty ? "." : name, status.st_mode & 0o7777, 0)
        }
    }

    private static func names(in folder: borrowing FileDescriptor) throws -> [String] {
        let copy = try folder.openAt(".", O_RDONLY | O_DIRECTORY)
        guard let stream = fdopendir(copy.release()) else { throw KernelError("read folder", "") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
