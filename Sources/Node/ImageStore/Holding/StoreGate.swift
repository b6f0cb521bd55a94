import Glibc
import LinuxKernel

/// Orders those who look an image up and hold it before or after those who change names, images or layers.
///
/// It is a lock (flock(2)) on the folder of snapshots, shared among lookups: while one is at it, nothing is
/// removed, so what it holds when it leaves was there all the time; and while a change is at it, nobody takes an
/// answer that the change is about to make wrong. Both are there for moments: no file is unpacked meanwhile. The
/// kernel opens the gate for a process that is killed.
///
/// It is entered before the database's own lock is taken, never inside a transaction.
struct StoreGate: ~Copyable {
    private let folder: FileDescriptor

    /// As long as the database waits for its lock, in milliseconds.
    private static let patience = 30_000

    static func forLookup(_ root: borrowing FileDescriptor, _ path: String) throws -> StoreGate {
        try enter(root, path, LOCK_SH)
    }

    static func forChange(_ root: borrowing FileDescriptor, _ path: String) throws -> StoreGate {
        try enter(root, path, LOCK_EX)
    }

    private static func enter(
        _ root: borrowing FileDescriptor, _ path: String, _ kind: Int32
    ) throws -> StoreGate {
        let folder = try root.openAt("snapshots", O_RDONLY | O_DIRECTORY)
        let deadline = monotonicMilliseconds() + patience
        while flock(folder.raw, kind | LOCK_NB) != 0 {
            guard Errno.current == .again || Errno.current == .interrupted else {
                throw KernelError("lock", "\(path)/snapshots")
            }
            if monotonicMilliseconds() > deadline {
                throw ImageError(
                    .store, "\(path): another process has locked the image store for 30 seconds")
            }
            usleep(1000)
        }
        return StoreGate(folder: folder)
    }

    private init(folder: consuming FileDescriptor) {
        self.folder = folder
    }

    consuming func leave() {}
}

/// Keeps a snapshot, and so those below it, from being removed: a shared lock on its folder. A removal asks for
/// the lock alone, inside the gate, and leaves what it does not get. Nothing of it is left behind when its
/// process is killed.
struct SnapshotHold: ~Copyable, Sendable {
    private let folder: FileDescriptor

    static func take(_ root: borrowing FileDescriptor, _ number: Int64) throws -> SnapshotHold {
        let path = StoreFolder.snapshotPath(number)
        let folder = try root.openAt(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        // Whoever removes looks inside the gate only, where we are: nobody makes us wait.
        _ = try check("lock", path) { flock(folder.raw, LOCK_SH) }
        return SnapshotHold(folder: folder)
    }

    private init(folder: consuming FileDescriptor) {
        self.folder = folder
    }

    /// Whether somebody holds the snapshot. Only an answer inside the gate stays true.
    static func isHeld(_ root: borrowing FileDescriptor, _ number: Int64) throws -> Bool {
        let path = StoreFolder.snapshotPath(number)
        let folder: FileDescriptor
        do throws(KernelError) {
            folder = try root.openAt(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            // A folder that is not there is damage, and keeps nobody from removing the record.
            if error.errno == .noEntry { return false }
            throw error
        }
        if flock(folder.raw, LOCK_EX | LOCK_NB) == 0 { return false }
        guard Errno.current == .again else { throw KernelError("lock", path) }
        return true
    }
}
