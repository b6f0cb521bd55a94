import CLinux
import Dispatch
import Glibc
import LinuxKernel
import NIOCore
import Synchronization

/// The event loop of probes: one thread with timers and plain sockets. It is an event loop as SwiftNIO knows them, for
/// timers and futures, but has no channels: a probe lives for some hundred microseconds, of which making a channel with
/// its pipeline took half.
package final class ProbeLoop: EventLoop {
    /// For all probes of this process; the thread is started by its first use and lives as long as the process.
    package static let shared = ProbeLoop()

    /// What is ready of a descriptor that is watched.
    typealias Handler = @Sendable (Epoll.Events) -> Void

    private struct State {
        var tasks: [@Sendable () -> Void] = []
        var timers = TimerQueue()
        var watched: [UInt64: Handler] = [:]
        var lastToken: UInt64 = 0
        /// The thread waits, and somebody else's work has to wake it.
        var isAsleep = false
    }

    private static let wakeToken: UInt64 = 0

    private let state = Mutex(State())
    private let epoll: Epoll
    private let wakeup: LinuxKernel.FileDescriptor
    /// As pthread_self(3) names it; 0 before it runs.
    private let thread = Atomic<UInt>(0)

    private init() {
        do {
            epoll = try Epoll()
            wakeup = LinuxKernel.FileDescriptor(
                owning: try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
            try epoll.add(wakeup.raw, .readable, token: Self.wakeToken)
        } catch {
            fatalError("an event loop for probes: \(error)")
        }
        let context = Unmanaged.passRetained(self)
        var identifier = pthread_t()
        let code = pthread_create(
            &identifier, nil,
            { context in
                pthread_setname_np(pthread_self(), "probes")
                Unmanaged<ProbeLoop>.fromOpaque(context!).takeRetainedValue().run()
            }, context.toOpaque())
        guard code == 0 else { fatalError("a thread for probes: \(Errno(rawValue: code))") }
        pthread_detach(identifier)
    }

    // MARK: The thread

    private func run() -> Never {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            do {
                _ = try epoll.wait(milliseconds: prepareToSleep()) { ready in
                    if ready.token == Self.wakeToken { return drainWakeup() }
                    // One that was handled before may have ended the watch of this one.
                    state.withLock { $0.watched[ready.token] }?(ready.events)
                }
            } catch {
                fatalError("wait for probes: \(error)")
            }
            state.withLock { $0.isAsleep = false }
            // What has come in counts before the time that is over.
            runWhatIsDue()
        }
    }

    /// - Returns: milliseconds for epoll_wait(2), rounded up, so that a timer is due when it returns.
    private func prepareToSleep() -> Int32 {
        state.withLock { state in
            guard state.tasks.isEmpty else { return 0 }
            state.isAsleep = true
            guard let next = state.timers.next else { return -1 }
            let nanoseconds = (next - .now()).nanoseconds
            return nanoseconds <= 0 ? 0 : Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
        }
    }

    private func runWhatIsDue() {
        let (tasks, timers) = state.withLock { state in
            defer { state.tasks.removeAll(keepingCapacity: true) }
            return (state.tasks, state.timers.popDue(.now()))
        }
        for task in tasks { task() }
        for timer in timers { timer.fire() }
    }

    private func drainWakeup() {
        var count: UInt64 = 0
        // Nothing to read is no error: another wake-up has been read with the one before.
        _ = read(wakeup.raw, &count, MemoryLayout<UInt64>.size)
    }

    private func wake() {
        var one: UInt64 = 1
        // A counter that is full wakes, too.
        _ = write(wakeup.raw, &one, MemoryLayout<UInt64>.size)
    }

    // MARK: Descriptors

    /// Calls `handler` on the loop whenever something is ready, until `unwatch`.
    /// - Parameter fd: stays the caller's.
    /// - Returns: what `rewatch` and `unwatch` want to know.
    func watch(_ fd: Int32, _ events: Epoll.Events, _ handler: @escaping Handler) throws(KernelError)
        -> UInt64
    {
        let token = state.withLock { state in
            state.lastToken += 1
            state.watched[state.lastToken] = handler
            return state.lastToken
        }
        do throws(KernelError) {
            try epoll.add(fd, events, token: token)
        } catch {
            unwatch(token)
            throw error
        }
        return token
    }

    func rewatch(_ fd: Int32, _ events: Epoll.Events, _ token: UInt64) throws(KernelError) {
        try epoll.modify(fd, events, token: token)
    }

    /// The descriptor is to be closed then; that takes it out of the kernel's list.
    func unwatch(_ token: UInt64) {
        // What the handler holds is let go of outside of the lock.
        let handler = state.withLock { $0.watched.removeValue(forKey: token) }
        _ = consume handler
    }

    // MARK: EventLoop

    package var inEventLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    package func execute(_ task: @escaping @Sendable () -> Void) {
        let isAsleep = state.withLock { state in
            state.tasks.append(task)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if isAsleep { wake() }
    }

    package func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let timer = LoopTimer(deadline) {
            // Results are not always for other threads: it is made and handed on here.
            do {
                promise.assumeIsolated().succeed(try task())
            } catch {
                promise.fail(error)
            }
        }
        let isAsleep = state.withLock { state in
            let isSooner = state.timers.next.map { deadline < $0 } ?? true
            state.timers.insert(timer)
            guard isSooner, state.isAsleep else { return false }
            state.isAsleep = false
            return true
        }
        if isAsleep { wake() }
        return Scheduled(promise: promise, cancellationTask: { timer.cancel() })
    }

    package func scheduleTask<T>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        scheduleTask(deadline: .now() + delay, task)
    }

    /// Not possible, as with every loop that a process has for good.
    package func shutdownGracefully(
        queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void
    ) {
        queue.async { callback(EventLoopError.unsupportedOperation) }
    }
}
