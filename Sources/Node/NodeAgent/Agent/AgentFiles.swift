import Glibc
import LinuxKernel

/// Small files of the agent's own folder.
enum AgentFiles {
    /// Makes a folder with those above it.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(KernelError) {
        if mkdir(path, mode) == 0 { return }
        switch Errno.current {
        case .exists: return
        case .noEntry: break
        case let errno: throw KernelError("mkdir", path, errno)
        }
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        if parent.isEmpty { throw KernelError("mkdir", path, .noEntry) }
        try makeFolder(parent, mode: mode)
        try makeFolder(path, mode: mode)
    }

    /// Writes a file as a whole: who reads it sees the one before or this one.
    static func replace(_ path: String, _ text: String, mode: mode_t = 0o644) throws(KernelError) {
        let draft = path + ".new"
        do {
            let file = try FileDescriptor.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
            try file.writeAll(text)
        }
        _ = try check("rename", path) { rename(draft, path) }
    }

    /// - Returns: nil when there is no such file.
    static func text(of path: String, limit: Int = 1 << 20) throws(KernelError) -> String? {
        do {
            return String(decoding: try FileDescriptor.readFile(path, limit: limit), as: UTF8.self)
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return nil
        }
    }

    /// - Returns: none for a folder that is not there.
    static func names(in folder: String) throws(KernelError) -> [String] {
        do {
            let descriptor = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
            return try descriptor.listing(of: folder).map(\.name)
        } catch  where error.errno == .noEntry {
            return []
        }
    }

    /// Removes a file; none there is no error.
    static func remove(_ path: String) throws(KernelError) {
        if unlink(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
    }

    /// Removes a folder with everything in it, and never what is mounted there.
    static func removeTree(_ path: String) throws(KernelError) {
        let folder: FileDescriptor
        do {
            folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .noEntry {
            return
        }
        for entry in try folder.listing(of: path) {
            let name = "\(path)/\(entry.name)"
            if unlink(name) == 0 { continue }
            if Errno.current == .noEntry { continue }
            try removeTree(name)
        }
        if rmdir(path) != 0, Errno.current != .noEntry { throw KernelError("rmdir", path) }
    }
}
