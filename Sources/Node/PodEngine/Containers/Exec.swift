import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// A further process in a container, with what is left of its streams.
public struct ExecSession: Sendable {
    /// Its standard input; nil where nobody wanted to write. With a terminal all three are the one.
    public let input: AsyncDescriptor?
    public let output: AsyncDescriptor?
    public let error: AsyncDescriptor?
    public let hasTerminal: Bool

    let container: String
    let number: UInt64
    let connection: ShimConnection

    /// Waits for its end.
    /// - Returns: its exit code: 128 and the signal's number where a signal ended it.
    public func wait() async throws -> Int32 {
        let answer = try await connection.call(.wait(container: container, exec: number), milliseconds: nil)
        guard case .exited(let report) = answer.answer else {
            throw EngineError(.refused, "the shim answered something else than how process \(number) ended")
        }
        return report.exitCode
    }

    public func kill(signal: Int32) async throws {
        do {
            _ = try await connection.call(.kill(container: container, signal: signal, .exec(number)))
        } catch ShimError.failed(let failure) where [.notFound, .wrongState].contains(failure.kind) {
            // It has ended.
        }
    }

    public func resize(rows: UInt16, columns: UInt16) {
        guard hasTerminal else { return }
        (output ?? input)?.resize(TerminalSize(rows: rows, columns: columns))
    }

    public func close() {
        input?.close()
        output?.close()
        error?.close()
    }

    /// Lets go of a process whose end nobody waits for.
    /// - Parameter signal: what it is sent; nil for one that ends with its terminal.
    public func abandon(signal: Int32?) {
        close()
        Task {
            // One that cannot be told may end by itself.
            if let signal { try? await kill(signal: signal) }
            // Its shim keeps how it ended until we ask.
            _ = try await wait()
        }
    }
}

/// What a command that ran to its end has left.
public struct ExecResult: Sendable {
    public var output: [UInt8]
    public var error: [UInt8]
    public var exitCode: Int32
    /// More came than is kept.
    public var isTruncated: Bool
}

extension PodEngine {
    /// Which of a process's streams somebody wants.
    public struct ExecStreams: Sendable {
        public var input = false
        public var output = true
        public var error = true
        public var terminal = false

        public init() {}
    }

    /// Runs a further process in a container that runs. It is the caller's, who waits for its end or abandons it.
    /// - Throws: `CancellationError` for a caller that has gone; then nothing of it stays.
    public func exec(_ word: String, command: [String], streams: ExecStreams) async throws -> ExecSession {
        try await exec(word, command: command, streams: streams, before: nil)
    }

    private func exec(
        _ word: String, command: [String], streams: ExecStreams, before deadline: ContinuousClock.Instant?
    ) async throws -> ExecSession {
        try Task.checkCancellation()
        let start = Task { try await begin(word, command: command, streams: streams) }
        do {
            return try await Self.value(of: start, before: deadline)
        } catch {
            // What the shim begins, now or when it goes on after it was stopped, is for nobody.
            Task { try await start.value.abandon(signal: SIGKILL) }
            throw error
        }
    }

    private func begin(_ word: String, command: [String], streams: ExecStreams) async throws -> ExecSession {
        let container = try registry.container(word)
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        guard try container.live().phase == .running else {
            throw EngineError(.wrongState, "container \(container.id) is not running")
        }
        guard !command.isEmpty else { throw EngineError(.invalid, "the command is empty") }
        let process = try await threads.run {
            try Self.process(in: container.folder, command: command, terminal: streams.terminal)
        }
        do {
            let session =
                streams.terminal
                ? try await execOnTerminal(container, connection, process, streams)
                : try await execOnPipes(container, connection, process, streams)
            // Its shim answers, if it did not before.
            container.noteChange()
            return session
        } catch let error as ShimError {
            if case .failed(let refusal) = error, [.refused, .notFound].contains(refusal.kind),
                try await isEnding(container)
            {
                throw EngineError(.wrongState, "container \(container.id) is not running")
            }
            throw explained(error, container, "exec in")
        }
    }

