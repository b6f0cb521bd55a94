import NIOCore
import Synchronization

/// The open connections, and the sessions on them.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var sessions: [UInt64: Task<Void, Never>] = [:]
        var nextSession: UInt64 = 0
        var isClosed = false

        var isEmpty: Bool { channels.isEmpty && sessions.isEmpty }
    }

    private let maximum: Int
    private let state = Mutex(State())
    private let left = Waiter()

    init(maximum: Int) {
        self.maximum = maximum
    }

    package var count: Int { state.withLock(\.channels.count) }
    /// Sessions with all their tasks, which can outlast their connection while the engine cleans up.
    package var sessions: Int { state.withLock(\.sessions.count) }

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

    /// Runs a session in a task of its own. It runs in any case, cancelled from the beginning when everything is closed
    /// already: only the session can dispose of its connection.
    func begin(_ session: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            let number = state.nextSession
            state.nextSession += 1
            // Its end waits for this lock, so it cannot come before the task is noted.
            let task = Task { [self] in
                await session()
                self.state.withLock { _ = $0.sessions.removeValue(forKey: number) }
                left.signal()
            }
            state.sessions[number] = task
            if state.isClosed { task.cancel() }
        }
    }

    /// Closes what is open, cancels the sessions, and refuses what still comes.
    func closeAll() {
        let (channels, sessions) = state.withLock { state in
            state.isClosed = true
            return (state.channels.values, state.sessions.values)
        }
        for session in sessions { session.cancel() }
        for channel in channels { channel.close(promise: nil) }
    }

    func waitUntilEmpty() async {
        let isEmpty = { @Sendable [self] in state.withLock(\.isEmpty) }
        while !isEmpty(), !Task.isCancelled {
            await left.wait(until: isEmpty)
        }
    }
}
