import NIOCore

/// Whether a client may still send.
enum InputState {
    case open
    /// The client has said goodbye in its protocol's words.
    case ended
}

/// Takes a client's bytes apart. Made in and used by the one task that reads the connection, which waits in it while
/// the engine does not take what was read.
protocol InputReader {
    /// Throws at what the protocol or a limit forbids; the session ends then.
    mutating func receive(_ bytes: ByteBuffer) async throws -> InputState
}

/// What is said in one session, whatever carries it.
protocol Dialogue: Sendable {
    func makeReader() throws -> any InputReader
    /// Serves the client to its end, farewell included. Cancelled when the client leaves.
    func run() async
    /// Nobody reads the client's streams any more.
    func discardInput()
    /// The client is gone: streams fail.
    func end(_ error: StreamingError)
    /// The last words for a client that has to go.
    func rejection() -> ByteBuffer
}

/// Returns true when the operation ended in time; cancels it otherwise.
func finishes(within limit: Duration, _ operation: @escaping @Sendable () async -> Void) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
        group.addTask {
            await operation()
            return true
        }
        group.addTask {
            // Cancelled when the operation is faster.
            try? await Task.sleep(for: limit)
            return false
        }
        let inTime = await group.next() ?? false
        group.cancelAll()
        return inTime
    }
}
