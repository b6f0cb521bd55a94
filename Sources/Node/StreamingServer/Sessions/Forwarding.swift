import Logging
import NIOCore

/// Forwards single connections to a sandbox's ports.
struct Forwarding: Sendable {
    let ports: [UInt16]
    private let sandbox: String
    private let handler: any StreamingHandler
    private let logger: Logger

    /// The request is a port-forward: negotiation gives no other a port-forward's protocol.
    init(_ request: PendingRequest, handler: any StreamingHandler, logger: Logger) {
        guard case .portForward(let forward) = request else {
            preconditionFailure("a command has no port-forward's protocol")
        }
        ports = forward.ports
        sandbox = forward.sandbox
        self.handler = handler
        self.logger = logger
    }

    /// One connection, to its end; what goes wrong is told on `error`.
    func run(port: UInt16, input: InboundQueue, data: any OutputSink, error: any OutputSink) async {
        var failure: String?
        do {
            let connection = ForwardedConnection(input: RemoteInput(queue: input), sink: data)
            try await handler.forward(sandbox: sandbox, port: port, connection)
        } catch let error as StreamingError where error.kind == .clientLeft {
            logger.debug("the client closed a forwarded connection", metadata: ["port": "\(port)"])
        } catch {
            failure = "error forwarding port \(port) to pod \(sandbox): \(error)"
        }
        input.discard()
        do {
            if let failure { try await error.write(ByteBuffer(string: failure)) }
            try await data.finish()
            try await error.finish()
        } catch {
            logger.debug("the client left a forwarded connection", metadata: ["port": "\(port)"])
        }
    }
}
