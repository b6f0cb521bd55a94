import CLinux
import Glibc
import LinuxKernel

/// Removes a folder with everything in it. Never follows a link and never goes into another mount: a mount that
/// is still there ends it with EXDEV. The depth of the tree, which a container decides, costs memory only.
/// - Throws: at the first thing that cannot be removed; a folder that is not there is no error.
public func removeTree(_ path: String) throws(KernelError) {
    var current: FileDescriptor
    do throws(KernelError) {
        current = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } catch {
        if error.errno == .noEntry { return }
        throw error
    }
    var entered: [[CChar]] = []
    while true {
        if let folder = try emptyUntilFolder(current, below: path) {
            let next = clinux_openat2(
                current.raw, folder, UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
                UInt64(RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS))
            if next < 0 { throw KernelError("open for removal", "\(path)/…/\(shown(folder))") }
            current = FileDescriptor(owning: next)
            entered.append(folder)
            continue
        }
        guard let name = entered.popLast() else { break }
        current = try current.openAt("..", O_RDONLY | O_DIRECTORY)
        if unlinkat(current.raw, name, AT_REMOVEDIR) != 0 {
            throw KernelError("remove", "\(path)/…/\(shown(name))")
        }
    }
    if rmdir(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
}

/// Removes what is in a folder up to the first folder that is not empty, and answers its name.
private func emptyUntilFolder(
    _ folder: borrowing FileDescriptor, below path: String
) throws(KernelError) -> [CChar]? {
    // A description of its own, as reading moves its position.
    let listing = try folder.openAt(".", O_RDONLY | O_DIRECTORY)
    guard let stream = fdopendir(listing.raw) else { throw KernelError("read", path) }
    _ = listing.release()
    defer { closedir(stream) }
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            Array(bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }) + [0]
        }
        let dot = CChar(UInt8(ascii: "."))
        if name == [dot, 0] || name == [dot, dot, 0] { continue }
        if unlinkat(folder.raw, name, 0) == 0 { continue }
        switch Errno.current {
        case .noEntry: continue
        case .isDirectory:
            if unlinkat(folder.raw, name, AT_REMOVEDIR) == 0 { continue }
            if Errno.current == .notEmpty || Errno.current == .busy || Errno.current == .exists {
                return name
            }
            fallthrough
        default: throw KernelError("remove", "\(path)/…/\(shown(name))")
        }
    }
    return nil
}

private func shown(_ name: [CChar]) -> String {
    String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
