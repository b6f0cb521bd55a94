import ContainerShim
import Glibc
import LinuxKernel
import Synchronization

/// The engine's connection to the shim of one pod. Requests of many tasks are under way at once; none holds a thread.
package final class ShimConnection: Sendable {
    /// An answer with the descriptor that came with it, which is the receiver's.
    package struct Answer: Sendable {
        package let answer: ShimAnswer
        package let descriptor: Int32?
    }

    private typealias Waiter = CheckedContinuation<Answer, any Error>

    private struct State: ~Copyable {
        var client: ShimClient
        var waiting: [UInt64: Waiter] = [:]
        /// By their requests' numbers the containers of processes that nobody waits for any more: those that begin
        /// nevertheless are ended.
        var unwanted: [UInt64: String] = [:]
        var isGone = false
    }

    let pid: Int32
    private let poller: Poller
    private let state: Mutex<State>
    private let watch = Mutex<UInt64?>(nil)
    private let onEvent: @Sendable (ShimEvent) -> Void
    private let onGone: @Sendable () -> Void

    /// Connects, blocking, and asks for events.
    /// - Parameters:
    ///   - onEvent: called on the poller's thread: must not wait.
    ///   - onGone: called once, when the shim has ended or speaks nonsense; not after `close`.
    package init(
        state folder: String, shim: String, poller: Poller, onEvent: @escaping @Sendable (ShimEvent) -> Void,
        onGone: @escaping @Sendable () -> Void
    ) throws {
        var client = try ShimClient(state: folder, shim: shim, milliseconds: ShimPatience.connection)
        try client.subscribe()
        let descriptor = client.descriptor
        pid = client.greeting.pid
        self.poller = poller
        self.onEvent = onEvent
        self.onGone = onGone
        state = Mutex(State(client: client))
        let token = try poller.watch(descriptor) { [weak self] in self?.receive() }
        watch.withLock { $0 = token }
        // What came with the answer to `subscribe`.
        receive()
    }

    deinit {
        if let token = watch.withLock({ $0 }) { poller.stop(token) }
    }

    /// Leaves the shim alone; it goes on.
    package func close() {
        let isFirst = state.withLock { state -> Bool in
            defer { state.isGone = true }
            return !state.isGone
        }
        if isFirst { fail(.gone) }
    }

    // MARK: Requests

    /// A call whose answer may take for ever ends at once in a task that is cancelled, whenever that was. One with a limit
    /// goes on where the task was cancelled before it: somebody undoes what he began.
    /// - Parameters:
    ///   - descriptors: stay the caller's.
    ///   - milliseconds: nil for answers that take as long as a program runs.
    /// - Throws: `ShimError`, `CancellationError`.
    package func call(
        _ request: ShimRequest, descriptors: [Int32] = [], milliseconds: Int? = ShimPatience.answer
    ) async throws -> Answer {
        let sent = SentNumber()
        let undoes = milliseconds != nil && Task.isCancelled
        let timer = milliseconds.map { milliseconds in
            Task { [weak self] in
                try await Task.sleep(for: .milliseconds(milliseconds))
                guard let number = sent.value else { return }
                self?.end(number, request, with: ShimError.timedOut(request.name))
            }
        }
        defer { timer?.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let number: UInt64
                do throws(ShimError) {
                    number = try send(request, descriptors, for: continuation)
                } catch {
                    return continuation.resume(throwing: error)
                }
                if sent.set(number) { end(number, request, with: CancellationError()) }
            }
        } onCancel: { [weak self] in
            guard !undoes, let number = sent.cancel() else { return }
            self?.end(number, request, with: CancellationError())
        }
    }

    private func send(
        _ request: ShimRequest, _ descriptors: [Int32], for waiter: Waiter
    ) throws(ShimError) -> UInt64 {
        try state.withLock { state throws(ShimError) in
            if state.isGone { throw .gone }
            let number = try state.client.send(request, descriptors: descriptors)
            state.waiting[number] = waiter
            return number
        }
    }

    /// Under which number a request went out, once it has. A cancellation may come before that.
    private final class SentNumber: Sendable {
        private let state = Mutex<(number: UInt64?, isCancelled: Bool)>((nil, false))
        var value: UInt64? { state.withLock(\.number) }

        /// - Returns: whether its caller was cancelled meanwhile.
        func set(_ number: UInt64) -> Bool {
            state.withLock { state in
                state.number = number
                return state.isCancelled
            }
        }

        /// - Returns: the number, if there is one already.
        func cancel() -> UInt64? {
            state.withLock { state in
                state.isCancelled = true
                return state.number
            }
        }
    }

    private func end(_ number: UInt64, _ request: ShimRequest, with error: any Error) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiting.removeValue(forKey: number) else { return nil }
            if case .exec(let container, _) = request { state.unwanted[number] = container }
            return waiter
        }
        waiter?.resume(throwing: error)
    }

    // MARK: What comes

    private func receive() {
        while true {
            var ended: (CheckedContinuation<Answer, any Error>, Answer)?
            var event: ShimEvent?
            var failure: ShimError?
            let isMore = state.withLock { state -> Bool in
                if state.isGone { return false }
                do throws(ShimError) {
                    guard var delivery = try state.client.receive(milliseconds: 0) else { return false }
                    let descriptor = delivery.descriptor.take()?.release()
                    switch delivery.message {
                    case .event(let happened): event = happened
                    case .answer(let number, let answer):
                        if let continuation = state.waiting.removeValue(forKey: number) {
                            ended = (continuation, Answer(answer: answer, descriptor: descriptor))
                        } else {
                            // Nobody waits any more.
                            if let descriptor { Glibc.close(descriptor) }
                            let container = state.unwanted.removeValue(forKey: number)
                            if let container, case .started(_, let exec?) = answer {
                                Self.endProcess(exec, of: container, &state.client)
                            }
                        }
                    }
                    return true
                } catch {
                    state.isGone = true
                    failure = error
                    return false
                }
            }
            if let event { onEvent(event) }
            if let (continuation, answer) = ended {
                if case .failed(let refusal) = answer.answer {
                    continuation.resume(throwing: ShimError.failed(refusal))
                } else {
                    continuation.resume(returning: answer)
                }
            }
            if let failure {
                fail(failure)
                onGone()
            }
            if !isMore { return }
        }
    }

    /// Ends a process whose start was answered too late, and has the shim forget how it ended.
    private static func endProcess(_ exec: UInt64, of container: String, _ client: inout ShimClient) {
        for request: ShimRequest in [
            .kill(container: container, signal: SIGKILL, .exec(exec)),
            .wait(container: container, exec: exec),
        ] {
            // What a shim that is gone again does not hear ends with its container.
            _ = try? client.send(request)
        }
    }

    private func fail(_ error: ShimError) {
        if let token = watch.withLock({ $0.take() }) { poller.stop(token) }
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume(throwing: error) }
    }
}
