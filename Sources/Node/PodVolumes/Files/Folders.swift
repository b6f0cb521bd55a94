import CLinux
import Glibc
import LinuxKernel

/// Folders and files of the agent's own, which only root reaches.
package enum Folders {
    /// Makes the folders of `path` that are missing.
    package static func make(_ path: String, mode: mode_t = 0o750) throws(KernelError) {
        if mkdir(path, mode) == 0 || Errno.current == .exists { return }
        guard Errno.current == .noEntry else { throw KernelError("mkdir", path) }
        let parent = path.splitAtLastComponent.parent
        if parent.isEmpty { throw KernelError("mkdir", path, .noEntry) }
        try make(parent, mode: mode)
        if mkdir(path, mode) != 0, Errno.current != .exists { throw KernelError("mkdir", path) }
    }

    /// The folder at `path`, made with its parents when it is missing. What is no folder is an error.
    static func open(making path: String) throws(KernelError) -> FileDescriptor {
        try make(path)
        return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// A file that is complete or not there, whenever this program is killed.
    package static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(KernelError) {
        let new = path + ".new"
        unlink(new)
        let file = try FileDescriptor.open(new, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode: 0o600)
        do throws(KernelError) {
            try file.writeAll(bytes)
            try file.setMode(mode, name: new)
        } catch {
            unlink(new)
            throw KernelError("write", new, error.errno)
        }
        if rename(new, path) != 0 { throw KernelError("rename", new) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What is in a folder; nothing in one that is not there.
    static func names(in path: String) throws(KernelError) -> [String] {
        do {
            return try FileDescriptor.listing(of: path).map(\.name)
        } catch  where error.errno == .noEntry {
            return []
        }
    }
}

extension FileDescriptor {
    /// chmod(2) of what is open here, with O_PATH, too: those the kernel refuses to fchmod(2).
    func setMode(_ mode: mode_t, name: @autoclosure () -> String) throws(KernelError) {
        _ = try check("chmod", name()) { chmod(procPath, mode) }
    }

    /// chown(2) of what is open here, with O_PATH, too; nil leaves as it is.
    func setOwner(_ user: uid_t? = nil, group: gid_t? = nil, name: @autoclosure () -> String)
        throws(KernelError)
    {
        _ = try check("chown", name()) {
            fchownat(raw, "", user ?? uid_t.max, group ?? gid_t.max, AT_EMPTY_PATH)
        }
    }

    /// Opens an entry of this folder. Links are opened themselves, and a mount is refused with EXDEV: what somebody
    /// else put there is not gone into.
    func openHere(_ name: UnsafePointer<CChar>, _ flags: Int32) throws(KernelError) -> FileDescriptor {
        // EAGAIN: something was renamed or mounted somewhere while the kernel looked. Not for ever.
        for _ in 0..<100 {
            let found = clinux_openat2(
                raw, name, UInt64(UInt32(bitPattern: flags | O_NOFOLLOW | O_CLOEXEC)), 0,
                UInt64(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS))
            if found >= 0 { return FileDescriptor(owning: found) }
            let errno = Errno.current
            if errno != .again && errno != .interrupted {
                throw KernelError("open", String(cString: name), errno)
            }
        }
        throw KernelError("open", String(cString: name), .again)
    }

    /// Whether something is mounted on an entry of this folder; false where nothing is.
    func isMountPoint(_ name: String) throws(KernelError) -> Bool {
        do throws(KernelError) {
            _ = try openHere(name, O_PATH)
            return false
        } catch {
            if error.errno == .crossDevice { return true }
            if error.errno == .noEntry { return false }
            throw error
        }
    }
}
