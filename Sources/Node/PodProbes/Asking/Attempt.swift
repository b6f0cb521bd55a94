import Glibc
import LinuxKernel
import NIOCore
import NIOPosix
import Synchronization

/// One question to a container, from its first byte until the answer or the deadline, whichever comes first. Whoever
/// finishes it, what belongs to it is closed.
package final class Attempt: Sendable {
    private struct State {
        var isOver = false
        /// The connection, or a task.
        var channel: (any Channel)?
        var task: Task<Void, Never>?
        var deadline: Scheduled<Void>?
        /// What has to be said when the time is over now.
        var overdue = ProbeAnswer(.failure, "context deadline exceeded")
    }

    let eventLoop: any EventLoop
    private let promise: EventLoopPromise<ProbeAnswer>
    private let state = Mutex(State())

    /// - Parameter timeout: for all of it.
    package init(on eventLoop: any EventLoop, timeout: Duration) {
        self.eventLoop = eventLoop
        promise = eventLoop.makePromise()
        let deadline = eventLoop.scheduleTask(in: TimeAmount(timeout)) { [self] in
            // An answer that has come while the loop was busy is read before this.
            let grace = eventLoop.scheduleTask(in: .milliseconds(1)) { [self] in
                finish(state.withLock(\.overdue))
            }
            state.withLock { if !$0.isOver { $0.deadline = grace } else { grace.cancel() } }
        }
        state.withLock { $0.deadline = deadline }
    }

    /// Comes in any case, on `eventLoop`.
    package var answer: EventLoopFuture<ProbeAnswer> { promise.futureResult }

    /// The first one counts.
    package func finish(_ answer: ProbeAnswer) {
        let ended: State? = state.withLock { state in
            guard !state.isOver else { return nil }
            defer { state = State(isOver: true) }
            return state
        }
        guard let ended else { return }
        ended.deadline?.cancel()
        ended.channel?.close(promise: nil)
        ended.task?.cancel()
        promise.succeed(answer)
    }

    /// Nobody wants to know any more.
    package func cancel() {
        finish(ProbeAnswer(.error, "cancelled"))
    }

    var isOver: Bool { state.withLock(\.isOver) }

    func whenOverdue(_ answer: ProbeAnswer) {
        state.withLock { $0.overdue = answer }
    }

    /// Runs what has no connection, until the attempt is over.
    func run(_ work: @escaping @Sendable () async -> ProbeAnswer) {
        let task = Task { finish(await work()) }
        let isOver = state.withLock { state in
            if !state.isOver { state.task = task }
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    /// Makes a connection that takes the place of the one before.
    /// - Parameter setUp: puts handlers into the new channel's pipeline, before it connects.
    func connect(
        host: String, port: Int, _ setUp: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            // Ours is the deadline.
            .connectTimeout(.hours(1))
            // The socket goes when the other side has confirmed the end. In TIME-WAIT, for a minute each, a thousand
            // probes a second would be sixty thousand (tcp(7)).
            .channelOption(.tcpOption(.init(rawValue: TCP_LINGER2)), value: -1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    // A name may have taken longer than there was time.
                    guard adopt(channel) else { throw ChannelError.ioOnClosedChannel }
                    try setUp(channel)
                }
            }
        do {
            let address = try SocketAddress(ipAddress: host, port: port)
            return bootstrap.connect(to: address)
        } catch {
            return bootstrap.connect(host: host, port: port)
        }
    }

    private func adopt(_ channel: any Channel) -> Bool {
        let (isAdopted, previous) = state.withLock { state -> (Bool, (any Channel)?) in
            guard !state.isOver else { return (false, nil) }
            defer { state.channel = channel }
            return (true, state.channel)
        }
        previous?.close(promise: nil)
        return isAdopted
    }
}
