import NIOCore
import Synchronization

/// Something that is due at a time, unless it is cancelled before; cancelled from anywhere.
final class LoopTimer: Sendable {
    let deadline: NIODeadline
    private let work: Mutex<(@Sendable () -> Void)?>

    init(_ deadline: NIODeadline, _ work: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.work = Mutex(work)
    }

    func fire() { take()?() }

    func cancel() {
        // What it holds is let go of outside of the lock.
        _ = take()
    }

    var isCancelled: Bool { work.withLock { $0 == nil } }

    private func take() -> (@Sendable () -> Void)? {
        work.withLock { work in
            defer { work = nil }
            return work
        }
    }
}

/// Timers by their deadlines: a binary heap. Cancelled ones lie in it until they come to its top, and wake nobody.
struct TimerQueue {
    private var heap: [LoopTimer] = []

    var isEmpty: Bool { heap.isEmpty }

    /// Of the first that is not cancelled.
    var next: NIODeadline? {
        mutating get {
            while let first = heap.first, first.isCancelled { removeFirst() }
            return heap.first?.deadline
        }
    }

    mutating func insert(_ timer: LoopTimer) {
        heap.append(timer)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].deadline < heap[parent].deadline else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    /// Those whose deadline has come, the earliest first.
    mutating func popDue(_ now: NIODeadline) -> [LoopTimer] {
        var result: [LoopTimer] = []
        while let deadline = next, deadline <= now {
            result.append(heap[0])
            removeFirst()
        }
        return result
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].deadline < heap[least].deadline { least = child }
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
