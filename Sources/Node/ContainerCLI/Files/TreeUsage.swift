import CLinux
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// What a tree takes on its disk.
public struct TreeUsage: Equatable, Sendable {
    /// Of the blocks that are taken: holes count nothing, a file with several names counts once.
    public var bytes: Int64 = 0
    /// Files and folders, without the tree's root.
    public var entries: Int64 = 0

    /// Bytes of the root folder's own blocks are not counted: an empty tree takes nothing.
    public init(bytes: Int64 = 0, entries: Int64 = 0) {
        self.bytes = bytes
        self.entries = entries
    }

    /// Walks a folder. Nothing outside of it is reached, whoever moves what in it meanwhile: every folder is opened
    /// below one that is held, without following links or crossing mounts. What goes meanwhile is not counted.
    public static func measure(_ path: String) throws(KernelError) -> TreeUsage {
        var usage = TreeUsage()
        var linked: Set<UInt64> = []
        let root = HeldFolder(try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        var open: [(base: HeldFolder, path: [CChar])] = [(root, [46, 0])]
        while let (base, inner) = open.popLast() {
            let raw = clinux_openat2(
                base.folder.raw, inner, UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
                UInt64(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS))
            if raw < 0 {
                switch Errno.current {
                case .noEntry, .notDirectory, .loop, .crossDevice: continue
                case .again:
                    // Something was renamed while the kernel looked.
                    open.append((base, inner))
                    continue
                case let errno: throw KernelError("measure", path, errno)
                }
            }
            let folder = HeldFolder(FileDescriptor(owning: raw))
            // A path has an end: far down, folders are named from one on the way that is held for it.
            let isFar = inner.count > 2048
            for name in try folder.names() {
                var status = stat()
                if fstatat(folder.folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 { continue }
                usage.entries += 1
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                if isFolder || status.st_nlink == 1 || linked.insert(UInt64(status.st_ino)).inserted {
                    usage.bytes += Int64(status.st_blocks) * 512
                }
                if isFolder {
                    open.append(isFar ? (folder, name) : (base, inner.dropLast() + [47] + name))
                }
            }
        }
        return usage
    }
}

/// Shared by the folders below it that wait to be read.
private final class HeldFolder {
    let folder: FileDescriptor

    init(_ folder: consuming FileDescriptor) {
        self.folder = folder
    }

    /// Names in it, each with its zero, without `.` and `..`.
    func names() throws(KernelError) -> [[CChar]] {
        let copy = try folder.openAt(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            let errno = Errno.current
            close(copy)
            throw KernelError("read folder", "descriptor \(folder.raw)", errno)
        }
        defer { closedir(stream) }
        var result: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [46, 0] && name != [46, 46, 0] { result.append(name) }
        }
        return result
    }
}

/// What a tree took when it was measured, kept in a file beside it.
struct RecordedUsage: Equatable {
    var usage: TreeUsage
    var measured: Timestamp
    /// Nobody wrote to it then: it is true until somebody does.
    var isSettled: Bool
    /// The containers that could write to it, by id.
    var users: [String]

    static let fileName = "usage.json"

    /// Seconds for which a number is given again that may have changed since.
    static let patience: Int64 = 60

    /// - Returns: nil where nothing was recorded, or nothing that can be read.
    static func read(in folder: String) -> RecordedUsage? {
        guard let bytes = try? FileDescriptor.readFile(folder + "/" + fileName, limit: 1 << 20) else {
            return nil
        }
        return try? RecordedUsage(json: bytes)
    }

    /// What cannot be written is measured again the next time.
    func write(in folder: String) {
        do { try writeNewFile(folder + "/" + Self.fileName, json()) } catch { Self.forget(in: folder) }
    }

    /// To be called before somebody else than a container changes something.
    static func forget(in folder: String) {
        unlink(folder + "/" + fileName)
    }
}

extension RecordedUsage: JSONDecodable, JSONEncodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        usage = TreeUsage(bytes: try object.required("bytes"), entries: try object.required("entries"))
        measured = try object.required("measured")
        isSettled = try object.flag("settled")
        users = try object.list("users")
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("bytes", usage.bytes)
            json.member("entries", usage.entries)
            json.member("measured", measured)
            json.flag("settled", isSettled)
            json.member("users", users)
        }
    }
}
