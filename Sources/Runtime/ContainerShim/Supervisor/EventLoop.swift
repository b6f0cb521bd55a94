import CLinux
import Glibc
import LinuxKernel

/// The shim's only thread: waits for descriptors and deadlines and calls what was registered for them.
final class EventLoop {
    private let epoll: Epoll
    private var slots: [Slot] = []
    private var timers: [Timer] = []
    private var lastTimer: UInt32 = 0
    private var isStopped = false

    /// Called when nothing has happened for a moment after there was work: the time to give memory back.
    var onIdle: () -> Void = {}

    private static let idleAfter = 200

    private struct Slot {
        var descriptor: Int32
        var generation: UInt32
        var handler: ((Epoll.Events) -> Void)?
    }

    /// A watched descriptor. The watch must be cancelled before the descriptor is closed.
    struct Watch: Equatable {
        fileprivate var index: Int
        fileprivate var generation: UInt32

        /// Tells a slot's present owner from an earlier one, for which an event may still be under way.
        fileprivate var token: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(index)) }
    }

    struct TimerID: Equatable {
        fileprivate var number: UInt32
    }

    private struct Timer {
        var id: TimerID
        var due: Int
        var action: () -> Void
    }

    init() throws(KernelError) {
        epoll = try Epoll()
    }

    // MARK: Descriptors

    func watch(
        _ descriptor: Int32, _ events: Epoll.Events, _ handler: @escaping (Epoll.Events) -> Void
    ) throws(KernelError) -> Watch {
        let index = slots.firstIndex { $0.handler == nil } ?? slots.count
        let generation = index < slots.count ? slots[index].generation &+ 1 : 0
        let watch = Watch(index: index, generation: generation)
        try epoll.add(descriptor, events, token: watch.token)
        let slot = Slot(descriptor: descriptor, generation: generation, handler: handler)
        if index < slots.count { slots[index] = slot } else { slots.append(slot) }
        return watch
    }

    func change(_ watch: Watch, to events: Epoll.Events) throws(KernelError) {
        try epoll.modify(slots[watch.index].descriptor, events, token: watch.token)
    }

    func cancel(_ watch: Watch) {
        guard isCurrent(watch) else { return }
        // The descriptor is still open, so that this cannot fail.
        try? epoll.remove(slots[watch.index].descriptor)
        slots[watch.index].handler = nil
    }

    private func isCurrent(_ watch: Watch) -> Bool {
        slots[watch.index].generation == watch.generation && slots[watch.index].handler != nil
    }

    // MARK: Deadlines

    /// Calls `action` once, after so many milliseconds.
    func after(milliseconds: Int, _ action: @escaping () -> Void) -> TimerID {
        lastTimer &+= 1
        let id = TimerID(number: lastTimer)
        timers.append(Timer(id: id, due: monotonicMilliseconds() + milliseconds, action: action))
        return id
    }

    func cancel(_ timer: TimerID) {
        timers.removeAll { $0.id == timer }
    }

    // MARK: Running

    func stop() { isStopped = true }

    /// Runs until `stop`. `afterEach` is called whenever a round of events has been handled.
    func run(afterEach: () -> Void) throws(KernelError) {
        var hasWorked = true
        while !isStopped {
            let (timeout, isForIdle) = patience(hasWorked: hasWorked)
            let count = try epoll.wait(milliseconds: timeout) { ready in
                let index = Int(UInt32(truncatingIfNeeded: ready.token))
                // An earlier event of this round may have cancelled the watch.
                guard slots[index].generation == UInt32(truncatingIfNeeded: ready.token >> 32),
                    let handler = slots[index].handler
                else { return }
                handler(ready.events)
            }
            let fired = fireTimers()
            if count == 0 && !fired {
                if isForIdle {
                    hasWorked = false
                    onIdle()
                }
                continue
            }
            hasWorked = true
            afterEach()
        }
    }

    private func patience(hasWorked: Bool) -> (milliseconds: Int32, isForIdle: Bool) {
        let next = timers.map(\.due).min().map { max(0, $0 - monotonicMilliseconds()) }
        if hasWorked, (next ?? .max) > Self.idleAfter { return (Int32(Self.idleAfter), true) }
        return (next.map { Int32(clamping: $0) } ?? -1, false)
    }

    private func fireTimers() -> Bool {
        var fired = false
        let now = monotonicMilliseconds()
        while let index = timers.firstIndex(where: { $0.due <= now }) {
            fired = true
            timers.remove(at: index).action()
        }
        return fired
    }
}