    /// Whether a container ends at this moment: what was begun in it fails before its end is told.
    private func isEnding(_ container: ContainerEntry) async throws -> Bool {
        for _ in 0..<20 {
            if try container.live().phase != .running { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    /// The container's own process description with another command.
    private static func process(in folder: String, command: [String], terminal: Bool) throws -> [UInt8] {
        let spec = try RuntimeSpec(json: try FileDescriptor.readFile(folder + "/config.json"))
        guard var process = spec.process else {
            throw EngineError(.refused, "\(folder)/config.json has no process")
        }
        process.args = command
        process.terminal = terminal
        process.consoleSize = nil
        if terminal, !process.env.contains(where: { $0.hasPrefix("TERM=") }) {
            process.env.append("TERM=xterm")
        }
        return process.json()
    }

    private func execOnTerminal(
        _ container: ContainerEntry, _ connection: ShimConnection, _ process: [UInt8], _ streams: ExecStreams
    ) async throws -> ExecSession {
        let description = try Self.description(process)
        let answer = try await connection.call(
            .exec(container: container.id, ExecRequest(terminal: true)), descriptors: [description.raw],
            milliseconds: ShimPatience.work)
        guard case .started(_, let number?) = answer.answer, let master = answer.descriptor else {
            throw EngineError(.refused, "the shim sent no terminal")
        }
        let terminal = AsyncDescriptor(owning: master, poller: poller)
        return ExecSession(
            input: streams.input ? terminal : nil, output: terminal, error: nil, hasTerminal: true,
            container: container.id, number: number, connection: connection)
    }

    private func execOnPipes(
        _ container: ContainerEntry, _ connection: ShimConnection, _ process: [UInt8], _ streams: ExecStreams
    ) async throws -> ExecSession {
        let description = try Self.description(process)
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let input = try streams.input ? PipePair(poller, weWrite: true) : nil
        let output = try streams.output ? PipePair(poller, weWrite: false) : nil
        let error = try streams.error ? PipePair(poller, weWrite: false) : nil
        let answer = try await connection.call(
            .exec(container: container.id, ExecRequest(terminal: false)),
            descriptors: [description.raw]
                + [input, output, error].map { $0?.theirs.raw ?? null.raw },
            milliseconds: ShimPatience.work)
        guard case .started(_, let number?) = answer.answer else {
            throw EngineError(.refused, "the shim answered something else than a process")
        }
        return ExecSession(
            input: input?.ours, output: output?.ours, error: error?.ours, hasTerminal: false,
            container: container.id,
            number: number, connection: connection)
    }

    /// A pipe, whose other end the process gets.
    private final class PipePair: Sendable {
        let ours: AsyncDescriptor
        let theirs: FileDescriptor

        init(_ poller: Poller, weWrite: Bool) throws(KernelError) {
            let (readEnd, writeEnd) = try FileDescriptor.pipe().ends()
            ours = AsyncDescriptor(owning: weWrite ? writeEnd : readEnd, poller: poller)
            theirs = FileDescriptor(owning: weWrite ? readEnd : writeEnd)
        }
    }

    private static func description(_ process: [UInt8]) throws -> FileDescriptor {
        let file = try FileDescriptor.memoryFile("swiftlet-process")
        try file.writeAll(process)
        return file
    }

    // MARK: To the end

    /// Runs a command and collects what it writes. It is killed when its time is over, and when the caller's task is
    /// cancelled.
    /// - Parameters:
    ///   - timeout: seconds from now on until it has ended; 0 for none.
    ///   - limit: bytes that are kept of each output; what comes after that is read and dropped, so that nobody can
    ///     fill this program's memory (CVE-2022-1708, CVE-2022-31030).
    /// - Throws: `timedOut`, `CancellationError`.
    public func execSync(
        _ word: String, command: [String], timeout: Int64, limit: Int = 16 << 20
    ) async throws -> ExecResult {
        let deadline =
            timeout > 0 ? ContinuousClock.now + .seconds(min(timeout, Self.longestTime)) : nil
        do {
            let session = try await exec(
                word, command: command, streams: ExecStreams(), before: deadline)
            defer { session.close() }
            let output = Task { try await Self.collect(session.output, limit) }
            let error = Task { try await Self.collect(session.error, limit) }
            let exitCode = try await Self.end(of: session, before: deadline)
            // What it left running may hold its pipes open, for ever.
            let late = Task {
                try await Task.sleep(for: .seconds(2))
                session.close()
            }
            defer { late.cancel() }
            let (out, isOutTruncated) = try await output.value
            let (err, isErrTruncated) = try await error.value
            return ExecResult(
                output: out, error: err, exitCode: exitCode, isTruncated: isOutTruncated || isErrTruncated)
        } catch is TimeLimit {
            throw EngineError(
                .timedOut,
                "command '\(command.joined(separator: " ").prefix(200))' timed out after \(timeout) s")
        }
    }

    /// - Returns: its exit code.
    private static func end(
        of session: ExecSession, before deadline: ContinuousClock.Instant?
    ) async throws -> Int32 {
        let end = Task { try await session.wait() }
        do {
            return try await value(of: end, before: deadline)
        } catch {
            let kill = Task {
                try await session.kill(signal: SIGKILL)
                _ = try await end.value
            }
            // Who is told that its time is over finds it gone, unless its shim or the kernel hangs.
            _ = try? await value(of: kill, before: .now + .milliseconds(ShimPatience.endOfExec))
            throw error
        }
    }

    private static func collect(_ stream: AsyncDescriptor?, _ limit: Int) async throws -> ([UInt8], Bool) {
        var kept: [UInt8] = []
        var isTruncated = false
        do {
            while let bytes = try await stream?.read() {
                let room = limit - kept.count
                kept.append(contentsOf: bytes.prefix(room))
                if bytes.count > room { isTruncated = true }
            }
        } catch is CancellationError {
            // As much as there was in time.
        }
        return (kept, isTruncated)
    }

    private struct TimeLimit: Error {}

    /// Seconds: 34 years. Clients may name more than a clock can count.
    private static let longestTime: Int64 = 1 << 30

    /// Waits for a task until a deadline, or until the own task is cancelled. The other one goes on in any case.
    /// - Throws: `TimeLimit`, `CancellationError`, and what that task throws.
    private static func value<Result: Sendable>(
        of task: Task<Result, any Error>, before deadline: ContinuousClock.Instant?
    ) async throws -> Result {
        let outcomes = AsyncStream<Swift.Result<Result, any Error>>.makeStream()
        Task { outcomes.continuation.yield(await task.result) }
        let timer = deadline.map { deadline in
            Task {
                try await Task.sleep(until: deadline, clock: .continuous)
                outcomes.continuation.yield(.failure(TimeLimit()))
            }
        }
        defer { timer?.cancel() }
        for await outcome in outcomes.stream { return try outcome.get() }
        throw CancellationError()
    }
}
