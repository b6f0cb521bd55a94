import CLinux
import Glibc

/// Removes a folder with everything in it, as containers have left it. Links are removed and never followed
/// (CVE-2017-1002102), and a mount that is still there, the folder itself included, ends it with EXDEV before anything in
/// that mount is touched: what is behind it may be the host's. How deep the tree is costs memory only. What is no folder
/// is removed, too.
/// - Throws: at the first thing that cannot be removed; a folder that is not there is no error.
public func removeTree(_ path: String) throws(KernelError) {
    // With a slash at its end a link would be followed.
    let bare = path.utf8.reversed().drop { $0 == UInt8(ascii: "/") }
    let path = String(decoding: bare.reversed(), as: UTF8.self)
    guard var current = try openTop(path) else { return }
    var entered: [(name: [CChar], parent: stat)] = []
    while true {
        if let folder = try emptyUntilFolder(current, below: path) {
            // Exchanged for a file since it was listed: listed again.
            guard let next = try open(folder, in: current, "\(path)/…/\(FolderEntry.text(folder))") else {
                continue
            }
            entered.append((folder, try current.status()))
            current = next
            continue
        }
        guard let (name, parent) = entered.popLast() else { break }
        current = try current.openAt("..", O_RDONLY | O_DIRECTORY)
        // Somebody who still runs may have moved the folder, and this would go on above the tree.
        let above = try current.status()
        guard above.st_dev == parent.st_dev, above.st_ino == parent.st_ino else {
            throw KernelError(
                "remove", "\(path)/…/\(FolderEntry.text(name)), which was moved meanwhile", .busy)
        }
        if unlinkat(current.raw, name, AT_REMOVEDIR) != 0, Errno.current != .noEntry {
            throw KernelError("remove", "\(path)/…/\(FolderEntry.text(name))")
        }
    }
    if rmdir(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
}

/// - Returns: nil where nothing is, any more.
private func openTop(_ path: String) throws(KernelError) -> FileDescriptor? {
    let (parent, name) = path.splitAtLastComponent
    if name.isEmpty { throw KernelError("remove", "/", .invalidArgument) }
    let folder: FileDescriptor
    do throws(KernelError) {
        folder = try FileDescriptor.open(
            parent.isEmpty ? path.utf8.first == UInt8(ascii: "/") ? "/" : "." : parent, O_RDONLY | O_DIRECTORY
        )
    } catch {
        if error.errno == .noEntry { return nil }
        throw error
    }
    if let found = try open(Array(name.utf8CString), in: folder, path) { return found }
    if unlink(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
    return nil
}

/// - Returns: nil when the entry is no folder, or is gone.
private func open(
    _ name: [CChar], in folder: borrowing FileDescriptor, _ path: @autoclosure () -> String
) throws(KernelError) -> FileDescriptor? {
    // EAGAIN: something was renamed or mounted somewhere while the kernel looked. Not for ever.
    var attempts = 100
    while true {
        let found = clinux_openat2(
            folder.raw, name, UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
            UInt64(RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS))
        if found >= 0 { return FileDescriptor(owning: found) }
        attempts -= 1
        switch Errno.current {
        case .noEntry, .notDirectory, .loop: return nil
        case .again where attempts > 0, .interrupted where attempts > 0: continue
        case let errno: throw KernelError("open for removal", path(), errno)
        }
    }
}

/// Removes what is in a folder up to the first folder that is not empty, and answers its name.
private func emptyUntilFolder(
    _ folder: borrowing FileDescriptor, below path: String
) throws(KernelError) -> [CChar]? {
    let entries = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 8)
    defer { entries.deallocate() }
    // Read before, perhaps: back from one of its folders.
    _ = try check("rewind", path) { lseek(folder.raw, 0, SEEK_SET) }
    while true {
        let count = try check("read", path) { getdents64(folder.raw, entries.baseAddress!, entries.count) }
        if count == 0 { return nil }
        var position = 0
        while position < count {
            let entry = entries.baseAddress! + position
            position += Int(entry.load(fromByteOffset: Entry.length, as: UInt16.self))
            let name = (entry + Entry.name).assumingMemoryBound(to: CChar.self)
            let isFolder = entry.load(fromByteOffset: Entry.type, as: UInt8.self) == UInt8(DT_DIR)
            if try !remove(name, isFolder: isFolder, in: folder, path) { return copy(name) }
        }
    }
}

/// Where things are in a record of getdents64(2).
private enum Entry {
    static let length = 16
    static let type = 18
    static let name = 19
}

/// - Parameter isFolder: as the listing said; false where it did not know.
/// - Returns: false for a folder that is not empty.
private func remove(
    _ name: UnsafePointer<CChar>, isFolder: Bool, in folder: borrowing FileDescriptor, _ path: String
) throws(KernelError) -> Bool {
    let isDot = name[0] == CChar(UInt8(ascii: "."))
    if isDot, name[1] == 0 || (name[1] == name[0] && name[2] == 0) { return true }
    if !isFolder {
        if unlinkat(folder.raw, name, 0) == 0 || Errno.current == .noEntry { return true }
        guard Errno.current == .isDirectory else {
            throw KernelError("remove", "\(path)/…/\(FolderEntry.text(copy(name)))")
        }
    }
    if unlinkat(folder.raw, name, AT_REMOVEDIR) == 0 { return true }
    switch Errno.current {
    case .noEntry: return true
    case .notEmpty, .busy, .exists: return false
    default: throw KernelError("remove", "\(path)/…/\(FolderEntry.text(copy(name)))")
    }
}

private func copy(_ name: UnsafePointer<CChar>) -> [CChar] {
    Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
}
