import Glibc
import LinuxKernel
import PodVolumes

/// Small files of the agent's own folder.
enum AgentFiles {
    /// Makes a folder with those above it.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(KernelError) {
        try Folders.make(path, mode: mode)
    }

    /// Writes a file as a whole: who reads it sees the one before or this one.
    static func replace(_ path: String, _ text: String, mode: mode_t = 0o644) throws(KernelError) {
        try Folders.replace(path, with: Array(text.utf8), mode: mode)
    }

    /// - Returns: nil when there is no such file.
    static func text(of path: String, limit: Int = 1 << 20) throws(KernelError) -> String? {
        try FileDescriptor.readFileIfThere(path, limit: limit, absent: .notDirectory).map {
            String(decoding: $0, as: UTF8.self)
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
}
