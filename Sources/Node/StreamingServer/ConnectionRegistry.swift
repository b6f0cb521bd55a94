import NIOCore
import Synchronization

/// The open connections, with and without a session.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
        var sessions = 0
    }

    private let maximum: Int
    private let state = Mutex(State())
    private let left = Waiter()

    init(maximum: Int) {
        self.maximum = maximum
    }

    package var count: Int { state.withLock(\.channels.count) }
    /// Sessions with all their tasks, which can outlast their connection while the engine cleans up.
    package var sessions: Int { state.withLock(\.sessions) }

    func countingSession(_ session: () async -> Void) async {
        state.withLock { $0.sessions += 1 }
        await session()
        state.withLock { $0.sessions -= 1 }
    }

    /// Throws when there are too many, so that the connection is closed.
    func add(_ channel: any Channel) throws {
        let id = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            guard !state.isClosed, state.channels.count < maximum else { return false }
            state.channels[id] = channel
            return true
        }
        guard isAdded else { throw StreamingError(.limit, "more than \(maximum) connections") }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.channels.removeValue(forKey: id) }
            left.signal()
        }
    }

    /// Closes what is open, and what still comes.
    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.channels.values
        }
        for channel in channels { channel.close(promise: nil) }
    }

    func waitUntilEmpty() async {
        while count > 0, !Task.isCancelled {
            await left.wait { self.count == 0 }
        }
    }
}
