import ContainerCLI
import Glibc
import ImageStore
import OCISpec

/// Shows on a terminal how far a long work is, in one line that it writes over. What there is to say besides stays,
/// and is said everywhere.
final class ProgressLine: @unchecked Sendable {
    // Progress may come from several threads.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let isTerminal = Standard.errorCanBeDrawnOn
    private var lastShown = 0
    private var width = 0

    init() { pthread_mutex_init(lock, nil) }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    func show(_ progress: ImportProgress) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        switch progress {
        case .layer(let digest, let phase, let done, let total): show(digest, phase, done, total)
        case .message(let text):
            erase()
            Standard.printError(text + "\n")
        }
    }

    private func show(_ digest: Digest, _ phase: LayerPhase, _ done: Int64, _ total: Int64) {
        guard isTerminal else { return }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let milliseconds = now.tv_sec * 1000 + now.tv_nsec / 1_000_000
        // More than ten times a second nobody can read.
        guard milliseconds - lastShown >= 100 else { return }
        lastShown = milliseconds
        let amount =
            total > 0
            ? "\(HumanUnits.decimalSize(done)) of \(HumanUnits.decimalSize(total))"
            : HumanUnits.decimalSize(done)
        write("\(digest.hex.prefix(12)): \(phase) \(amount)")
    }

    private func write(_ text: String) {
        let columns = Standard.terminalSize.map { Int($0.columns) } ?? 80
        let line = text.shortened(to: max(10, columns - 1))
        let space = String(repeating: " ", count: max(0, width - line.count))
        width = line.count
        Standard.printError("\r\(line)\(space)")
    }

    /// Removes the line, for what is printed next.
    func clear() {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        erase()
    }

    private func erase() {
        guard width > 0 else { return }
        Standard.printError("\r" + String(repeating: " ", count: width) + "\r")
        width = 0
    }
}
