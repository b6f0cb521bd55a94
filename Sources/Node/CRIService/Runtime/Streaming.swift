import CRIProtocol
import GRPCCore
import Glibc
import LinuxKernel
import NIOCore
import PodEngine
import StreamingServer

// Commands in containers: to their end at once, or by way of the streaming server.
extension RuntimeService {
    public func execSync(
        request: CRIExecSyncRequest, context: ServerContext
    ) async throws -> CRIExecSyncResponse {
        let (engine, limit, phase) = (engine, parts.execOutputLimit, parts.phase)
        let work = Task {
            try await engine.execSync(
                request.containerID, command: request.cmd, timeout: request.timeout, limit: limit)
        }
        let result = try await withTaskCancellationHandler {
            try await withRPCCancellationHandler {
                try await work.value
            } onCancelRPC: {
                // The command ends with who wants its answer, but has the time that a stopping daemon gives to calls.
                if !phase.isStopping { work.cancel() }
            }
        } onCancel: {
            work.cancel()
        }
        let kept = ExecAnswer.kept(output: result.output.count, error: result.error.count)
        if result.isTruncated || kept != (result.output.count, result.error.count) {
            parts.log.warning(
                "output of a command was cut off",
                metadata: ["container": "\(request.containerID)", "limit": "\(parts.execOutputLimit)"])
        }
        var response = CRIExecSyncResponse()
        response.stdout.append(contentsOf: result.output.prefix(kept.output))
        response.stderr.append(contentsOf: result.error.prefix(kept.error))
        response.exitCode = result.exitCode
        return response
    }

    public func exec(request: CRIExecRequest, context: ServerContext) async throws -> CRIExecResponse {
        let container = try running(request.containerID)
        guard !request.cmd.isEmpty else {
            throw RPCError(code: .invalidArgument, message: "cmd: must not be empty")
        }
        try Self.check(
            tty: request.tty, stdin: request.stdin, stdout: request.stdout, stderr: request.stderr)
        var response = CRIExecResponse()
        response.url = try parts.streaming.exec(
            ExecStreamRequest(
                container: container.id, command: request.cmd, terminal: request.tty, stdin: request.stdin,
                stdout: request.stdout, stderr: request.stderr))
        return response
    }

    public func attach(request: CRIAttachRequest, context: ServerContext) async throws -> CRIAttachResponse {
        let container = try running(request.containerID)
        try Self.check(
            tty: request.tty, stdin: request.stdin, stdout: request.stdout, stderr: request.stderr)
        var response = CRIAttachResponse()
        response.url = try parts.streaming.attach(
            AttachStreamRequest(
                container: container.id, terminal: try engine.hasTerminal(container.id),
                stdin: request.stdin, stdout: request.stdout, stderr: request.stderr))
        return response
    }

    public func portForward(
        request: CRIPortForwardRequest, context: ServerContext
    ) async throws -> CRIPortForwardResponse {
        let sandbox = try engine.sandbox(request.podSandboxID)
        guard sandbox.isReady else {
            throw RPCError(code: .failedPrecondition, message: "sandbox \(sandbox.id) is not ready")
        }
        let ports = try request.port.map { port in
            guard let number = UInt16(exactly: port), number > 0 else {
                throw RPCError(code: .invalidArgument, message: "port: \(port) is no port")
            }
            return number
        }
        var response = CRIPortForwardResponse()
        response.url = try parts.streaming.portForward(
            PortForwardStreamRequest(sandbox: sandbox.id, ports: ports))
        return response
    }

    private func running(_ id: String) throws -> PodContainerState {
        let container = try engine.container(id)
        guard container.phase == .running else {
            throw RPCError(code: .failedPrecondition, message: "container \(container.id) is not running")
        }
        return container
    }

    /// What the CRI says of a stream's request.
    private static func check(tty: Bool, stdin: Bool, stdout: Bool, stderr: Bool) throws {
        if tty, stderr {
            throw RPCError(code: .invalidArgument, message: "tty and stderr cannot both be true")
        }
        if !stdin, !stdout, !stderr {
            throw RPCError(code: .invalidArgument, message: "one of stdin, stdout and stderr must be true")
        }
    }
}

