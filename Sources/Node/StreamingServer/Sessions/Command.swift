import Logging
import NIOCore

/// A command's streams, as a protocol has them ready.
struct CommandStreams: Sendable {
    let error: any OutputSink
    var stdin: InboundQueue?
    var stdout: (any OutputSink)?
    var stderr: (any OutputSink)?
    var resize: InboundQueue?
}

/// An exec or attach: runs the engine's call on a client's streams, and reports how it ended.
struct Command: Sendable {
    private enum Call: Sendable {
        case exec(ExecStreamRequest)
        case attach(AttachStreamRequest)
    }

    let shape: CommandShape
    let version: CommandVersion
    private let call: Call
    private let handler: any StreamingHandler
    private let logger: Logger

    /// The request is an exec or attach: negotiation gives no other a command's protocol.
    init(_ request: PendingRequest, version: CommandVersion, handler: any StreamingHandler, logger: Logger) {
        switch request {
        case .exec(let exec):
            call = .exec(exec)
            shape = CommandShape(
                terminal: exec.terminal, stdin: exec.stdin, stdout: exec.stdout, stderr: exec.stderr)
        case .attach(let attach):
            call = .attach(attach)
            shape = CommandShape(
                terminal: attach.terminal, stdin: attach.stdin, stdout: attach.stdout, stderr: attach.stderr)
        case .portForward:
            preconditionFailure("a port-forward has no command's protocol")
        }
        self.version = version
        self.handler = handler
        self.logger = logger
    }

    func run(_ streams: CommandStreams) async {
        let (sizes, newSize) = AsyncStream.makeStream(
            of: TerminalSize.self, bufferingPolicy: .bufferingNewest(1))
        let remote = RemoteStreams(
            stdin: streams.stdin.map(RemoteInput.init), stdout: streams.stdout.map(RemoteOutput.init),
            stderr: streams.stderr.map(RemoteOutput.init), resizes: sizes)
        let outcome = await withTaskGroup(of: Void.self) { group in
            if let resize = streams.resize {
                group.addTask { await relay(resize, to: newSize) }
            } else {
                newSize.finish()
            }
            let outcome = await self.outcome(of: remote)
            group.cancelAll()
            return outcome
        }
        do {
            streams.stdin?.discard()
            try await streams.stdout?.finish()
            try await streams.stderr?.finish()
            try await report(outcome, on: streams.error)
            try await streams.error.finish()
        } catch {
            logger.debug("the client left before it was told", metadata: ["outcome": "\(outcome)"])
        }
    }

    private func outcome(of streams: RemoteStreams) async -> CommandOutcome {
        do {
            switch call {
            case .exec(let request):
                return .exited(try await handler.exec(request, streams))
            case .attach(let request):
                return .exited(try await handler.attach(request, streams) ?? 0)
            }
        } catch {
            let what =
                switch call {
                case .exec: "error executing command in container"
                case .attach: "error attaching to container"
                }
            return .failed("\(what): \(error)")
        }
    }

    private func report(_ outcome: CommandOutcome, on error: any OutputSink) async throws {
        guard let text = version.reportsStatus ? outcome.status : outcome.plainText else { return }
        try await error.write(ByteBuffer(string: text))
    }

    /// Sizes until the client says something that is none.
    private func relay(_ resize: InboundQueue, to sizes: AsyncStream<TerminalSize>.Continuation) async {
        var decoder = ResizeDecoder()
        do {
            while let bytes = try await resize.next() {
                for size in try decoder.append(bytes) { sizes.yield(size) }
            }
        } catch {
            logger.debug("no more terminal sizes", metadata: ["error": "\(error)"])
        }
        sizes.finish()
        resize.discard()
    }
}
