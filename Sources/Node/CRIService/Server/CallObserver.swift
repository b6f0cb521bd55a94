import GRPCCore
import Logging
import Synchronization

/// Stands around every call: turns what it throws into a status, logs it, counts it.
struct CallObserver: ServerInterceptor {
    let log: Logger
    let metrics: CallMetrics
    /// Whether the server ends calls because it ends itself.
    let isStopping: @Sendable () -> Bool

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<
                Output
            >
    ) async throws -> StreamingServerResponse<Output> {
        let call = ObservedCall(context, request.metadata, self)
        // Nil: where the call came in, on the loop of its connection.
        let executor: (any TaskExecutor)? = context.descriptor.isBrief ? nil : globalConcurrentExecutor
        var request = request
        let messages = request.messages
        request.messages = RPCAsyncSequence(
            wrapping: messages.map { message in
                call.note(message)
                return message
            })
        let response: StreamingServerResponse<Output>
        do {
            response = try await withTaskExecutorPreference(executor) { try await next(request, context) }
        } catch {
            throw call.fail(error)
        }
        switch response.accepted {
        case .failure(let error): throw call.fail(error)
        case .success(var contents):
            // What a stream sends is produced after we return.
            let produce = contents.producer
            contents.producer = { writer in
                do {
                    let metadata = try await withTaskExecutorPreference(executor) {
                        try await produce(writer)
                    }
                    call.succeed()
                    return metadata
                } catch {
                    throw call.fail(error)
                }
            }
            return StreamingServerResponse(accepted: .success(contents))
        }
    }
}

/// One call, from its metadata to its status.
private final class ObservedCall: Sendable {
    private let method: String
    private let begin = ContinuousClock.now
    private let timeout: Duration?
    private let log: Logger
    private let metrics: CallMetrics
    private let isStopping: @Sendable () -> Bool
    private let subject = Mutex(CallSubject())

    init(_ context: ServerContext, _ metadata: Metadata, _ observer: CallObserver) {
        method = context.descriptor.method
        timeout = metadata[stringValues: CallTimeoutReader.header].first { _ in true }
            .flatMap { CallTimeout($0)?.duration }
        metrics = observer.metrics
        isStopping = observer.isStopping
        var log = observer.log
        log[metadataKey: "method"] = "\(method)"
        if let trace = TraceContext.traceID(metadata) { log[metadataKey: "trace"] = "\(trace)" }
        self.log = log
        metrics.begin()
    }

    func note(_ message: some Any) { subject.withLock { $0.note(message) } }

    func succeed() {
        let time = ContinuousClock.now - begin
        metrics.end(method, code: "OK", time)
        log.debug("call", metadata: details(time))
    }

    func fail(_ error: any Error) -> RPCError {
        let time = ContinuousClock.now - begin
        var status = RPCError.status(for: error)
        if error is CancellationError {
            if isStopping() {
                status = RPCError(
                    code: .unavailable, message: "the daemon is stopping: ask again when it is back")
            } else if let timeout, time >= timeout {
                status = RPCError(
                    code: .deadlineExceeded, message: "not done in the caller's time of \(timeout)")
            }
        }
        metrics.end(method, code: "\(status.code)", time)
        // Who asks for what is not there, or goes away, does not make this daemon's failure.
        let level: Logger.Level = [.notFound, .cancelled].contains(status.code) ? .info : .warning
        log.log(level: level, "call failed", metadata: details(time, status))
        return status
    }

    private func details(_ time: Duration, _ status: RPCError? = nil) -> Logger.Metadata {
        var metadata = subject.withLock { $0.metadata }
        metadata["seconds"] = "\(time.shortSeconds)"
        if let status {
            metadata["code"] = "\(status.code)"
            metadata["error"] = "\(status.message)"
        }
        return metadata
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Rounded up: no time that somebody gives becomes none.
    package var inMilliseconds: Int {
        let (seconds, rest) = components
        return Int(seconds) * 1000 + Int((rest + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// Seconds with microseconds, for people.
    var shortSeconds: String {
        let microseconds = components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.utf8.count)
            + fraction
    }
}
