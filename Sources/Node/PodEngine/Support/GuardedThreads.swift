import ImageStore
import Synchronization

/// Work in paths that users choose, on threads of its own. A file system that does not answer (FUSE, NFS) holds a thread
/// for as long as it likes, and nobody can end it; and a tree of a million files takes its time.
///
/// - As many threads are at work at once as a pool would have. One that takes longer than a moment does not count among
///   them any more: it waits for a disk or for nobody, and others go on.
/// - A pod has few of them, so that the threads of all pods that hang stay few. Its further work waits for those.
/// - The caller can wait for a limited time. The thread stays, and what it comes to in the end is told elsewhere.
package final class GuardedThreads: Sendable {
    /// The caller has waited long enough.
    package struct Overdue: Error {
        package init() {}
    }

    private struct Job: Sendable {
        let pod: String
        let run: @Sendable () -> Void
        /// Called instead, when no thread can be started.
        let fail: @Sendable (any Error) -> Void
        var isRunning = false
        /// Does not count among those at work.
        var isSlow = false
    }

    private struct State {
        var jobs: [UInt64: Job] = [:]
        /// In their order.
        var waiting: [UInt64] = []
        var next: UInt64 = 0
        var atWork = 0
        /// Running ones by pod, slow ones among them.
        var threads: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let most: Int
    private let mostOfPod: Int
    /// Milliseconds.
    private let moment: Int

    /// - Parameters:
    ///   - most: threads at work at once.
    ///   - mostOfPod: threads of one pod, those that hang among them.
    ///   - moment: milliseconds after which a thread counts as slow.
    package init(most: Int = 8, mostOfPod: Int = 4, moment: Int = 250) {
        self.most = most
        self.mostOfPod = mostOfPod
        self.moment = moment
    }

    /// - Parameters:
    ///   - pod: whose work it is, of which kind.
    ///   - milliseconds: how long the caller waits; nil: until the end.
    ///   - late: told, after `Overdue` was thrown, what became of the work, once; `Overdue` where it never began.
    /// - Throws: `Overdue`, and what the work throws.
    package func run<Result: Sendable>(
        for pod: String, milliseconds: Int?, _ body: @escaping @Sendable () throws -> Result,
        late: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void = { _ in }
    ) async throws -> Result {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let answer = Answer<Result>()
        let timer = milliseconds.map { milliseconds in
            Task {
                try await Task.sleep(for: .milliseconds(milliseconds))
                if let caller = answer.take() { caller.resume(throwing: Overdue()) }
                if self.giveUp(number) { late(.failure(Overdue())) }
            }
        }
        defer { timer?.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            answer.put(continuation)
            let end: @Sendable (Swift.Result<Result, any Error>) -> Void = { result in
                self.finish(number)
                if let caller = answer.take() { caller.resume(with: result) } else { late(result) }
            }
            let job = Job(
                pod: pod, run: { end(Swift.Result { try body() }) }, fail: { end(.failure($0)) })
            state.withLock {
                $0.jobs[number] = job
                $0.waiting.append(number)
            }
            startWaiting()
        }
    }

    /// Who waits for the work, until somebody answers.
    private final class Answer<Result: Sendable>: Sendable {
        private let caller = Mutex<CheckedContinuation<Result, any Error>?>(nil)
        func put(_ continuation: CheckedContinuation<Result, any Error>) {
            caller.withLock { $0 = continuation }
        }
        func take() -> CheckedContinuation<Result, any Error>? { caller.withLock { $0.take() } }
    }

    // MARK: Threads

    /// Starts what there is room for.
    private func startWaiting() {
        while let (number, job) = state.withLock({ takeNext(&$0) }) {
            do {
                try DetachedThread.start(job.run)
                watch(number)
            } catch {
                job.fail(error)
            }
        }
    }

    private func takeNext(_ state: inout State) -> (UInt64, Job)? {
        guard state.atWork < most,
            let index = state.waiting.firstIndex(where: { number in
                state.jobs[number].map { state.threads[$0.pod, default: 0] < mostOfPod } ?? false
            })
        else { return nil }
        let number = state.waiting.remove(at: index)
        guard var job = state.jobs[number] else { return nil }
        job.isRunning = true
        state.jobs[number] = job
        state.atWork += 1
        state.threads[job.pod, default: 0] += 1
        return (number, job)
    }

    /// Gives the thread's place to others when it takes longer than a moment.
    private func watch(_ number: UInt64) {
        Task {
            try await Task.sleep(for: .milliseconds(moment))
            state.withLock { state in
                guard state.jobs[number]?.isRunning == true else { return }
                state.jobs[number]?.isSlow = true
                state.atWork -= 1
            }
            startWaiting()
        }
    }

    private func finish(_ number: UInt64) {
        state.withLock { state in
            guard let job = state.jobs.removeValue(forKey: number), job.isRunning else { return }
            if !job.isSlow { state.atWork -= 1 }
            let left = state.threads[job.pod, default: 1] - 1
            state.threads[job.pod] = left == 0 ? nil : left
        }
        startWaiting()
    }

    /// - Returns: whether it had not begun, and will not.
    private func giveUp(_ number: UInt64) -> Bool {
        state.withLock { state in
            guard let job = state.jobs[number], !job.isRunning else { return false }
            state.jobs[number] = nil
            state.waiting.removeAll { $0 == number }
            return true
        }
    }
}
