import Glibc
import LinuxKernel

/// Compares the folder of an unpacked layer with another one that was made in the same way: kinds, modes, owners, times,
/// sizes, content, targets of links, devices, names of one file, extended attributes. No link in either is followed.
struct TreeComparison {
    private let expected: SharedFile
    private let found: SharedFile
    /// Files with several names, by the first of them in either tree.
    private var expectedNames: [ino_t: LayerPath] = [:]
    private var foundNames: [ino_t: LayerPath] = [:]
    private let buffers = (ByteBuffer(capacity: 256 << 10), ByteBuffer(capacity: 256 << 10))

    /// The first differences, `etc/passwd: other content`.
    private(set) var differences: [String] = []
    private(set) var count = 0

    /// Differences that are told.
    private static let shownDifferences = 5

    init(_ expected: SharedFile, _ found: SharedFile) throws {
        self.expected = expected
        self.found = found
        // By paths, not by open folders: trees may be deeper than a process has descriptors.
        var folders: [LayerPath] = []
        var next: LayerPath? = .root
        try compare(.root)
        while let folder = next {
            folders += try compareNames(in: folder)
            next = folders.popLast()
        }
    }

    private mutating func note(_ path: LayerPath, _ what: String) {
        count += 1
        if differences.count < Self.shownDifferences {
            differences.append("\(path.isRoot ? "/" : path.description): \(what)")
        }
    }

    /// - Returns: folders that both have.
    private mutating func compareNames(in folder: LayerPath) throws -> [LayerPath] {
        let (wanted, there) = (try names(expected, folder), try names(found, folder))
        for name in there.subtracting(wanted).sorted(by: Self.isBefore) {
            note(folder.appending(name), "not of the layer")
        }
        var folders: [LayerPath] = []
        for name in wanted.sorted(by: Self.isBefore) {
            let path = folder.appending(name)
            if try compare(path) { folders.append(path) }
        }
        return folders
    }

    private static func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    private func names(_ tree: SharedFile, _ folder: LayerPath) throws -> Set<[UInt8]> {
        guard let folder = try LayerStack.open(tree, folder, O_RDONLY | O_DIRECTORY) else { return [] }
        return Set(try TreeRemoval.names(in: folder))
    }

    // MARK: One file

    /// - Returns: whether it is a folder in both trees.
    @discardableResult
    private mutating func compare(_ path: LayerPath) throws -> Bool {
        guard let wanted = try LayerStack.status(expected, path) else { return false }
        guard let there = try LayerStack.status(found, path) else {
            note(path, "missing")
            return false
        }
        let kind = wanted.st_mode & S_IFMT
        if there.st_mode & S_IFMT != kind {
            note(path, "\(Self.noun(there)), not \(Self.noun(wanted))")
            return false
        }
        compareOwner(path, wanted, there)
        do {
            try compareContent(path, wanted, there)
            if try attributes(expected, path) != attributes(found, path) {
                note(path, "other extended attributes")
            }
        } catch let error as KernelError {
            // A disk that cannot read it: there is more to look at.
            note(path, "\(error)")
        }
        if kind != S_IFDIR { compareLinks(path, wanted, there) }
        return kind == S_IFDIR
    }

    private static func noun(_ status: stat) -> String {
        switch status.st_mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a folder"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a fifo"
        default: LayerStack.isWhiteout(status) ? "a removed name" : "a device"
        }
    }

    private mutating func compareOwner(_ path: LayerPath, _ wanted: stat, _ there: stat) {
        func owner(_ status: stat) -> String { "\(status.st_uid):\(status.st_gid)" }
        func mode(_ status: stat) -> String { String(status.st_mode & 0o7777, radix: 8) }
        if mode(there) != mode(wanted) { note(path, "mode \(mode(there)), not \(mode(wanted))") }
        if owner(there) != owner(wanted) { note(path, "owner \(owner(there)), not \(owner(wanted))") }
        // A whiteout is as old as its unpacking.
        let isSameTime =
            there.st_mtim.tv_sec == wanted.st_mtim.tv_sec && there.st_mtim.tv_nsec == wanted.st_mtim.tv_nsec
        if !isSameTime && !LayerStack.isWhiteout(wanted) { note(path, "another time") }
    }

    private mutating func compareContent(_ path: LayerPath, _ wanted: stat, _ there: stat) throws {
        switch wanted.st_mode & S_IFMT {
        case S_IFREG:
            if there.st_size != wanted.st_size {
                note(path, "\(there.st_size) bytes, not \(wanted.st_size)")
            } else if try !hasSameBytes(path) {
                note(path, "other content")
            }
        case S_IFLNK:
            let target = try LayerStack.readLink(expected, path)
            if try LayerStack.readLink(found, path) != target { note(path, "another target") }
        case S_IFCHR, S_IFBLK:
            if there.st_rdev != wanted.st_rdev { note(path, "another device") }
        default: break
        }
    }

    private func hasSameBytes(_ path: LayerPath) throws -> Bool {
        // Non-blocking: somebody may put a fifo there meanwhile.
        let flags = O_RDONLY | O_NONBLOCK
        guard let wanted = try LayerStack.open(expected, path, flags),
            let there = try LayerStack.open(found, path, flags)
        else { return false }
        let wantedBytes = StreamSource(SharedFile(wanted, name: path.description))
        let bytes = StreamSource(SharedFile(there, name: path.description))
        while true {
            let isMore = try buffers.0.fill(from: wantedBytes)
            let isThere = try buffers.1.fill(from: bytes)
            if isMore != isThere || !buffers.0.filled.elementsEqual(buffers.1.filled) { return false }
            if !isMore { return true }
        }
    }

    /// A name more that the tree does not have is one through which somebody else may write.
    private mutating func compareLinks(_ path: LayerPath, _ wanted: stat, _ there: stat) {
        if there.st_nlink != wanted.st_nlink {
            return note(path, "\(there.st_nlink) names, not \(wanted.st_nlink)")
        }
        if wanted.st_nlink == 1 { return }
        let first = expectedNames[wanted.st_ino] ?? path
        expectedNames[wanted.st_ino] = first
        let firstThere = foundNames[there.st_ino] ?? path
        foundNames[there.st_ino] = firstThere
        if first != firstThere { note(path, "not the same file as \(first)") }
    }

    /// SELinux labels are the host's, and may have been set anew.
    private func attributes(_ tree: SharedFile, _ path: LayerPath) throws -> [[UInt8]: [UInt8]] {
        let parent = path.isRoot ? path : path.parent
        guard let folder = try LayerStack.open(tree, parent, O_PATH | O_DIRECTORY) else { return [:] }
        let list =
            path.isRoot
            ? try FileAttributes(of: folder, name: path).readAll()
            : try FileAttributes(of: path, in: folder).readAll()
        return Dictionary(list.filter { !$0.name.elementsEqual("security.selinux".utf8) }) { first, _ in first
        }
    }
}
