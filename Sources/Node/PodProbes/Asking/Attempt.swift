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
        /// Closes the connection.
        var close: (@Sendable () -> Void)?
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
        ended.close?()
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

    // MARK: Connections: each takes the place of the one before

    /// A plain one by the loop's own means.
    /// - Parameter happened: called on the loop; says whether the connection is still wanted.
    /// - Returns: false where that is not possible: the loop is another one, or `host` a name that is to be looked up.
    func connectPlainly(
        host: String, port: Int, sending bytes: [UInt8],
        _ happened: @escaping @Sendable (PlainConnection.Event) -> Bool
    ) -> Bool {
        guard let loop = eventLoop as? ProbeLoop, let address = Self.address(host, port) else { return false }
        let connection = PlainConnection(on: loop, sending: bytes) { [self] event in
            happened(event) && !isOver
        }
        guard adopt({ connection.close() }) else { return true }
        if loop.inEventLoop {
            connection.connect(to: address)
        } else {
            loop.execute { [self] in if !isOver { connection.connect(to: address) } }
        }
        return true
    }

    /// A channel, for what needs more than a socket.
    /// - Parameter setUp: puts handlers into the new channel's pipeline, before it connects.
    func connect(
        host: String, port: Int, _ setUp: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let group = eventLoop is ProbeLoop ? MultiThreadedEventLoopGroup.singleton.next() : eventLoop
        let bootstrap = ClientBootstrap(group: group)
            // Ours is the deadline.
            .connectTimeout(.hours(1))
            // As for plain connections: nothing stays in TIME-WAIT.
            .channelOption(.tcpOption(.init(rawValue: TCP_LINGER2)), value: -1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    // A name may have taken longer than there was time.
                    guard adopt({ channel.close(promise: nil) }) else { throw ChannelError.ioOnClosedChannel }
                    try setUp(channel)
                }
            }
        if let address = Self.address(host, port) { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: host, port: port)
    }

    /// Nil for a name.
    private static func address(_ host: String, _ port: Int) -> SocketAddress? {
        do {
            return try SocketAddress(ipAddress: host, port: port)
        } catch {
            return nil
        }
    }

    private func adopt(_ close: @escaping @Sendable () -> Void) -> Bool {
        let (isAdopted, previous) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isOver else { return (false, nil) }
            defer { state.close = close }
            return (true, state.close)
        }
        previous?()
        return isAdopted
    }
}
