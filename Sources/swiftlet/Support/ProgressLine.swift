import ContainerCLI
import Glibc
import ImageStore

/// Shows on a terminal how far a long work is, in one line that it writes over; silent elsewhere.
final class ProgressLine: @unchecked Sendable {
    // Progress may come from several threads.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let isTerminal = Standard.errorIsTerminal
    private var lastShown = 0
    private var width = 0

    init() { pthread_mutex_init(lock, nil) }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    func show(_ progress: ImportProgress) {
        guard isTerminal else { return }
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let milliseconds = now.tv_sec * 1000 + now.tv_nsec / 1_000_000
        // More than ten times a second nobody can read.
        guard milliseconds - lastShown >= 100 else { return }
        lastShown = milliseconds
        write(text(progress))
    }

    private func text(_ progress: ImportProgress) -> String {
        switch progress {
        case .layer(let digest, let phase, let done, let total):
            let amount =
                total > 0
                ? "\(HumanUnits.decimalSize(done)) of \(HumanUnits.decimalSize(total))"
                : HumanUnits.decimalSize(done)
            return "\(digest.hex.prefix(12)): \(phase) \(amount)"
        case .message(let text): return text
        }
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
        guard width > 0 else { return }
        Standard.printError("\r" + String(repeating: " ", count: width) + "\r")
        width = 0
    }
}
