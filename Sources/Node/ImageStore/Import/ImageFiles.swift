import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Where `load` reads from.
public enum ImageSource: Sendable {
    /// A folder with an OCI layout, or an archive: OCI or Docker, plain or compressed.
    case path(String)
    /// An archive on an open descriptor, which stays the caller's: standard input. The name is for messages.
    case descriptor(Int32, name: String)
}

/// The files of an image layout: a folder, or an archive that is read in place.
protocol ImageFiles: Sendable {
    /// A regular file; nil when there is none of that name.
    func open(_ name: String) throws -> (source: any ByteSource, size: Int64)?
}

extension ImageFiles {
    /// A whole document.
    func document(_ name: String, limits: ImportLimits) throws -> [UInt8]? {
        guard let (source, size) = try open(name) else { return nil }
        if size > limits.documentBytes {
            throw ImageError(
                .limit, "\(name) has \(size) bytes; \(limits.documentBytes) are the most for a document")
        }
        let buffer = ByteBuffer(capacity: max(Int(size), 1))
        _ = try buffer.fill(from: source)
        if buffer.count != size {
            throw ImageError.corrupt("\(name) ends after \(buffer.count) of \(size) bytes")
        }
        return Array(buffer.filled)
    }

    /// A document that has to be what its descriptor says.
    func document(_ descriptor: Descriptor, limits: ImportLimits) throws -> [UInt8] {
        guard let bytes = try document(StoreFolder.blobPath(descriptor.digest), limits: limits) else {
            throw ImageError.corrupt("\(descriptor.digest) is missing")
        }
        if Int64(bytes.count) != descriptor.size {
            throw ImageError.corrupt("\(descriptor.digest) has \(bytes.count) bytes, not \(descriptor.size)")
        }
        let found = DigestHasher.digest(of: bytes, descriptor.digest.algorithm)
        if found != descriptor.digest {
            throw ImageError.corrupt(
                "\(descriptor.digest) has the digest \(found): its bytes are not what they were")
        }
        return bytes
    }
}

/// A folder. Links in it are followed inside the folder only.
struct ImageFolder: ImageFiles {
    private let root: SharedFile

    init(_ path: String) throws {
        root = SharedFile(try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY), name: path)
    }

    func open(_ name: String) throws -> (source: any ByteSource, size: Int64)? {
        let file: FileDescriptor
        do {
            // Non-blocking: opening a fifo would wait for somebody to write.
            file = try root.descriptor.openInRoot(name, O_RDONLY | O_NONBLOCK)
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return nil }
            throw KernelError("open", "\(root.name)/\(name)", error.errno)
        }
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError.corrupt("\(name) is not a regular file")
        }
        let size = Int64(status.st_size)
        return (FileRangeSource(SharedFile(file, name: name), offset: 0, length: size), size)
    }
}

/// A tar archive that is read where it lies: its table of contents is made in one pass over the headers, and
/// each file is then read from its place.
struct ImageArchive: ImageFiles {
    private enum Entry {
        case file(offset: Int64, size: Int64)
        case scattered
        case link(target: [UInt8])
        case other
    }

    private let file: SharedFile
    private let entries: [LayerPath: Entry]

    /// Most entries that an archive of images may have. One of a thousand images has some ten thousand.
    private static let maximumEntries = 200_000

    /// - Parameter file: a regular file, not compressed.
    init(_ file: SharedFile) throws {
        self.file = file
        let length = Int64(try file.descriptor.status().st_size)
        let tar = try TarReader(try FileRangeSource(file))
        var entries: [LayerPath: Entry] = [:]
        while let entry = try tar.next() {
            if tar.entries > Self.maximumEntries {
                throw ImageError(.limit, "it has more than \(Self.maximumEntries) entries")
            }
            let path = try LayerPath(archiveName: entry.name)
            let found = try Self.read(entry, at: tar.dataPosition, of: length)
            if case .file = found, case .file = entries[path] {
                throw ImageError.corrupt("'\(path)' is there twice")
            }
            entries[path] = found
        }
        self.entries = entries
    }

    private static func read(_ entry: TarEntry, at position: Int64, of length: Int64) throws -> Entry {
        switch entry.kind {
        case .file where entry.isSparse:
            return .scattered
        case .file:
            if entry.size > length - position {
                throw ImageError.corrupt("it ends inside of '\(shown(entry.name))'")
            }
            return .file(offset: position, size: entry.size)
        case .symlink(let target):
            return .link(target: target)
        default:
            return .other
        }
    }

    func open(_ name: String) throws -> (source: any ByteSource, size: Int64)? {
        try open(try LayerPath(archiveName: Array(name.utf8)), links: 0)
    }

    /// Follows links to other names in the archive: `docker save` writes a layer once and links to it.
    private func open(_ path: LayerPath, links: Int) throws -> (source: any ByteSource, size: Int64)? {
        switch entries[path] {
        case nil: return nil
        case .file(let offset, let size): return (FileRangeSource(file, offset: offset, length: size), size)
        case .scattered:
            throw ImageError(.unsupported, "'\(path)' is stored as a sparse file: make the archive without")
        case .other: throw ImageError.corrupt("'\(path)' is not a regular file")
        case .link(let target):
            guard links < 8, let next = Self.follow(target, from: path.parent) else {
                throw ImageError.corrupt("'\(path)' is a link out of the archive")
            }
            return try open(next, links: links + 1)
        }
    }

    private static func follow(_ target: [UInt8], from folder: LayerPath) -> LayerPath? {
        if target.first == LayerPath.slash { return nil }
        var path = folder
        for component in target.split(separator: LayerPath.slash) where !component.elementsEqual(".".utf8) {
            if component.elementsEqual("..".utf8) {
                if path.isRoot { return nil }
                path = path.parent
            } else {
                path = path.appending(component)
            }
        }
        return path
    }
}
