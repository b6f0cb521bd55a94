import NIOCore
import Synchronization

/// The open connections, with and without a session.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let maximum: Int
    private let state = Mutex(State())
    private let left = Waiter()

    init(maximum: Int) {
        self.maximum = maximum
    }

    var count: Int { state.withLock(\.channels.count) }

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
