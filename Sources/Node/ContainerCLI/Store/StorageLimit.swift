import Glibc
import LinuxKernel
import OCISpec

/// `--storage-opt size=1g`: how much a container's writable layer may hold.
public struct StorageLimit: Equatable, Sendable {
    /// Bytes.
    public var bytes: Int64
    /// The project of the container's folders on their file system.
    public var project: UInt32

    /// The number in `size=1g`.
    /// - Parameter words: all that were given.
    public static func size(parsing words: [String]) throws(UsageError) -> Int64? {
        var size: Int64?
        for word in words {
            guard word.hasPrefix("size=") else {
                throw UsageError("invalid storage option '\(word)': wanted is size=BYTES, as in size=1g")
            }
            let bytes = try ByteSize(parsing: String(word.dropFirst("size=".utf8.count))).bytes
            guard bytes >= 1 << 16 else {
                throw UsageError("invalid storage option '\(word)': at least 64k are wanted")
            }
            size = bytes
        }
        return size
    }

    /// Limits empty folders of one file system: an overlay's upper and work folder have to be in one project, or
    /// nothing could be moved from one to the other.
    /// - Parameter id: the container's, which the project's number is made of.
    static func set(_ bytes: Int64, id: String, on folders: [String]) throws -> StorageLimit {
        let place = try FileDescriptor.open(folders[0], O_RDONLY | O_DIRECTORY)
        guard ProjectQuota.isEnforced(at: place) else {
            throw UsageError(
                "--storage-opt size: the file system of \(folders[0]) enforces no project quota: wanted is ext4"
                    + " with the features quota and project, mounted with prjquota, or XFS mounted with pquota"
            )
        }
        let quota = ProjectQuota(project: try freeProject(id, at: place))
        try quota.limit(to: bytes, at: place)
        for path in folders {
            try quota.take(FileDescriptor.open(path, O_RDONLY | O_DIRECTORY), name: path)
        }
        return StorageLimit(bytes: bytes, project: quota.project)
    }

    /// Half of all numbers are left to others, who count from 1 as a rule.
    private static func freeProject(_ id: String, at place: borrowing FileDescriptor) throws -> UInt32 {
        var digits = id[...]
        while digits.utf8.count >= 7 {
            let project = 0x4000_0000 | (UInt32(digits.prefix(7), radix: 16) ?? 0)
            digits = digits.dropFirst(7)
            do throws(KernelError) {
                if try ProjectQuota(project: project).usage(at: place).files == 0 { return project }
            } catch {
                // XFS knows no project that nobody has used.
                if error.errno == .noEntry { return project }
                throw error
            }
        }
        throw UsageError("--storage-opt size: no free project number was found")
    }

    /// What the container has written, by the kernel's own count.
    /// - Parameter folder: of the same file system.
    func usage(at folder: String) throws(KernelError) -> TreeUsage {
        let place = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let usage = try ProjectQuota(project: project).usage(at: place)
        return TreeUsage(bytes: usage.bytes, entries: usage.files)
    }

    /// Gives the number back, once the folders are gone.
    /// - Parameter folder: of the same file system.
    func forget(at folder: String) throws(KernelError) {
        try ProjectQuota(project: project).limit(
            to: 0, at: FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY))
    }
}

extension StorageLimit: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        bytes = try object.required("bytes")
        project = try object.required("project")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("bytes", bytes)
            json.member("project", project)
        }
    }
}
