import CLinux
import Glibc
import LinuxKernel
import Synchronization

extension ImageStore {
    /// Opens what a user gave to `load`.
    func openFiles(_ source: ImageSource) throws -> any ImageFiles {
        switch source {
        case .path(let path):
            let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
            let type = try file.status().st_mode & S_IFMT
            if type == S_IFDIR { return try ImageFolder(path) }
            // A fifo is read as a stream, with reads that wait.
            try file.setNonBlocking(false)
            return try openArchive(SharedFile(file, name: path), isRegular: type == S_IFREG)
        case .descriptor(let number, let name):
            let file = try FileDescriptor.duplicate(number, name: name)
            let status = try file.status()
            let isAtStart = lseek(number, 0, SEEK_CUR) == 0
            return try openArchive(
                SharedFile(file, name: name), isRegular: status.st_mode & S_IFMT == S_IFREG && isAtStart)
        }
    }

    /// A plain archive in a regular file is read in place; everything else goes through a temporary file,
    /// which has no name and is gone with its last use.
    private func openArchive(_ file: SharedFile, isRegular: Bool) throws -> any ImageFiles {
        let raw: any ByteSource = isRegular ? try FileRangeSource(file) : StreamSource(file)
        let start = PeekableSource(raw)
        let signature = try start.peek()
        if signature.isEmpty { throw ImageError.corrupt("it is empty") }
        let compression = Compression(signature: signature)
        if isRegular && compression == .none { return try ImageArchive(file) }
        return try ImageArchive(try spool(start, compression, name: file.name))
    }

    private func spool(_ source: any ByteSource, _ compression: Compression, name: String) throws
        -> SharedFile
    {
        let path = folder.scratch
        let file = SharedFile(try FileDescriptor.open(path, O_TMPFILE | O_RDWR, mode: 0o600), name: name)
        let packed = CountingSource(source)
        let ahead = try ReadAheadSource(try compression.decompress(packed, scratch: path))
        let buffer = ByteBuffer(capacity: 256 << 10)
        var count: Int64 = 0
        while try buffer.fill(from: ahead) {
            count += Int64(buffer.count)
            if count > limits.archiveBytes {
                throw ImageError(
                    .limit, "it holds more than the \(limits.archiveBytes) bytes that an archive may have")
            }
            if compression != .none, limits.isBomb(unpacked: count, packed: packed.count) {
                throw ImageError(
                    .limit, "it becomes more than \(limits.expansionRatio) times larger when decompressed")
            }
            do {
                try file.descriptor.writeAll(buffer.filled)
            } catch {
                throw KernelError("write temporary file in", path, error.errno)
            }
        }
        return file
    }
}

extension FileDescriptor {
    /// A duplicate of a number that somebody else owns.
    static func duplicate(_ number: Int32, name: String) throws -> FileDescriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw KernelError("duplicate", name) }
        return FileDescriptor(owning: copy)
    }
}

/// Counts what passes; the count may be read from another thread.
final class CountingSource: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let mutex = Mutex<Int64>(0)

    init(_ source: any ByteSource) {
        self.source = source
    }

    var count: Int64 { mutex.withLock { $0 } }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        mutex.withLock { $0 += Int64(count) }
        return count
    }
}
