import CLinux
import Glibc

/// A folder of a tree that waits to be opened, on a walk through it. Nothing outside of the tree is reached, whoever moves
/// what in it meanwhile.
///
/// It is named from another one that is held: a path has an end (PATH_MAX), a tree has none. So far down, that is one on
/// the way, and not every one, which would take as many descriptors.
package struct FolderPlace {
    private let base: HeldFolder
    /// Ends with a NUL.
    private let path: [CChar]

    private init(base: HeldFolder, path: [CChar]) {
        self.base = base
        self.path = path
    }

    /// - Parameter root: of the tree.
    package init(root: consuming FileDescriptor) {
        self.init(base: HeldFolder(root), path: [46, 0])
    }

    /// Opens it for reading, without following links or crossing mounts.
    /// - Returns: nil where no folder is, or is any more.
    package func open() throws(KernelError) -> HeldFolder? {
        // EAGAIN: something was renamed while the kernel looked. Not for ever.
        var attempts = 100
        while true {
            let raw = clinux_openat2(
                base.folder.raw, path, UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
                UInt64(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS))
            if raw >= 0 { return HeldFolder(FileDescriptor(owning: raw)) }
            attempts -= 1
            switch Errno.current {
            case .noEntry, .notDirectory, .loop, .crossDevice: return nil
            case .again where attempts > 0, .interrupted where attempts > 0: continue
            case let errno: throw KernelError("open folder", shown, errno)
            }
        }
    }

    /// Where a folder in this one is.
    /// - Parameters:
    ///   - name: ends with a NUL.
    ///   - open: this one.
    package func folder(_ name: [CChar], in open: HeldFolder) -> FolderPlace {
        path.count > 2048
            ? FolderPlace(base: open, path: name)
            : FolderPlace(base: base, path: path.dropLast() + [47] + name)
    }

    /// For messages: the end of its path.
    package var shown: String { "…/" + FolderEntry.text(path).splitAtLastComponent.name }
}

/// Shared by the folders below it that wait to be opened.
package final class HeldFolder {
    package let folder: FileDescriptor

    init(_ folder: consuming FileDescriptor) {
        self.folder = folder
    }

    /// - Parameter name: ends with a NUL.
    /// - Returns: nil where nothing is, or is any more.
    package func status(of name: [CChar]) throws(KernelError) -> stat? {
        var status = stat()
        if fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        if Errno.current == .noEntry { return nil }
        throw KernelError("stat", "…/" + FolderEntry.text(name))
    }
}
