import CLinux
import Glibc
import ImageStore
import LinuxKernel
import Synchronization

/// One thread that waits for many descriptors: shims that say something, and pipes of processes.
package final class Poller: Sendable {
    private enum Entry {
        /// Called each time, on the poller's thread: must not wait.
        case always(@Sendable () -> Void)
        case once(CheckedContinuation<Void, Never>)
    }
    private struct Watch {
        let descriptor: Int32
        let entry: Entry
    }
    private struct State {
        var lastToken: UInt64 = 0
        var watches: [UInt64: Watch] = [:]
        var cancelledEarly: Set<UInt64> = []
    }

    private final class Instance: Sendable {
        let epoll: Epoll
        init() throws(KernelError) { epoll = try Epoll() }
    }

    private let instance: Instance
    private let state = Mutex(State())

    /// EPOLLONESHOT (epoll_ctl(2)).
    private static let oneShot = Epoll.Events(rawValue: 1 << 30)

    /// Starts the thread, which lives as long as the program.
    package init() throws {
        instance = try Instance()
        try DetachedThread.start { [self] in
            while true { turn() }
        }
    }

    private func turn() {
        do throws(KernelError) {
            _ = try instance.epoll.wait(milliseconds: -1) { ready in fire(ready.token) }
        } catch {
            fatalError("wait for descriptors: \(error)")
        }
    }

    private func fire(_ token: UInt64) {
        let entry = state.withLock { state -> Entry? in
            guard let watch = state.watches[token] else { return nil }
            if case .once = watch.entry {
                state.watches[token] = nil
                // One-shot watches stay registered, disarmed, until they are removed.
                do throws(KernelError) { try instance.epoll.remove(watch.descriptor) } catch {}
            }
            return watch.entry
        }
        switch entry {
        case .always(let body)?: body()
        case .once(let continuation)?: continuation.resume()
        case nil: break
        }
    }

    // MARK: Watching

    /// Calls `body` on the poller's thread whenever the descriptor is readable, until `stop`.
    func watch(_ descriptor: Int32, _ body: @escaping @Sendable () -> Void) throws(KernelError) -> UInt64 {
        try state.withLock { state throws(KernelError) in
            state.lastToken += 1
            try instance.epoll.add(descriptor, .readable, token: state.lastToken)
            state.watches[state.lastToken] = Watch(descriptor: descriptor, entry: .always(body))
            return state.lastToken
        }
    }

    /// Ends a watch, before its descriptor is closed.
    func stop(_ token: UInt64) {
        state.withLock { state in
            guard let watch = state.watches.removeValue(forKey: token) else { return }
            do throws(KernelError) { try instance.epoll.remove(watch.descriptor) } catch {}
        }
    }

    /// Ends all waits for a descriptor, as if it were ready.
    func wake(_ descriptor: Int32) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var waiting: [CheckedContinuation<Void, Never>] = []
            for (token, watch) in state.watches where watch.descriptor == descriptor {
                guard case .once(let continuation) = watch.entry else { continue }
                state.watches[token] = nil
                do throws(KernelError) { try instance.epoll.remove(descriptor) } catch {}
                waiting.append(continuation)
            }
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until the descriptor is ready or its peer is gone; at once for what cannot be waited for, such as files.
    /// - Parameter isOver: whether nobody wants to wait any more; asked in one step with the beginning of the wait, so
    ///   that `wake` after it became true is never missed.
    /// - Throws: `CancellationError`.
    func ready(
        _ descriptor: Int32, _ events: Epoll.Events, unless isOver: @Sendable () -> Bool = { false }
    ) async throws {
        let token = state.withLock { state in
            state.lastToken += 1
            return state.lastToken
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    if state.cancelledEarly.remove(token) != nil || isOver() { return false }
                    do throws(KernelError) {
                        try instance.epoll.add(descriptor, events.union(Self.oneShot), token: token)
                    } catch {
                        // EPERM: a file or /dev/null, which is always ready. The caller's read says what else is wrong.
                        return false
                    }
                    state.watches[token] = Watch(descriptor: descriptor, entry: .once(continuation))
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let watch = state.watches.removeValue(forKey: token) else {
                    state.cancelledEarly.insert(token)
                    return nil
                }
                do throws(KernelError) { try instance.epoll.remove(watch.descriptor) } catch {}
                if case .once(let continuation) = watch.entry { return continuation }
                return nil
            }
            continuation?.resume()
        }
        state.withLock { _ = $0.cancelledEarly.remove(token) }
        try Task.checkCancellation()
    }
}
