import Glibc

/// One name in a folder.
public struct FolderEntry: Equatable, Sendable {
    /// As the kernel has it, with a NUL at its end: it need not be UTF-8.
    public let bytes: [CChar]
    /// As the file system tells without a look at the entry itself; some do not.
    public let isFolder: Bool

    /// The name as text; what is no UTF-8 in it is replaced.
    public var name: String { Self.text(bytes) }

    /// Whether the text is the name, and a path can be made with it.
    public var isText: Bool {
        String(validating: bytes.lazy.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) != nil
    }

    /// A name as the kernel has it, NUL at its end, for messages.
    public static func text(_ name: [CChar]) -> String {
        String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `.` or `..`.
    fileprivate var isDots: Bool { bytes == [46, 0] || bytes == [46, 46, 0] }
}

extension FileDescriptor {
    /// The names in this open folder, without `.` and `..`, unsorted.
    /// - Parameter path: for messages.
    public func listing(of path: @autoclosure () -> String = "") throws(KernelError) -> [FolderEntry] {
        // A description of its own: the position of this one stays, and O_PATH is enough.
        let copy = try openAt(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            let errno = Errno.current
            _ = Glibc.close(copy)
            throw KernelError("read folder", path(), errno)
        }
        defer { closedir(stream) }
        var found: [FolderEntry] = []
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { name in
                name.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            let next = FolderEntry(bytes: bytes, isFolder: entry.pointee.d_type == UInt8(DT_DIR))
            if !next.isDots { found.append(next) }
        }
        return found
    }

    /// The names in the folder at `path`.
    public static func listing(of path: String) throws(KernelError) -> [FolderEntry] {
        try open(path, O_RDONLY | O_DIRECTORY).listing(of: path)
    }
}
