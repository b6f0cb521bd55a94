import CLinux
import Glibc
import LinuxKernel
import Synchronization

/// Lets one process at a time work on a layer, so that the same layer is not unpacked twice at once.
///
/// This only saves work: what is recorded is decided by the database. A lock is a byte of one file, at an
/// offset that comes from the layer's digest; the kernel drops it with the process.
final class LayerLocks: Sendable {
    private let path: String
    private let held = Mutex<[ChainID: FileLock]>([:])
    /// Whether somebody was waited for in vain: once is enough.
    private let isImpatient = Mutex(false)

    /// Milliseconds that another process may do nothing, before it is taken for one that is stopped.
    private static let patience = 10_000
    private static let interval = 20
    /// Milliseconds between two looks at what it does.
    private static let pulseInterval = 1000

    init(_ folder: StoreFolder) {
        path = folder.path + "/locks"
    }

    private final class FileLock: Sendable {
        let file: FileDescriptor

        init(_ file: consuming FileDescriptor) {
            self.file = file
        }
    }

    /// Takes the lock of `chain`. Waits for another process only while no other lock is held, since two imports would
    /// wait for each other's layers; and only as long as that one gets on with it. A layer unpacked twice is no harm.
    /// - Parameter pulse: something else each time that somebody has done something for the layer; ends the wait by
    ///   throwing.
    func take(_ chain: ChainID, pulse: () throws -> [Int64], onWait: () -> Void) throws {
        let (isHeld, holdsNone) = held.withLock { ($0[chain] != nil, $0.isEmpty) }
        if isHeld { return }
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        var waited = 0
        var last: (pulse: [Int64], at: Int) = ([], 0)
        while try !lock(file, chain) {
            if !holdsNone || isImpatient.withLock({ $0 }) { return }
            if waited == 0 { onWait() }
            if waited % Self.pulseInterval == 0, case let now = try pulse(), now != last.pulse {
                last = (now, waited)
            }
            if waited - last.at >= Self.patience { return isImpatient.withLock { $0 = true } }
            usleep(useconds_t(Self.interval * 1000))
            waited += Self.interval
        }
        let lock = FileLock(file)
        held.withLock { $0[chain] = lock }
    }

    func releaseAll() {
        held.withLock { $0 = [:] }
    }

    private func lock(_ file: borrowing FileDescriptor, _ chain: ChainID) throws -> Bool {
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        // 60 bits of the digest; two layers that share them wait for each other once in a while.
        request.l_start = off_t(chain.digest.hex.prefix(15), radix: 16)!
        request.l_len = 1
        do {
            _ = try check("lock layer", chain.description) {
                withUnsafeMutablePointer(to: &request) {
                    clinux_fcntl(file.raw, F_OFD_SETLK, Int(bitPattern: $0))
                }
            }
            return true
        } catch {
            if error.errno == .again || error.errno == .accessDenied { return false }
            throw error
        }
    }
}
