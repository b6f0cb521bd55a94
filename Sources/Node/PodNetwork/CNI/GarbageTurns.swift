import Glibc

/// Who may run plugins: those who connect and disconnect containers, side by side, or else one who collects garbage,
/// from whose list a container that is just being connected would be missing (CNI specification, section 3, "Attachment
/// lifecycle").
///
/// The collector waits for the others; they do not wait for a collector that still waits, so that a teardown that hangs
/// keeps no new container from being connected.
final class GarbageTurns: Sendable {
    // Its kind lets readers pass a writer that waits (pthread_rwlockattr_setkind_np(3)): that is the default.
    private nonisolated(unsafe) let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

    init() { pthread_rwlock_init(lock, nil) }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    func beside<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }

    func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }
}