/// What a kubelet takes as one message, without what stands around the outputs in it. For a larger one it gets an error,
/// and not even the exit code.
package enum ExecAnswer {
    package static let mostBytes = 16 << 20 - 64

    /// How many bytes are kept of two outputs: the longer one is cut first.
    package static func kept(output: Int, error: Int) -> (output: Int, error: Int) {
        if output + error <= mostBytes { return (output, error) }
        let half = mostBytes / 2
        if error <= half { return (mostBytes - error, error) }
        if output <= half { return (output, mostBytes - output) }
        return (half, mostBytes - half)
    }
}

/// What the streaming server's clients do, done by the engine.
public struct StreamingBackend: StreamingHandler {
    let engine: PodEngine

    public init(engine: PodEngine) {
        self.engine = engine
    }

    public func exec(_ request: ExecStreamRequest, _ streams: RemoteStreams) async throws -> Int32 {
        var wanted = PodEngine.ExecStreams()
        wanted.terminal = request.terminal
        wanted.input = streams.stdin != nil
        wanted.output = streams.stdout != nil
        wanted.error = streams.stderr != nil
        let session = try await engine.exec(request.container, command: request.command, streams: wanted)
        do {
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Self.carry(session.output, to: streams.stdout) }
                group.addTask { try await Self.carry(session.error, to: streams.stderr) }
                let background = Task {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await Self.carry(streams.stdin, to: session.input, session) }
                        group.addTask {
                            for await size in streams.resizes {
                                session.resize(rows: size.height, columns: size.width)
                            }
                        }
                        try await group.waitForAll()
                    }
                }
                defer { background.cancel() }
                let exitCode = try await session.wait()
                // What it left running may hold its outputs open.
                let late = Task {
                    try await Task.sleep(for: .seconds(2))
                    session.close()
                }
                defer { late.cancel() }
                try await group.waitForAll()
                session.close()
                return exitCode
            }
        } catch {
            // A terminal's process ends with its terminal; another one is told.
            session.abandon(signal: request.terminal ? nil : SIGHUP)
            throw error
        }
    }

    private static func carry(_ source: AsyncDescriptor?, to client: RemoteOutput?) async throws {
        guard let source, let client else { return }
        while let bytes = try await source.read() { try await client.write(ByteBuffer(bytes: bytes)) }
    }

    private static func carry(
        _ client: RemoteInput?, to input: AsyncDescriptor?, _ session: ExecSession
    ) async throws {
        guard let client, let input else { return }
        for try await buffer in client {
            guard try await input.write(Array(buffer.readableBytesView)) else { return }
        }
        // The half close. A terminal has none; its programs end by what is typed.
        if !session.hasTerminal { input.close() }
    }

    public func attach(_ request: AttachStreamRequest, _ streams: RemoteStreams) async throws -> Int32? {
        let session = try await engine.attach(
            request.container, input: streams.stdin != nil, output: streams.stdout != nil,
            error: streams.stderr != nil)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let background = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        guard let client = streams.stdin else { return }
                        for try await buffer in client {
                            try await session.send(Array(buffer.readableBytesView))
                        }
                        try await session.endInput()
                    }
                    group.addTask {
                        for await size in streams.resizes {
                            try await session.resize(rows: size.height, columns: size.width)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            defer { background.cancel() }
            while let parts = try await session.receive() {
                for part in parts {
                    switch part {
                    case .output(let bytes): try await streams.stdout?.write(ByteBuffer(bytes: bytes))
                    case .error(let bytes): try await streams.stderr?.write(ByteBuffer(bytes: bytes))
                    }
                }
            }
            return nil
        }
    }

    public func forward(sandbox: String, port: UInt16, _ connection: ForwardedConnection) async throws {
        let socket = try await engine.connect(toPort: port, in: sandbox)
        defer { socket.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await buffer in connection.input {
                    guard try await socket.write(Array(buffer.readableBytesView)) else { return }
                }
                socket.endWriting()
            }
            group.addTask {
                while let bytes = try await socket.read() {
                    try await connection.write(ByteBuffer(bytes: bytes))
                }
                try await connection.finish()
            }
            try await group.waitForAll()
        }
    }
}
