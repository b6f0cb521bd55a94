import CLinux
import Glibc
import LinuxKernel

/// What each kind of entry is made of.
extension LayerUnpacker {
    func status(_ name: ArraySlice<UInt8>, in parent: borrowing FileDescriptor) throws -> stat? {
        var status = stat()
        if withCStringOf(name, { fstatat(parent.raw, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 {
            return status
        }
        if Errno.current == .noEntry { return nil }
        throw KernelError("stat", shown(Array(name)))
    }

    /// Makes a name; what was there before under it goes away.
    @discardableResult
    func make(
        _ path: LayerPath, in parent: borrowing FileDescriptor, _ operation: String,
        _ call: (UnsafePointer<CChar>) -> Int32
    ) throws -> Int32 {
        var result = withCStringOf(path.name, call)
        if result < 0, Errno.current == .exists {
            layer.forget()
            broughtUp = broughtUp.filter { $0.value != path && !$0.value.ancestors.contains(path) }
            try TreeRemoval.remove(path.name, in: parent)
            result = withCStringOf(path.name, call)
        }
        if result < 0 { throw KernelError(operation, path.description) }
        return result
    }

    func create(_ path: LayerPath, in parent: borrowing FileDescriptor) throws -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(
            owning: try make(path, in: parent, "create") { clinux_openat(parent.raw, $0, flags, 0o600) })
    }

    func makeNode(
        _ type: mode_t, _ device: dev_t, _ path: LayerPath, in parent: borrowing FileDescriptor
    ) throws {
        try make(path, in: parent, "make device") { mknodat(parent.raw, $0, type | 0o600, device) }
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to file: borrowing FileDescriptor, at offset: Int64,
        _ path: LayerPath
    ) throws {
        var done = 0
        while done < bytes.count {
            done += try check("write", path.description) {
                pwrite(file.raw, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + done)
            }
        }
    }

    /// A hole at the end has no data block that would make the file long enough.
    func extend(_ file: borrowing FileDescriptor, to size: Int64, _ path: LayerPath) throws {
        if ftruncate(file.raw, off_t(size)) != 0 { throw KernelError("extend", path.description) }
    }

    func setMetadata(
        _ entry: TarEntry, of file: borrowing FileDescriptor, _ path: LayerPath
    ) throws {
        if fchown(file.raw, uid_t(entry.uid), gid_t(entry.gid)) != 0 {
            throw KernelError("chown", path.description)
        }
        if !entry.attributes.isEmpty {
            note(try FileAttributes(of: file, name: path).write(entry.attributes), path)
        }
        if fchmod(file.raw, entry.mode) != 0 { throw KernelError("chmod", path.description) }
    }

    /// For what cannot be opened: links, devices and fifos.
    func setMetadata(
        _ entry: TarEntry, _ path: LayerPath, in parent: borrowing FileDescriptor, isLink: Bool
    ) throws {
        let owner = withCStringOf(path.name) {
            fchownat(parent.raw, $0, uid_t(entry.uid), gid_t(entry.gid), AT_SYMLINK_NOFOLLOW)
        }
        if owner != 0 { throw KernelError("chown", path.description) }
        if !entry.attributes.isEmpty {
            note(try FileAttributes(of: path, in: parent).write(entry.attributes), path)
        }
        if !isLink, withCStringOf(path.name, { fchmodat(parent.raw, $0, entry.mode, 0) }) != 0 {
            throw KernelError("chmod", path.description)
        }
        try setTimes(path, in: parent, entry.accessed, entry.modified)
    }

    func setTimes(
        _ path: LayerPath, in parent: borrowing FileDescriptor, _ accessed: timespec, _ modified: timespec
    ) throws {
        let code = withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
            times[0] = accessed
            times[1] = modified
            return withCStringOf(path.name) {
                utimensat(parent.raw, $0, times.baseAddress!, AT_SYMLINK_NOFOLLOW)
            }
        }
        if code != 0 { throw KernelError("set times of", path.description) }
    }

    private func note(_ refused: [String], _ path: LayerPath) {
        for name in refused where result.warnings.count < 20 {
            result.warnings.append("'\(path)': this file system cannot hold the attribute \(name)")
        }
    }
}
