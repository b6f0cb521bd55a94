import Glibc

/// A bounded queue of buffers between two threads: one produces, one consumes, and each waits for the other.
/// Buffers go round, so that memory stays the same whatever passes.
final class BufferPipe: @unchecked Sendable {
    private var mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var full: [ByteBuffer] = []
    private var empty: [ByteBuffer]
    private var isFinished = false
    private var isCancelled = false
    private var error: (any Error)?

    init(buffers: Int, size: Int) {
        empty = (0..<buffers).map { _ in ByteBuffer(capacity: size) }
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    // MARK: Producer

    /// A buffer to fill; nil when the consumer has stopped.
    func take() -> ByteBuffer? {
        locked {
            while empty.isEmpty && !isCancelled { pthread_cond_wait(changed, mutex) }
            return isCancelled ? nil : empty.removeLast()
        }
    }

    func put(_ buffer: ByteBuffer) {
        locked {
            full.append(buffer)
            pthread_cond_broadcast(changed)
        }
    }

    /// No more buffers come: the end, or what went wrong.
    func finish(_ error: (any Error)? = nil) {
        locked {
            isFinished = true
            self.error = error
            pthread_cond_broadcast(changed)
        }
    }

    // MARK: Consumer

    /// The next filled buffer; nil at the end. Throws what the producer finished with.
    func next() throws -> ByteBuffer? {
        try locked {
            while full.isEmpty && !isFinished { pthread_cond_wait(changed, mutex) }
            if !full.isEmpty { return full.removeFirst() }
            if let error { throw error }
            return nil
        }
    }

    func recycle(_ buffer: ByteBuffer) {
        locked {
            empty.append(buffer)
            pthread_cond_broadcast(changed)
        }
    }

    /// The consumer wants no more.
    func cancel() {
        locked {
            isCancelled = true
            pthread_cond_broadcast(changed)
        }
    }

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}

/// Reads ahead on a thread of its own: while the consumer works on one buffer the next is already read,
/// verified and decompressed. The thread ends with the source or with the last use of this object.
final class ReadAheadSource: ByteSource, @unchecked Sendable {
    private let pipe: BufferPipe
    private let thread: JoinableThread
    private var current: ByteBuffer?
    private var position = 0

    init(_ source: any ByteSource, buffers: Int = 4, size: Int = 256 << 10) throws {
        let pipe = BufferPipe(buffers: buffers, size: size)
        self.pipe = pipe
        thread = try JoinableThread {
            do {
                while let buffer = pipe.take() {
                    guard try buffer.fill(from: source) else { break }
                    pipe.put(buffer)
                }
                pipe.finish()
            } catch {
                pipe.finish(error)
            }
        }
    }

    deinit {
        pipe.cancel()
        thread.join()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if current == nil {
            guard let next = try pipe.next() else { return 0 }
            current = next
            position = 0
        }
        let rest = UnsafeRawBufferPointer(rebasing: current!.filled[position...])
        let count = min(buffer.count, rest.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
        position += count
        if position == current!.count {
            pipe.recycle(current!)
            current = nil
        }
        return count
    }
}

/// A POSIX thread that runs one closure.
final class JoinableThread: @unchecked Sendable {
    private var identifier = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) throws {
        let context = Unmanaged.passRetained(ThreadBody(run: body))
        let code = pthread_create(
            &identifier, nil,
            { context in
                Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if code != 0 {
            context.release()
            throw ImageError(.store, "start a thread: \(String(cString: strerror(code)))")
        }
    }

    func join() {
        pthread_join(identifier, nil)
    }

    func detach() {
        pthread_detach(identifier)
    }
}

/// A POSIX thread that nobody waits for.
package enum DetachedThread {
    /// - Throws: `ImageError` (`.store`) when the machine has no thread left.
    package static func start(_ body: @escaping @Sendable () -> Void) throws {
        try JoinableThread(body).detach()
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
