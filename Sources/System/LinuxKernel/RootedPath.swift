import CLinux
import Glibc

// Paths inside a container's root. The kernel resolves them with openat2(2) and RESOLVE_IN_ROOT, so that no
// symlink or `..` leads out, and everything afterwards goes by descriptor, never by string: that removes the
// races in which a container exchanges a component between check and use (CVE-2021-30465 and its kind).

extension FileDescriptor {
    /// Opens `path` as a process would whose root is this folder.
    /// - Parameter noLinks: a symlink anywhere on the way is refused with ELOOP.
    /// - Throws: EAGAIN when a rename went on during a hundred attempts, EXDEV for an escape.
    public func openInRoot(
        _ path: UnsafePointer<CChar>, _ flags: Int32, mode: mode_t = 0, noLinks: Bool = false
    ) throws(KernelError) -> FileDescriptor {
        let fd = resolve(path, flags, mode: mode, noLinks: noLinks)
        if fd < 0 { throw KernelError("open in root", String(cString: path), Errno(rawValue: -fd)) }
        return FileDescriptor(owning: fd)
    }

    /// As `openInRoot`, nil where nothing is: the usual answer, and no error that has to be made first.
    public func openInRootIfThere(
        _ path: UnsafePointer<CChar>, _ flags: Int32
    ) throws(KernelError) -> FileDescriptor? {
        let fd = resolve(path, flags, mode: 0, noLinks: false)
        if fd >= 0 { return FileDescriptor(owning: fd) }
        let errno = Errno(rawValue: -fd)
        if errno == .noEntry { return nil }
        throw KernelError("open in root", String(cString: path), errno)
    }

    /// - Returns: a descriptor, or the negative error number.
    private func resolve(_ path: UnsafePointer<CChar>, _ flags: Int32, mode: mode_t, noLinks: Bool) -> Int32 {
        var resolve = UInt64(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        if noLinks { resolve |= UInt64(RESOLVE_NO_SYMLINKS) }
        // The kernel refuses a mode without a creating flag.
        let creates = flags & O_CREAT != 0 || flags & O_TMPFILE == O_TMPFILE
        for _ in 0..<100 {
            let fd = clinux_openat2(
                raw, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), creates ? UInt64(mode) : 0, resolve)
            if fd >= 0 { return fd }
            let errno = Errno.current
            // EAGAIN: a rename or mount elsewhere made the kernel unsure that the walk stayed inside.
            if errno != .again && errno != .interrupted { return -errno.rawValue }
        }
        return -EAGAIN
    }

    /// Makes the folders of `path` that are missing below this root and opens the last one with O_PATH.
    /// Links that are there are followed inside the root; a dangling one ends in ENOENT or EEXIST.
    public func makeDirectoriesInRoot(
        _ path: String, mode: mode_t = 0o755
    ) throws(KernelError) -> FileDescriptor {
        if let there = try openInRootIfThere(path.isEmpty ? "." : path, O_PATH | O_DIRECTORY) { return there }
        var current = try openInRoot(".", O_PATH | O_DIRECTORY)
        var walked = ""
        for component in path.split(separator: "/") where component != "." {
            if component == ".." {
                throw KernelError("make folders in root", path, .invalidArgument)
            }
            walked += "/" + component
            if let next = try openInRootIfThere(walked, O_PATH | O_DIRECTORY) {
                current = next
                continue
            }
            // Made inside the folder held by descriptor: nobody can exchange what lies above it.
            if mkdirat(current.raw, String(component), mode) != 0, Errno.current != .exists {
                throw KernelError("mkdir in root", walked)
            }
            current = try openInRoot(walked, O_PATH | O_DIRECTORY)
        }
        return current
    }

    /// A path below this root without `.`, `..` and links: as the field's runtimes resolve the
    /// destination of a mount (securejoin). Links that are there are followed inside the root; a `..` leads out of
    /// the folder that a link led to, and not above the root. What is not there counts as a folder.
    ///
    /// The answer is a name, no promise: somebody may put a link there since. Whoever opens it does so in this root.
    public func pathWithoutParents(_ path: String) throws(KernelError) -> String {
        var rest = Array(path.split(separator: "/").map(String.init).reversed())
        var walked: [String] = []
        var links = 0
        while let component = rest.popLast() {
            if component == "." { continue }
            if component == ".." {
                _ = walked.popLast()
                continue
            }
            let next = "/" + (walked + [component]).joined(separator: "/")
            guard let link = try linkInRoot(next) else {
                walked.append(component)
                continue
            }
            links += 1
            // The kernel's own limit, path_resolution(7).
            if links > 40 { throw KernelError("resolve in root", path, .loop) }
            if link.utf8.first == UInt8(ascii: "/") { walked = [] }
            rest += link.split(separator: "/").map(String.init).reversed()
        }
        return "/" + walked.joined(separator: "/")
    }

    /// Where a link leads; nil for anything else, and where nothing is.
    private func linkInRoot(_ path: String) throws(KernelError) -> String? {
        let file: FileDescriptor?
        do throws(KernelError) {
            file = try openInRootIfThere(path, O_PATH | O_NOFOLLOW)
        } catch {
            if error.errno == .notDirectory { return nil }
            throw error
        }
        switch file {
        case .none: return nil
        case .some(let file):
            guard try file.status().st_mode & S_IFMT == S_IFLNK else { return nil }
            let number = file.raw
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = try check("readlink", path) {
                buffer.withUnsafeMutableBytes {
                    readlinkat(number, "", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
                }
            }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// Makes an empty file at `path` below this root where nothing is, with its folders, and opens it O_PATH.
    public func makeFileInRoot(_ path: String, mode: mode_t = 0o644) throws(KernelError) -> FileDescriptor {
        if let there = try openInRootIfThere(path, O_PATH) { return there }
        let (parent, name) = path.splitAtLastComponent
        let folder = try makeDirectoriesInRoot(parent)
        do throws(KernelError) {
            let made = try folder.openAt(name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode: mode)
            _ = consume made
        } catch {
            if error.errno != .exists { throw error }
        }
        return try openInRoot(path, O_PATH)
    }
}

extension String {
    /// The folder part and the name of a path; the folder is empty for a bare name.
    public var splitAtLastComponent: (parent: String, name: String) {
        guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", self) }
        return (String(self[..<slash]), String(self[utf8.index(after: slash)...]))
    }

    /// An absolute path without `.` and `..`, by its text alone: where links lead is not asked.
    public var withoutParents: String {
        var walked: [Substring] = []
        for component in split(separator: "/") where component != "." {
            if component == ".." { _ = walked.popLast() } else { walked.append(component) }
        }
        return "/" + walked.joined(separator: "/")
    }

    /// Whether `..` is one of the path's components.
    public var leadsUp: Bool {
        utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    }
}
