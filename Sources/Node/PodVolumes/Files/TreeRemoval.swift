import CLinux
import Glibc
import LinuxKernel

/// Removes a folder with everything in it, as containers have left it. Links are removed and never followed
/// (CVE-2017-1002102), and a mount that is still there ends it with EXDEV or EBUSY before anything in that mount is
/// touched: what is behind it may be the host's. How deep the tree is costs memory only.
///
/// - Throws: at the first thing that cannot be removed; a folder that is not there is no error.
func removeTree(_ path: String) throws(KernelError) {
    guard var current = try openTopFolder(path) else { return }
    var levels = [try Level(of: current, name: [], path)]
    while true {
        if let name = try levels[levels.count - 1].removeUntilFolder(in: current, path) {
            do throws(KernelError) {
                current = try current.openHere(name, O_RDONLY | O_DIRECTORY)
            } catch {
                throw KernelError("remove", "\(path)/…/\(shown(name))", error.errno)
            }
            levels.append(try Level(of: current, name: name, path))
            continue
        }
        let done = levels.removeLast()
        guard let parent = levels.last else { break }
        current = try current.openAt("..", O_RDONLY | O_DIRECTORY)
        // Somebody who still runs may have moved the folder: its parent is then another one, perhaps of another pod.
        guard try parent.isSame(as: current) else {
            throw KernelError("remove", "\(path)/…/\(shown(done.name)), which was moved meanwhile", .busy)
        }
        if unlinkat(current.raw, done.name, AT_REMOVEDIR) != 0, Errno.current != .noEntry {
            throw KernelError("remove", "\(path)/…/\(shown(done.name))")
        }
    }
    if rmdir(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
}

/// - Returns: nil where nothing is, any more: what is no folder is removed at once.
private func openTopFolder(_ path: String) throws(KernelError) -> FileDescriptor? {
    let (parent, name) = path.splitAtLastComponent
    do throws(KernelError) {
        return try FileDescriptor.open(parent, O_PATH | O_DIRECTORY).openHere(name, O_RDONLY | O_DIRECTORY)
    } catch {
        switch error.errno {
        case .noEntry: return nil
        case .notDirectory, .loop:
            if unlink(path) != 0 { throw KernelError("remove", path) }
            return nil
        case let errno: throw KernelError("remove", path, errno)
        }
    }
}

/// A folder that is being emptied.
private struct Level {
    let name: [CChar]
    private let device: dev_t
    private let inode: ino_t
    /// What is still to be removed.
    private var entries: [FolderEntry]

    init(of folder: borrowing FileDescriptor, name: [CChar], _ path: String) throws(KernelError) {
        let status = try folder.status()
        self.name = name
        device = status.st_dev
        inode = status.st_ino
        entries = try folder.listing(of: path)
    }

    func isSame(as folder: borrowing FileDescriptor) throws(KernelError) -> Bool {
        let status = try folder.status()
        return status.st_dev == device && status.st_ino == inode
    }

    /// Removes entries up to the first folder that is not empty, and answers its name.
    mutating func removeUntilFolder(
        in folder: borrowing FileDescriptor, _ path: String
    ) throws(KernelError) -> [CChar]? {
        while let entry = entries.popLast() {
            if unlinkat(folder.raw, entry.bytes, entry.isFolder ? AT_REMOVEDIR : 0) == 0 { continue }
            switch Errno.current {
            case .noEntry: continue
            case .isDirectory, .notEmpty, .exists: return entry.bytes
            // Exchanged for a file since it was listed.
            case .notDirectory where unlinkat(folder.raw, entry.bytes, 0) == 0: continue
            case let errno: throw KernelError("remove", "\(path)/…/\(entry.name)", errno)
            }
        }
        return nil
    }
}
