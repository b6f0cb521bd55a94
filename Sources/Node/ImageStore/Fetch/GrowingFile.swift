import Glibc
import LinuxKernel

/// Reads a file while it is being written, never further than what is there.
final class GrowingFile: ByteSource, @unchecked Sendable {
    private let growth: Growth
    private var position: Int64 = 0

    init(_ growth: Growth) {
        self.growth = growth
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let (file, available) = try growth.wait(beyond: position)
        let wanted = min(Int64(buffer.count), available - position)
        if wanted <= 0 { return 0 }
        let count = try check("read", file.name) {
            pread(file.descriptor.raw, buffer.baseAddress, Int(wanted), off_t(position))
        }
        if count == 0 { throw ImageError.corrupt("\(file.name) became shorter while it was read") }
        position += Int64(count)
        return count
    }
}

/// How far a file has grown, said by one thread and waited for by another.
final class Growth: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var current: SharedFile
    private var size: Int64
    private var end: Result<Void, any Error>?

    init(_ file: SharedFile, size: Int64) {
        current = file
        self.size = size
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func reached(_ size: Int64) {
        locked { self.size = size }
    }

    /// It goes on in another file, which has the same bytes so far.
    func move(to file: SharedFile) {
        locked { current = file }
    }

    /// No more comes: all is there, or something went wrong. Only the first end counts.
    func finish(_ result: Result<Void, any Error>) {
        locked { if end == nil { end = result } }
    }

    /// Waits until there is more than `position`.
    /// - Returns: how much there is, and where; not more than `position` at the end.
    func wait(beyond position: Int64) throws -> (file: SharedFile, size: Int64) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while size <= position && end == nil { pthread_cond_wait(changed, mutex) }
        // What is there is read before an error counts: it may be one of what comes behind.
        if size <= position, let end { try end.get() }
        return (current, size)
    }

    private func locked(_ body: () -> Void) {
        pthread_mutex_lock(mutex)
        body()
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
