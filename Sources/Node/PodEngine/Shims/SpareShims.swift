import ContainerShim
import Logging
import PodNetwork
import Synchronization

/// A shim that waits for the next pod, whose id is chosen with it, and a network namespace: a pod's start then does not
/// wait for a program's, which takes as long as all else in it, nor for the kernel to make the namespace. There is one, as
/// long as its engine is there; pods that come before the next one waits have theirs made for them.
final class SpareShims: Sendable {
    /// A pod to come, and its shim.
    struct Spare: Sendable {
        let id: String
        let shim: SpareShim
        /// Nil where none could be made.
        private let store: SpareNamespace?

        init(id: String, shim: SpareShim, namespace: SpareNamespace?) {
            self.id = id
            self.shim = shim
            store = namespace
        }

        /// Nil where the pod has to have a new one.
        var namespace: SpareNamespace? { store.flatMap { $0.isFresh ? $0 : nil } }
    }

    private enum State {
        case none
        case starting
        case waiting(Spare)
        case closed
    }

    private let state = Mutex(State.none)
    /// What starts one.
    private let work = Mutex<Task<Void, Never>?>(nil)
    private let threads: Threads
    private let logger: Logger
    private let start: @Sendable () throws -> Spare

    /// Milliseconds after a pod's start until the next spare is started: its containers come first.
    private static let restTime = 100

    /// - Parameter start: starts one and waits until it waits.
    init(threads: Threads, logger: Logger, start: @escaping @Sendable () throws -> Spare) {
        self.threads = threads
        self.logger = logger
        self.start = start
    }

    var pid: Int32? {
        state.withLock { state in
            if case .waiting(let spare) = state { spare.shim.pid } else { nil }
        }
    }

    /// The one that waits, which is the caller's then.
    func take() -> Spare? {
        state.withLock { state in
            guard case .waiting(let spare) = state else { return nil }
            state = .none
            return spare
        }
    }

    /// It was not needed after all.
    func giveBack(_ spare: Spare) {
        state.withLock { state in
            if case .none = state { state = .waiting(spare) }
        }
    }

    /// Sees to it that one waits soon.
    func prepare(afterMilliseconds rest: Int = restTime) {
        let isFirst = state.withLock { state in
            guard case .none = state else { return false }
            state = .starting
            return true
        }
        guard isFirst else { return }
        let task = Task { [self] in
            do {
                try await Task.sleep(for: .milliseconds(rest))
                if isClosed { return }
                put(try await threads.runAlone(start))
            } catch {
                if isClosed { return }
                // The next pod's own shim will say so, too, to whoever wants that pod.
                logger.warning("no shim could be started in advance", metadata: ["error": "\(error)"])
                put(nil)
            }
        }
        work.withLock { $0 = task }
    }

    private var isClosed: Bool {
        state.withLock { state in
            if case .closed = state { true } else { false }
        }
    }

    private func put(_ spare: Spare?) {
        state.withLock { state in
            if case .closed = state { return }
            state = spare.map { .waiting($0) } ?? .none
        }
    }

    /// Ends the one that waits, and one that is just being started.
    func close() async {
        state.withLock { $0 = .closed }
        let last = work.withLock { $0.take() }
        last?.cancel()
        await last?.value
    }
}
