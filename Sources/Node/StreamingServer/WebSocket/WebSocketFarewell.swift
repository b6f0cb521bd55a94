import NIOCore
import Synchronization

/// This side's Close frame, which is sent once (RFC 6455, section 5.5.1): at the end of what there is to say, or in
/// answer to the client's.
final class WebSocketFarewell: Sendable {
    private let send: @Sendable (ByteBuffer) async throws -> Void
    private let isSaid = Mutex(false)

    init(send: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.send = send
    }

    func say() async throws {
        let isFirst = isSaid.withLock { isSaid in
            defer { isSaid = true }
            return !isSaid
        }
        if isFirst { try await send(WebSocketFrame.close(.normal)) }
    }
}
