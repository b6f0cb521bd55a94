import CLinux
import Glibc
import LinuxKernel

/// Lets one process at a time work on a layer, so that the same layer is not unpacked twice at once.
///
/// This only saves work: what is recorded is decided by the database. A lock is a byte of one file, at an
/// offset that comes from the layer's digest; the kernel drops it with the process.
final class LayerLocks {
    private let path: String
    private var held: [ChainID: FileLock] = [:]

    init(_ folder: StoreFolder) {
        path = folder.path + "/locks"
    }

    private final class FileLock {
        let file: FileDescriptor

        init(_ file: consuming FileDescriptor) {
            self.file = file
        }
    }

    /// Takes the lock of `chain`. Waits for another process only while no other lock is held: two imports
    /// that wait for each other's layers would wait for ever; a layer unpacked twice is no harm.
    func take(_ chain: ChainID, onWait: () -> Void) throws {
        if held[chain] != nil { return }
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        if try !lock(file, chain, F_OFD_SETLK) {
            if !held.isEmpty { return }
            onWait()
            _ = try lock(file, chain, F_OFD_SETLKW)
        }
        held[chain] = FileLock(file)
    }

    func releaseAll() {
        held = [:]
    }

    private func lock(_ file: borrowing FileDescriptor, _ chain: ChainID, _ command: Int32) throws -> Bool {
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        // 60 bits of the digest; two layers that share them wait for each other once in a while.
        request.l_start = off_t(chain.digest.hex.prefix(15), radix: 16)!
        request.l_len = 1
        do {
            _ = try check("lock layer", chain.description) {
                withUnsafeMutablePointer(to: &request) {
                    clinux_fcntl(file.raw, command, Int(bitPattern: $0))
                }
            }
            return true
        } catch {
            if error.errno == .again || error.errno == .accessDenied { return false }
            throw error
        }
    }
}
