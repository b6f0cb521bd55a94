import CLinux
import Glibc
import LinuxKernel

/// The folders onto which a configuration's mounts are put, one after the other. Many of them lie side by side and
/// are made only now: the folder that they lie in is opened once and held.
///
/// It is held only while what is made and mounted in it are new folders. Anything else may cover the held folder,
/// or one above it, and the same path would lead elsewhere.
struct MountFolders: ~Copyable {
    private var parentPath = ""
    private var parent = FileDescriptor(owning: -1)
    /// Mounting onto the working directory changes it, and hooks are to find the one that is now.
    private let workingDirectory: FileDescriptor

    init() {
        workingDirectory = FileDescriptor(owning: clinux_open(".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0))
    }

    /// Whether the working directory can be changed, and changed back.
    var mayBeEntered: Bool { workingDirectory.raw >= 0 }

    /// Goes back to the working directory that was.
    func leave() throws(KernelError) {
        if mayBeEntered { _ = try check("chdir", "back") { fchdir(workingDirectory.raw) } }
    }

    /// Opens the folder at `path` below `root`, and makes it and those above it where they are missing.
    mutating func target(
        _ path: String, in root: borrowing FileDescriptor
    ) throws(KernelError) -> FileDescriptor {
        let (above, name) = path.splitAtLastComponent
        if parent.raw >= 0, above == parentPath, let made = try make(name, path) { return made }
        forget()
        if let there = try root.openInRootIfThere(path.isEmpty ? "." : path, O_PATH | O_DIRECTORY) {
            return there
        }
        if !path.leadsUp,
            let folder = try root.openInRootIfThere(above.isEmpty ? "." : above, O_PATH | O_DIRECTORY)
        {
            parent = folder
            parentPath = above
            if let made = try make(name, path) { return made }
            forget()
        }
        return try root.makeDirectoriesInRoot(path)
    }

    /// To be called before anything is mounted whose place was not found here.
    mutating func forget() {
        if parent.raw >= 0 { parent = FileDescriptor(owning: -1) }
    }

    /// - Returns: nil when something has this name, or it is none.
    private func make(_ name: String, _ path: String) throws(KernelError) -> FileDescriptor? {
        if name.isEmpty || name == "." || name == ".." { return nil }
        if mkdirat(parent.raw, name, 0o755) != 0 {
            if Errno.current == .exists { return nil }
            throw KernelError("mkdir in root", path)
        }
        // A link that was put there since is not followed.
        return try parent.openAt(name, O_PATH | O_DIRECTORY | O_NOFOLLOW)
    }
}
