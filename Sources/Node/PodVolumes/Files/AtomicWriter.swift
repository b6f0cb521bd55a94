import Glibc
import LinuxKernel

/// Exchanges all files of a volume at once, while containers read them.
///
///     ..2026_03_01_12_00_00.3029817436/ca/root.pem    the files
///     ..data -> ..2026_03_01_12_00_00.3029817436      exchanged by one rename
///     ca -> ..data/ca                                 what users open
///
/// Who has opened `..data` sees old files or new ones, never some of both. Programs that watch for changes of `..data`
/// know this layout from the kubelet. Nothing is synced: after a crash of the machine the volume is written anew.
struct AtomicWriter: ~Copyable {
    private let folder: FileDescriptor
    private let path: String
    /// What is done to a new folder of files before it can be seen.
    private let ownership: FileOwnership?

    private static let data = "..data"
    private static let newData = "..data_tmp"

    /// - Parameter path: the volume's folder, which is there.
    init(path: String, ownership: FileOwnership?) throws(KernelError) {
        self.path = path
        self.ownership = ownership
        folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Makes the payload what the volume shows, and removes what an earlier writer left when it was killed.
    /// - Returns: false where it showed that before.
    func write(_ payload: Payload) throws(KernelError) -> Bool {
        let current = currentName()
        let isCurrent = try current.map { name throws(KernelError) in try shows(payload, name) } ?? false
        if !isCurrent {
            let name = try makeFolder()
            do throws(KernelError) {
                try fill(name, with: payload)
                try exchange(for: name)
            } catch {
                // The first error is what counts; the next write removes what this leaves.
                try? removeTree(path + "/" + name)
                throw error
            }
        }
        try link(payload.topLevelNames)
        try removeLeftovers()
        return !isCurrent
    }

    // MARK: What is there

    /// The folder that `..data` leads to; nil where it leads to none.
    private func currentName() -> String? {
        guard let target = readLink(Self.data), target.hasPrefix(".."), !target.contains("/") else {
            return nil
        }
        var status = stat()
        guard fstatat(folder.raw, target, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFDIR
        else { return nil }
        return target
    }

    private func readLink(_ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlinkat(folder.raw, name, &buffer, buffer.count - 1)
        return length < 0
            ? nil : String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether the folder holds these files and no others, with their modes and owners.
    private func shows(_ payload: Payload, _ name: String) throws(KernelError) -> Bool {
        let files = try folder.openHere(name, O_RDONLY | O_DIRECTORY)
        var count = 0
        try TreeWalk.run(files, path: path) { inner, entry throws(KernelError) in
            var status = stat()
            if fstatat(inner.raw, entry, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT != S_IFDIR
            {
                count += 1
            }
        }
        if count != payload.files.count { return false }
        for (path, file) in payload.files {
            guard let open = try? files.openHere(path, O_RDONLY | O_NONBLOCK) else { return false }
            let status = try open.status()
            guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == file.content.count,
                status.st_mode & 0o7777 == ownership?.mode(of: file.mode) ?? file.mode,
                status.st_uid == file.owner ?? 0
            else { return false }
            if try open.readToEnd() != file.content { return false }
        }
        return true
    }

    // MARK: New files

    private func makeFolder() throws(KernelError) -> String {
        while true {
            var now = time(nil)
            var parts = tm()
            gmtime_r(&now, &parts)
            let date = [
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec,
            ]
            let digits = date.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "_")
            let name = "..\(digits).\(UInt32.random(in: 0...UInt32.max))"
            if mkdirat(folder.raw, name, 0o755) == 0 { return name }
            if Errno.current != .exists { throw KernelError("mkdir", path + "/" + name) }
        }
    }

    private func fill(_ name: String, with payload: Payload) throws(KernelError) {
        let root = try folder.openHere(name, O_RDONLY | O_DIRECTORY)
        // Whatever the umask is.
        try root.setMode(0o755, name: path + "/" + name)
        // Sorted, so that a file that lies where another one needs a folder is always the same error.
        for (inner, file) in payload.files.sorted(by: { $0.key < $1.key }) {
            let shown = path + "/" + inner
            try makeParents(of: inner, in: root)
            let open = try root.openAt(inner, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode: 0o600)
            do throws(KernelError) { try open.writeAll(file.content) } catch {
                throw KernelError("write", shown, error.errno)
            }
            // The owner first: a change of owner takes bits away.
            if let owner = file.owner { try open.setOwner(owner, name: shown) }
            try open.setMode(file.mode, name: shown)
        }
        if let ownership { try ownership.apply(to: root, path: path) }
    }

    private func makeParents(of inner: String, in root: borrowing FileDescriptor) throws(KernelError) {
        var walked = ""
        for component in inner.split(separator: "/").dropLast() {
            walked += walked.isEmpty ? String(component) : "/" + component
            if mkdirat(root.raw, walked, 0o755) == 0 {
                try root.openHere(walked, O_PATH).setMode(0o755, name: path + "/" + walked)
            } else if Errno.current != .exists {
                throw KernelError("mkdir", path + "/" + walked)
            }
        }
    }

    private func exchange(for name: String) throws(KernelError) {
        unlinkat(folder.raw, Self.newData, 0)
        _ = try check("symlink", path + "/" + Self.newData) { symlinkat(name, folder.raw, Self.newData) }
        _ = try check("rename", path + "/" + Self.data) {
            renameat(folder.raw, Self.newData, folder.raw, Self.data)
        }
    }

    // MARK: What users see

    private func link(_ names: [String]) throws(KernelError) {
        for name in names where readLink(name) != Self.data + "/" + name {
            // An empty folder is what a subPath has made where nothing was yet.
            if unlinkat(folder.raw, name, 0) != 0 { unlinkat(folder.raw, name, AT_REMOVEDIR) }
            _ = try check("symlink", path + "/" + name) {
                symlinkat(Self.data + "/" + name, folder.raw, name)
            }
        }
        let wanted = Set(names)
        for entry in try folder.listing(of: path)
        where !wanted.contains(entry.name) && readLink(entry.name)?.hasPrefix(Self.data + "/") == true {
            unlinkat(folder.raw, entry.bytes, 0)
        }
    }

    private func removeLeftovers() throws(KernelError) {
        let current = currentName()
        for entry in try folder.listing(of: path) where entry.isFolder || entry.name == Self.newData {
            if entry.name == current || !entry.name.hasPrefix("..") { continue }
            try removeTree(path + "/" + entry.name)
        }
    }
}
