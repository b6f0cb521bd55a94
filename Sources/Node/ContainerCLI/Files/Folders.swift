import Glibc
import LinuxKernel

/// The name of a file as the kernel has it: any bytes but `/` and NUL, UTF-8 or not.
struct FileName: Hashable {
    /// Ends with a NUL.
    let bytes: [CChar]

    init(_ text: String) {
        bytes = text.utf8CString.map { $0 }
    }

    init(_ entry: FolderEntry) { bytes = entry.bytes }

    /// Without the NUL.
    var characters: [UInt8] { bytes.dropLast().map { UInt8(bitPattern: $0) } }

    /// For messages, and for names that are known to be plain.
    var text: String { bytes.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } }

    func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The array's own method throws without a type; the buffer outlives the call below.
        let result = bytes.withUnsafeBufferPointer { buffer -> Swift.Result<Result, Failure> in
            do throws(Failure) { return .success(try body(buffer.baseAddress!)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// The names in one of our own folders, unsorted; none where there is no folder.
package func folderEntries(_ path: String) throws(KernelError) -> [String] {
    do throws(KernelError) {
        return try FileDescriptor.listing(of: path).map(\.name)
    } catch {
        if error.errno == .noEntry { return [] }
        throw error
    }
}

/// Whether nothing is in a folder, however much there is.
func isEmptyFolder(_ path: String) throws(KernelError) -> Bool {
    guard let stream = opendir(path) else { throw KernelError("read folder", path) }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
        let name = entry.pointee.d_name
        let isSelf = name.0 == 46 && (name.1 == 0 || name.1 == 46 && name.2 == 0)
        if !isSelf { return false }
    }
    return true
}

/// Writes a file in one step: readers see nothing or all of it.
func writeNewFile(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws(KernelError) {
    let temporary = path + ".new"
    let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
    do throws(KernelError) {
        try file.writeAll(bytes)
    } catch {
        unlink(temporary)
        throw KernelError("write", temporary, error.errno)
    }
    if rename(temporary, path) != 0 { throw KernelError("rename \(temporary) to", path) }
}

/// Writes a file of a container that nobody sees before it is whole: no step in between is needed.
func writeDraftFile(_ path: String, _ bytes: [UInt8]) throws(KernelError) {
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    do throws(KernelError) {
        try file.writeAll(bytes)
    } catch {
        throw KernelError("write", path, error.errno)
    }
}

/// mkdir(2) of every missing folder on the way, with that mode whatever the umask is.
public func makeFolders(_ path: String, mode: mode_t = 0o711) throws(KernelError) {
    if try makeFolder(path, mode: mode, needsParent: false) != nil { return }
    let (parent, _) = path.splitAtLastComponent
    if !parent.isEmpty { try makeFolders(parent, mode: mode) }
    _ = try makeFolder(path, mode: mode)
}

/// - Returns: whether it is new; nil where its parent is missing and need not be there.
func makeFolder(_ path: String, mode: mode_t, needsParent: Bool = true) throws(KernelError) -> Bool? {
    let isMade = mode & umaskOfProcess == 0 ? mkdir(path, mode) == 0 : try makeFolderAgainstUmask(path, mode)
    if isMade { return true }
    switch Errno.current {
    case .exists: return false
    case .noEntry where !needsParent: return nil
    default: throw KernelError("mkdir", path)
    }
}

/// What is taken from the modes of new files; nobody changes it later than at the start of a program.
private let umaskOfProcess: mode_t = {
    let status = try? FileDescriptor.readFile("/proc/self/status", limit: 4096)
    let line = String(decoding: status ?? [], as: UTF8.self).split(separator: "\n").first {
        $0.hasPrefix("Umask:")
    }
    return line.flatMap { mode_t($0.dropFirst(6).drop { $0.isWhitespace }, radix: 8) } ?? 0o777
}()

/// The path may lead through folders of others, who can put something else in its places between two steps: the one that
/// the folder comes to is found once, and nothing is changed but what the folder is that was made.
/// - Returns: false with errno where it cannot be made.
private func makeFolderAgainstUmask(_ path: String, _ mode: mode_t) throws(KernelError) -> Bool {
    let (parent, name) = path.trimmingSlashes.splitAtLastComponent
    let place: FileDescriptor
    do throws(KernelError) {
        place = try FileDescriptor.open(
            parent.isEmpty ? path.hasPrefix("/") ? "/" : "." : parent, O_PATH | O_DIRECTORY)
    } catch {
        errno = error.errno.rawValue
        return false
    }
    if mkdirat(place.raw, name.isEmpty ? "." : name, mode) != 0 { return false }
    let folder = try place.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    let status = try folder.status()
    // One that was put into its place has another mode.
    guard status.st_uid == geteuid(), status.st_mode & 0o777 == mode & ~umaskOfProcess else { return true }
    // The bit that makes the group of what is in it, which it has from its own folder, stays.
    _ = try check("chmod", path) { fchmod(folder.raw, status.st_mode & S_ISGID | mode) }
    return true
}

extension String {
    fileprivate var trimmingSlashes: String {
        var path = self[...]
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        return String(path)
    }
}

/// Which file an open file is.
struct FileIdentity: Hashable {
    let device: UInt
    let inode: UInt

    init(_ file: borrowing FileDescriptor) throws(KernelError) {
        let status = try file.status()
        device = status.st_dev
        inode = status.st_ino
    }
}
