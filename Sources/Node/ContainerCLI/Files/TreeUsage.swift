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

    /// Walks a folder. What goes meanwhile is not counted.
    public static func measure(_ path: String) throws(KernelError) -> TreeUsage {
        var usage = TreeUsage()
        var linked: Set<UInt64> = []
        let root = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var waiting = [FolderPlace(root: root)]
        while let place = waiting.popLast() {
            guard let open = try place.open() else { continue }
            for name in try open.folder.listing(of: place.shown).map(FileName.init) {
                // What cannot be looked at, as the root of a mount whose server is gone, takes nothing here.
                guard let status = try? open.status(of: name.bytes) else { continue }
                usage.entries += 1
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                if isFolder || status.st_nlink == 1 || linked.insert(UInt64(status.st_ino)).inserted {
                    usage.bytes += Int64(status.st_blocks) * 512
                }
                if isFolder { waiting.append(place.folder(name.bytes, in: open)) }
            }
        }
        return usage
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
