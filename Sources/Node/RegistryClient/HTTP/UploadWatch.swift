import NIOCore
import Synchronization

/// Notices when nobody takes the bytes of an upload.
final class UploadWatch: Sendable {
    /// When a piece was last taken; nil once all are.
    private let last = Mutex<ContinuousClock.Instant?>(.now)

    /// The same pieces, with an eye on them.
    func watching(_ chunks: AsyncThrowingChunks) -> AsyncThrowingChunks {
        AsyncThrowingChunks { [self] in
            let piece = try await chunks.next()
            last.withLock { $0 = piece == nil ? nil : .now }
            return piece
        }
    }

    /// Waits until nothing was taken for a while. Once all is sent it waits for ever: then the answer's own
    /// time limit counts.
    func waitUntilIdle(_ limit: Duration) async throws -> RegistryError {
        while true {
            guard let last = last.withLock({ $0 }) else {
                try await Task.sleep(for: .seconds(86_400))
                continue
            }
            if last + limit <= .now {
                return RegistryError(.interrupted, "it stopped reading", status: nil, symptom: .timeout)
            }
            try await Task.sleep(until: last + limit, clock: .continuous)
        }
    }
}

/// Bytes that are sent, piece by piece.
struct AsyncThrowingChunks: AsyncSequence, Sendable {
    /// Gives the next piece; nil at the end.
    let next: @Sendable () async throws -> ByteBuffer?

    struct Iterator: AsyncIteratorProtocol {
        let pull: @Sendable () async throws -> ByteBuffer?

        mutating func next() async throws -> ByteBuffer? { try await pull() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pull: next) }
}
