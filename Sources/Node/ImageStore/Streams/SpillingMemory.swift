import Glibc
import LinuxKernel

/// Memory for a decoder, of which large stretches lie in files without names: the kernel writes them out and forgets
/// them when it needs room, and only what was used lately counts as the process's.
///
/// A file has its blocks before its first use. A disk that is full is an error, then, not a SIGBUS.
///
/// Used by one thread at a time.
final class SpillingMemory: @unchecked Sendable {
    /// Bytes from which on a stretch gets a file.
    static let threshold = 9 << 20

    /// Where the files are made.
    private let folder: String
    private var files: [UnsafeMutableRawPointer: Int] = [:]
    /// Why the last stretch was refused.
    private(set) var failure: KernelError?

    init(in folder: String) {
        self.folder = folder
    }

    deinit {
        for (start, size) in files { munmap(start, size) }
    }

    /// - Returns: nil when there is no room, with a `failure`.
    func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        if size < Self.threshold {
            guard let start = malloc(size) else {
                failure = KernelError("allocate", "\(size) bytes", .noMemory)
                return nil
            }
            return start
        }
        do throws(KernelError) {
            return try makeFile(size)
        } catch {
            failure = error
            return nil
        }
    }

    private func makeFile(_ size: Int) throws(KernelError) -> UnsafeMutableRawPointer {
        let file = try FileDescriptor.open(folder, O_TMPFILE | O_RDWR, mode: 0o600)
        let code = posix_fallocate(file.raw, 0, off_t(size))
        if code != 0 {
            throw KernelError("make a temporary file of \(size) bytes in", folder, Errno(rawValue: code))
        }
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.raw, 0),
            start != MAP_FAILED
        else { throw KernelError("map a temporary file in", folder) }
        files[start] = size
        return start
    }

    func free(_ start: UnsafeMutableRawPointer) {
        if let size = files.removeValue(forKey: start) {
            munmap(start, size)
        } else {
            Glibc.free(start)
        }
    }

    /// Lets go of what the files have in memory: it stays in the page cache, and comes back when it is used.
    func spill() {
        for (start, size) in files { madvise(start, size, MADV_DONTNEED) }
    }
}
