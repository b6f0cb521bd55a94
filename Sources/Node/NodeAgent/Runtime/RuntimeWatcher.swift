import CRIProtocol
import GRPCCore
import Logging
import Synchronization

/// Tells which pods have changed in the runtime: by its events where it has them, and by looking where it has none.
///
/// A slow look beside the events finds what they missed, among it everything that happened while no stream was there.
struct RuntimeWatcher: Sendable {
    /// Between two looks while events come, and while none do.
    struct Pace: Sendable {
        var withEvents: Duration = .seconds(300)
        var withoutEvents: Duration = .seconds(1)
    }

    let runtime: CRIRuntime
    var pace = Pace()
    let log: Logger
    /// A pod that has changed: by its uid, and what it is about if an event said so.
    let changed: @Sendable (String) -> Void
    /// The pods that the runtime has, at each look: their full names, by uid.
    let seen: @Sendable ([String: String]) -> Void

    func run() async {
        var before: [String: Fingerprint] = [:]
        var isAway = false
        let events = EventState()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(events) }
            while !Task.isCancelled {
                let turns = events.turns
                do {
                    let now = try await look()
                    for (uid, print) in now where before[uid] != print { changed(uid) }
                    for uid in before.keys where now[uid] == nil { changed(uid) }
                    before = now
                    seen(now.mapValues(\.fullName))
                    if isAway { log.notice("the runtime answers again") }
                    isAway = false
                } catch {
                    if Task.isCancelled { break }
                    if !isAway { log.warning("the runtime does not answer", metadata: ["error": "\(error)"]) }
                    isAway = true
                }
                // A stream that has ended, or begun, since this look began makes the next one due at once, also where
                // both were within a second: what happened between two streams, no event tells.
                var waited = Duration.zero
                while !Task.isCancelled, events.turns == turns,
                    waited < (events.isAlive ? pace.withEvents : pace.withoutEvents)
                {
                    let step = min(pace.withoutEvents, .seconds(1))
                    try? await Task.sleep(for: step)
                    waited += step
                }
            }
            group.cancelAll()
        }
    }

    /// What of a pod's sandboxes and containers a list shows.
    private struct Fingerprint: Equatable {
        /// Its newest sandbox's.
        var fullName = ""
        var states: [String: Int] = [:]
    }

    private func look() async throws(RuntimeError) -> [String: Fingerprint] {
        var result: [String: Fingerprint] = [:]
        let sandboxes = try await runtime.sandboxes().sorted { $0.createdAt < $1.createdAt }
        for sandbox in sandboxes where !sandbox.metadata.uid.isEmpty {
            var print = result[sandbox.metadata.uid] ?? Fingerprint()
            print.fullName = "\(sandbox.metadata.namespace)/\(sandbox.metadata.name)"
            print.states[sandbox.id] = sandbox.state.rawValue
            result[sandbox.metadata.uid] = print
        }
        for container in try await runtime.containers() {
            guard let uid = container.labels[PodLabels.uid] else { continue }
            result[uid, default: .init()].states[container.id] = container.state.rawValue
        }
        return result
    }

    /// Until a stream that has ended is opened again: one that ends at once each time is not asked for all the time.
    private static let reopening: (first: Duration, longest: Duration) = (.milliseconds(100), .seconds(5))
    /// A runtime that ends all its streams is told of once: again after one that lasted this long.
    private static let goodStream: Duration = .seconds(60)

    /// Follows the events; a stream that ends is opened again.
    private func follow(_ state: EventState) async {
        var wait = Self.reopening.first
        var absence = Absence()
        var isTold = false
        while !Task.isCancelled {
            var end = "by itself"
            do {
                try await runtime.runtime.getContainerEvents(
                    CRIGetEventsRequest(), options: runtime.streamOptions
                ) { response in
                    state.isAlive = true
                    for try await event in response.messages {
                        let uid = event.podSandboxStatus.metadata.uid
                        if !uid.isEmpty { changed(uid) }
                    }
                }
                absence.end()
            } catch let error as RPCError where error.code == .unimplemented {
                state.isAlive = false
                if absence.note(now: .now) {
                    log.notice("the runtime has no events: it is asked every second instead")
                }
                try? await Task.sleep(for: Absence.pause)
                continue
            } catch {
                end = "\(error)"
            }
            let lasted = state.age
            state.isAlive = false
            if Task.isCancelled { return }
            if lasted >= Self.reopening.longest { wait = Self.reopening.first }
            if lasted >= Self.goodStream { isTold = false }
            if !isTold {
                log.notice(
                    "the stream of events has ended: the runtime is asked every second until there is another",
                    metadata: ["end": "\(end)"])
            }
            isTold = true
            try? await Task.sleep(for: wait)
            wait = min(wait * 2, Self.reopening.longest)
        }
    }
}

/// Whether a stream of events is open, and how often that has changed.
private final class EventState: Sendable {
    /// Odd while a stream is open.
    private let count = Atomic<Int>(0)
    private let begun = Mutex(ContinuousClock.now)

    /// Of the stream that is open; zero: none is.
    var age: Duration { isAlive ? .now - begun.withLock { $0 } : .zero }

    var turns: Int { count.load(ordering: .relaxed) }

    var isAlive: Bool {
        get { turns % 2 == 1 }
        // Only who follows the stream sets it.
        set {
            if newValue == isAlive { return }
            begun.withLock { $0 = .now }
            count.add(1, ordering: .relaxed)
        }
    }
}

extension CRIRuntime {
    /// A stream has no deadline.
    fileprivate var streamOptions: CallOptions {
        var options = CallOptions.defaults
        options.waitForReady = true
        return options
    }
}
