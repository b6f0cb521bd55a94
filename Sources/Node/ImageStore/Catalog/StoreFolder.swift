import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The folder that a store lives in. Only the owner can enter it: layers hold setuid files and what other
/// images keep from their users.
///
///     metadata.db       the records: what is not in them does not exist
///     blobs/ALG/HEX     content by digest
///     snapshots/N       unpacked layers; short names, because mount options are short
///     ingest/LEASE-X/   what an import is making; belongs to the lease of that number
///     partial/ALG-HEX   what is being fetched, or was until somebody was stopped
///     trash/            what is being deleted
///     empty/            the lower folder of images without layers
///     answers/          what lookups have found since the last change
///     reserve           room for the records of a removal
final class StoreFolder: Sendable {
    let path: String
    let root: FileDescriptor
    let snapshots: FileDescriptor
    let ingest: FileDescriptor
    let trash: FileDescriptor

    /// Where temporary files without names are made.
    var scratch: String { path + "/ingest" }

    static let folders = [
        "blobs", "blobs/sha256", "blobs/sha512", "snapshots", "ingest", "partial", "trash", "empty",
        "answers",
    ]

    /// Opens the folder and makes what is missing of it.
    init(_ path: String) throws {
        guard path.hasPrefix("/") else {
            throw ImageError.invalid("image store '\(path)': not an absolute path")
        }
        self.path = path
        try Self.makeFolders(path)
        root = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        for folder in Self.folders where mkdirat(root.raw, folder, 0o700) != 0 {
            if Errno.current != .exists { throw KernelError("make folder", "\(path)/\(folder)") }
        }
        snapshots = try root.openAt("snapshots", O_RDONLY | O_DIRECTORY)
        ingest = try root.openAt("ingest", O_RDONLY | O_DIRECTORY)
        trash = try root.openAt("trash", O_RDONLY | O_DIRECTORY)
        // What becomes layers stays on the part of the disk on which it was made.
        spreadSubfolders(of: scratch)
    }

    private static func makeFolders(_ path: String) throws {
        var made = ""
        let components = path.split(separator: "/")
        for (index, component) in components.enumerated() {
            made += "/" + component
            if mkdir(made, index == components.count - 1 ? 0o700 : 0o755) != 0, Errno.current != .exists {
                throw KernelError("make folder", made)
            }
        }
    }

    /// Below the store's folder.
    static func blobPath(_ digest: OCISpec.Digest) -> String {
        "blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    /// A name in `ingest` that no other folder had, as the hint of `spreadSubfolders` wants it: numbers come again.
    static func ingestName(lease: Int64) -> String {
        "\(lease)-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    }

    /// - Returns: nil for what is no import's folder.
    static func lease(ofIngest name: String) -> Int64? { Int64(name.prefix { $0 != "-" }) }

    static func snapshotPath(_ number: Int64) -> String { "snapshots/\(number)" }

    /// - Returns: nil for a folder that is no snapshot.
    static func snapshotNumber(_ path: String) -> Int64? {
        let parts = path.split(separator: "/").suffix(2)
        return parts.first == "snapshots" ? parts.last.flatMap { Int64($0) } : nil
    }

    func openBlob(_ digest: OCISpec.Digest) throws -> SharedFile {
        SharedFile(try Self.openBlob(digest, in: root), name: digest.description)
    }

    /// - Parameter root: the store's folder.
    static func openBlob(
        _ digest: OCISpec.Digest, in root: borrowing FileDescriptor
    ) throws -> FileDescriptor {
        do {
            return try root.openAt(blobPath(digest), O_RDONLY | O_NOFOLLOW)
        } catch {
            throw ImageError.corrupt("\(digest) is recorded in the image store, but: \(error)")
        }
    }

    /// Notes that the image of this id was used just now: by the modification time of its configuration's blob, so that
    /// a container's start, which reads that, pays one system call and no transaction for it. A store that cannot be
    /// written to notes nothing.
    /// - Parameter file: the opened blob.
    static func noteUse(_ file: borrowing FileDescriptor) {
        // UTIME_OMIT and UTIME_NOW of utimensat(2), which Swift does not see.
        let times = [timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFE), timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFF)]
        futimens(file.raw, times)
    }

    /// When the image of this id was used, or else came in; in seconds since 1970.
    func lastUse(of id: OCISpec.Digest) -> Int64 {
        var status = stat()
        guard fstatat(root.raw, Self.blobPath(id), &status, AT_SYMLINK_NOFOLLOW) == 0 else { return 0 }
        return Int64(status.st_mtim.tv_sec)
    }

    func openSnapshot(_ number: Int64) throws -> SharedFile {
        let path = Self.snapshotPath(number)
        return SharedFile(try root.openAt(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), name: path)
    }

    /// Whether the files of records are there, as far as their names and sizes tell.
    func hasBlob(_ digest: OCISpec.Digest, size: Int64) -> Bool {
        var status = stat()
        return fstatat(root.raw, Self.blobPath(digest), &status, AT_SYMLINK_NOFOLLOW) == 0
            && status.st_mode & S_IFMT == S_IFREG && Int64(status.st_size) == size
    }

    func hasSnapshot(_ number: Int64) -> Bool {
        var status = stat()
        return fstatat(root.raw, Self.snapshotPath(number), &status, AT_SYMLINK_NOFOLLOW) == 0
            && status.st_mode & S_IFMT == S_IFDIR
    }

    // MARK: Durability

    /// Writes everything of this file system to the disk. One call for a whole import: layers are thousands
    /// of files, and syncing each of them would take minutes.
    func syncFileSystem() throws {
        _ = try check("syncfs", path) { syncfs(root.raw) }
    }

    /// Makes the names in `folder` durable.
    func syncFolder(_ folder: String) throws {
        try root.openAt(folder, O_RDONLY | O_DIRECTORY).sync()
    }

    // MARK: Room

    /// For the records of a removal, the log of some hundred images: on a full disk the database's log cannot grow, and
    /// without this nothing could be removed any more.
    var reserve: DiskReserve { DiskReserve(path: path + "/reserve", size: 2 << 20) }

    /// Keeps the reserve, where there is room for it.
    func keepReserve() {
        // It can be done without: what is wrong with the disk, whoever needs it will say.
        try? reserve.take()
    }

    // MARK: Moving and removing

    func rename(_ old: String, to new: String) throws {
        _ = try check("rename", "\(path)/\(old)") { renameat(root.raw, old, root.raw, new) }
    }

    /// Moves something out of sight, so that it can be deleted at leisure. Nothing there is no error.
    func moveToTrash(_ name: String) throws {
        let unique = "\(UInt64.random(in: 0 ... .max))"
        if renameat(root.raw, name, trash.raw, unique) == 0 || Errno.current == .noEntry { return }
        throw KernelError("move to trash", "\(path)/\(name)")
    }

    func names(in folder: String) throws -> [String] {
        let folder = try root.openAt(folder, O_RDONLY | O_DIRECTORY)
        return try TreeRemoval.names(in: folder).map { String(decoding: $0, as: UTF8.self) }
    }

    func emptyTrash() throws {
        for name in try TreeRemoval.names(in: trash) {
            try TreeRemoval.remove(name, in: trash)
        }
    }
}
