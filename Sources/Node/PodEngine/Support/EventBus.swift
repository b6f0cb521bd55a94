import LinuxKernel
import OCISpec
import Synchronization

/// Tells any number of listeners what happens. One that does not keep up is cut off, and asks anew.
package final class EventBus: Sendable {
    private struct State {
        var lastNumber: UInt64 = 0
        var lastListener = 0
        /// The newest events, for listeners that were away.
        var kept: [EngineEvent] = []
        var listeners: [Int: AsyncStream<EngineEvent>.Continuation] = [:]
    }
    private let state = Mutex(State())
    /// Numbers begin anew with each bus.
    private let instance = UInt64.random(in: .min ... .max)

    private static let maxKept = 1024
    private static let maxWaiting = 4096

    package init() {}

    package func tell(_ kind: EngineEvent.Kind, _ id: String, sandbox: String) {
        let slow = state.withLock { state -> [AsyncStream<EngineEvent>.Continuation] in
            state.lastNumber += 1
            let event = EngineEvent(
                kind: kind, id: id, sandboxID: sandbox, time: nanosecondsSince1970(),
                position: EventPosition(instance: instance, number: state.lastNumber))
            state.kept.append(event)
            if state.kept.count >= 2 * Self.maxKept { state.kept.removeFirst(Self.maxKept) }
            var slow: [AsyncStream<EngineEvent>.Continuation] = []
            for (key, listener) in state.listeners {
                if case .dropped = listener.yield(event) {
                    state.listeners[key] = nil
                    slow.append(listener)
                }
            }
            return slow
        }
        for listener in slow { listener.finish() }
    }

    /// - Parameter position: of the last event that the listener knows; nil for those from now on.
    /// - Returns: nil when events after the position are not kept any more, or it is another bus's.
    package func events(after position: EventPosition?) -> AsyncStream<EngineEvent>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EngineEvent.self, bufferingPolicy: .bufferingOldest(Self.maxWaiting))
        let key = state.withLock { state -> Int? in
            if let position {
                let missed = state.kept.filter { $0.position.number > position.number }
                guard position.instance == instance,
                    missed.count == Int(state.lastNumber - position.number)
                else { return nil }
                for event in missed { continuation.yield(event) }
            }
            state.lastListener += 1
            state.listeners[state.lastListener] = continuation
            return state.lastListener
        }
        guard let key else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: key) }
        }
        return stream
    }

    func dump(to json: inout JSONWriter) {
        let (last, kept, listeners) = state.withLock {
            ($0.lastNumber, $0.kept.count, $0.listeners.count)
        }
        json.object { json in
            json.member("instance", instance)
            json.member("last", last)
            json.member("kept", kept)
            json.member("listeners", listeners)
        }
    }

    package func finish() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners.values.map { $0 }
        }
        for listener in listeners { listener.finish() }
    }
}
