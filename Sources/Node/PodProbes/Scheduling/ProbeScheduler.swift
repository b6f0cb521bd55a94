import NIOCore

/// Probes the containers of a node, as the kubelet does, on one event loop: a timer for each probe, and a connection or
/// a call of the runtime for each attempt; no thread and no process.
///
/// Calls may come from anywhere and are carried out in their order. What comes out is `reports`.
public final class ProbeScheduler: Sendable {
    typealias Begin =
        @Sendable (ProbeHandler, _ container: String, _ timeout: Duration, any EventLoop) -> Attempt

    /// Results that changed, and attempts that did not succeed, in their order; for one reader. A container that is
    /// tracked for the first time, or under a new id, has its kinds' `initialResult`, of which nothing is said.
    public let reports: AsyncStream<ProbeReport>
    private let loop: any EventLoop
    private let book: NIOLoopBoundBox<ProbeBook>

    public convenience init(prober: Prober) {
        self.init(on: ProbeLoop.shared) { handler, container, timeout, loop in
            prober.begin(handler, container: container, timeout: timeout, purpose: .probe, on: loop)
        }
    }

    /// With another way to ask, and a loop whose time the caller rules.
    package init(
        on eventLoop: any EventLoop, jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        begin: @escaping @Sendable (ProbeHandler, String, Duration, any EventLoop) -> Attempt
    ) {
        loop = eventLoop
        let (stream, continuation) = AsyncStream.makeStream(of: ProbeReport.self)
        reports = stream
        book = .makeBoxSendingValue(
            ProbeBook(on: eventLoop, jitter: jitter, begin: begin) {
                continuation.yield($0)
            } end: {
                continuation.finish()
            }, eventLoop: eventLoop)
    }

    /// A container runs. Said again, it changes nothing; with another id, it is a new container and everything begins
    /// anew.
    public func track(_ container: ProbedContainer) {
        loop.execute { [book] in book.value.track(container) }
    }

    /// The container with this id runs no more: it is not ready, and nothing is asked until the next one is tracked.
    public func ended(pod uid: String, container: String, id: String) {
        loop.execute { [book] in book.value.ended(uid, container, id) }
    }

    /// The pod is being ended: only readiness is still asked for, liveness and startup count as successes.
    public func terminating(pod uid: String) {
        loop.execute { [book] in book.value.terminating(uid) }
    }

    /// The pod is gone, and its counts with it.
    public func forget(pod uid: String) {
        loop.execute { [book] in book.value.forget(uid) }
    }

    /// Probes nothing any more; `reports` ends.
    public func stop() async {
        // The only error is that the loop has ended, and everything on it.
        _ = try? await loop.submit { [book] in book.value.forgetAll() }.get()
    }

    /// `/metrics/probes`.
    public func metrics() async throws -> String {
        ProbeSeries.text(try await loop.submit { [book] in book.value.series }.get())
    }
}
