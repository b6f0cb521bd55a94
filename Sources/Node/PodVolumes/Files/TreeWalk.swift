import CLinux
import Glibc
import LinuxKernel

/// Goes through a folder that others change meanwhile: containers, other pods. Nothing outside of it is reached. Every
/// folder is opened below one that is held, without following links or crossing mounts, and every entry is handed out
/// by the folder that it lies in. What goes meanwhile is left out.
enum TreeWalk {
    /// - Parameters:
    ///   - path: for messages.
    ///   - visit: called for every entry but the root, folders before what is in them.
    static func run(
        _ root: borrowing FileDescriptor, path: String,
        visit: (_ folder: borrowing FileDescriptor, _ name: [CChar]) throws(KernelError) -> Void
    ) throws(KernelError) {
        var open: [(base: HeldFolder, path: [CChar])] = [
            (HeldFolder(try root.openAt(".", O_RDONLY | O_DIRECTORY)), [46, 0])
        ]
        while let (base, inner) = open.popLast() {
            let found = clinux_openat2(
                base.folder.raw, inner, UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
                UInt64(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS))
            if found < 0 {
                switch Errno.current {
                case .noEntry, .notDirectory, .loop, .crossDevice: continue
                case .again, .interrupted: open.append((base, inner))
                case let errno: throw KernelError("walk", path, errno)
                }
                continue
            }
            let folder = HeldFolder(FileDescriptor(owning: found))
            // A path has an end: far down, folders are named from one on the way that is held for it.
            let isFar = inner.count > 2048
            for entry in try folder.folder.listing(of: path) {
                try visit(folder.folder, entry.bytes)
                var status = stat()
                guard fstatat(folder.folder.raw, entry.bytes, &status, AT_SYMLINK_NOFOLLOW) == 0,
                    status.st_mode & S_IFMT == S_IFDIR
                else { continue }
                open.append(isFar ? (folder, entry.bytes) : (base, inner.dropLast() + [47] + entry.bytes))
            }
        }
    }
}

/// Shared by the folders below it that wait to be read.
private final class HeldFolder {
    let folder: FileDescriptor

    init(_ folder: consuming FileDescriptor) {
        self.folder = folder
    }
}
