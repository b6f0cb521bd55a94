import Foundation
import ImageStore
import LinuxKernel

/// One file of a tree, as `expected/NAME.json` describes it.
struct ListedFile: Decodable, Equatable {
    var path: String
    var type: String
    var mode: String
    var uid: UInt32
    var gid: UInt32
    /// Nanoseconds; nil when the image does not say.
    var mtime: Int64?
    var size: Int64?
    var sha256: String?
    var target: String?
    var device: [UInt32]?
    var xattrs: [String: String]?
    var linkedTo: String?
}

/// Reads a tree as it is on disk.
struct TreeListing {
    private let root: [UInt8]
    private(set) var files: [String: ListedFile] = [:]
    private var inodes: [ino_t: [String]] = [:]
    private var inodeOf: [String: ino_t] = [:]

    init(_ root: String) throws {
        self.root = Array(root.utf8)
        try visit([])
        for (path, inode) in inodeOf {
            let group = inodes[inode]!
            if group.count > 1 {
                files[path]!.linkedTo = group.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
        }
    }

    static func expected(_ name: String) throws -> [String: ListedFile] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Fixtures.folder)/expected/\(name).json"))
        let list = try JSONDecoder().decode([ListedFile].self, from: data)
        return Dictionary(uniqueKeysWithValues: list.filter { !$0.path.isEmpty }.map { ($0.path, $0) })
    }

    private mutating func visit(_ relative: [UInt8]) throws {
        // Names that are no text have to be read by bytes; FileManager would not show them.
        let full = root + (relative.isEmpty ? [] : [UInt8(ascii: "/")] + relative)
        guard
            let stream = (full + [0]).withUnsafeBytes({
                opendir($0.baseAddress!.assumingMemoryBound(to: CChar.self))
            })
        else { throw KernelError("read folder", String(decoding: full, as: UTF8.self)) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    Array(UnsafeBufferPointer(start: bytes, count: 256).prefix { $0 != 0 })
                }
            }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            try list(relative.isEmpty ? name : relative + [UInt8(ascii: "/")] + name)
        }
    }

    private mutating func list(_ relative: [UInt8]) throws {
        let path = root + [UInt8(ascii: "/")] + relative
        let text = (path + [0]).map { CChar(bitPattern: $0) }
        var status = stat()
        guard lstat(text, &status) == 0 else {
            throw KernelError("stat", String(decoding: path, as: UTF8.self))
        }
        let shown = Self.encode(relative)
        var file = ListedFile(
            path: shown, type: "", mode: String(format: "%04o", status.st_mode & 0o7777), uid: status.st_uid,
            gid: status.st_gid,
            mtime: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
        switch status.st_mode & S_IFMT {
        case S_IFDIR: file.type = "dir"
        case S_IFREG:
            file.type = "file"
            file.size = Int64(status.st_size)
            file.sha256 = try Self.sha256(text)
        case S_IFLNK:
            file.type = "symlink"
            var buffer = [CChar](repeating: 0, count: 4096)
            let length = readlink(text, &buffer, buffer.count)
            file.target = Self.encode(buffer[..<max(length, 0)].map { UInt8(bitPattern: $0) })
        case S_IFIFO: file.type = "fifo"
        case let type:
            file.type = type == S_IFCHR ? "char" : "block"
            file.device = Self.device(UInt64(status.st_rdev))
        }
        file.xattrs = try Self.attributes(text)
        files[shown] = file
        if file.type == "dir" { return try visit(relative) }
        inodes[status.st_ino, default: []].append(shown)
        inodeOf[shown] = status.st_ino
    }

    /// Major and minor number, as the C library packs them (sys/sysmacros.h).
    private static func device(_ number: UInt64) -> [UInt32] {
        [
            UInt32(number >> 8 & 0xfff | number >> 32 & 0xffff_f000),
            UInt32(number & 0xff | number >> 12 & 0xffff_ff00),
        ]
    }

    private static func attributes(_ path: [CChar]) throws -> [String: String]? {
        let names = try ExtendedAttributes.names(path)
        if names.isEmpty { return nil }
        var result: [String: String] = [:]
        for name in names {
            let key = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let value = try ExtendedAttributes.value(name + [0], of: path)
            result[key] = value.map { String(format: "%02x", $0) }.joined()
        }
        return result
    }

    private static func sha256(_ path: [CChar]) throws -> String {
        let bytes = try FileDescriptor.readFile(path)
        return DigestHasher.digest(of: bytes).hex
    }

    /// Everything but printable ASCII as %XX, as in the expected trees.
    static func encode(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "%")
                ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }
}
