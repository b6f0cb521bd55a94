import Glibc
import LinuxKernel

/// Where several threads wait for something that one of them brings: a layer's folder, a blob.
///
/// Who waits never holds what the other one needs: a layer waits for layers below it only, and those begin
/// first.
final class Gate<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var result: Result<Value, any Error>?

    init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        defer { pthread_condattr_destroy(&attributes) }
        // A clock that somebody sets makes no wait longer.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, &attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Opens it. Only the first result counts.
    func open(_ result: Result<Value, any Error>) {
        pthread_mutex_lock(mutex)
        if self.result == nil { self.result = result }
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for the value, or throws what came instead.
    func wait() throws -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while result == nil { pthread_cond_wait(changed, mutex) }
        return try result!.get()
    }

    /// Waits until it is open, so long at most.
    func isOpen(afterMilliseconds time: Int) -> Bool {
        let end = monotonicMilliseconds() + time
        var deadline = timespec(tv_sec: end / 1000, tv_nsec: end % 1000 * 1_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while result == nil, pthread_cond_timedwait(changed, mutex, &deadline) == 0 {}
        return result != nil
    }
}

/// Layers that lie below one that is being unpacked: folders that are there, or that other threads are just
/// filling. Asking for them waits until they are complete.
struct LowerLayers: Sendable {
    /// The topmost first.
    private let gates: [Gate<SharedFile>]

    init(_ gates: [Gate<SharedFile>]) {
        self.gates = gates
    }

    func layers() throws -> [SharedFile] { try gates.map { try $0.wait() } }

    func first() throws -> SharedFile? { try gates.first?.wait() }
}

/// Another part of the same work failed: this one ends, and says nothing that matters.
struct Abandoned: Error {}
