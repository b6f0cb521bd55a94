import NIOCore
import Synchronization

/// A client's connection after its upgrade, as those see it who write to it.
final class ClientConnection: Sendable {
    private let channel: any Channel
    /// When a byte moved last, in nanoseconds of the uptime.
    private let lastMove: Atomic<UInt64>

    init(_ channel: any Channel) {
        self.channel = channel
        lastMove = Atomic(NIODeadline.now().uptimeNanoseconds)
    }

    /// Sends, and returns when the kernel (or the TLS session) has taken everything: nothing piles up here.
    func send(_ bytes: ByteBuffer) async throws {
        do {
            try await channel.writeAndFlush(bytes).get()
        } catch {
            throw StreamingError.clientLeft
        }
        moved()
    }

    /// Sends what can be sent without waiting, for a client that is about to be left.
    func sendNow(_ bytes: ByteBuffer) {
        channel.writeAndFlush(bytes, promise: nil)
    }

    func moved() {
        lastMove.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }

    /// Returns when nothing has moved for so long, or when the task is cancelled.
    func idle(for limit: Duration) async {
        let limit = UInt64(TimeAmount(limit).nanoseconds)
        while !Task.isCancelled {
            // Another thread may note a later time than this one has just seen.
            let (last, now) = (lastMove.load(ordering: .relaxed), NIODeadline.now().uptimeNanoseconds)
            let still = now > last ? now - last : 0
            guard still < limit else { return }
            // The only error is the cancellation that the loop looks at.
            try? await Task.sleep(for: .nanoseconds(Int64(limit - still)))
        }
    }

    func close() {
        channel.close(promise: nil)
    }
}
