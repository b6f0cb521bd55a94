import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

// From a command to its process.
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

    func exec(
        _ word: String, command: [String], streams: ExecStreams, before deadline: ContinuousClock.Instant?
    ) async throws -> ExecSession {
        try Task.checkCancellation()
        let start = Task { try await begin(word, command: command, streams: streams, before: deadline) }
        do {
            return try await value(of: start, before: deadline)
        } catch {
            // What the shim begins now is for nobody.
            Task { try await start.value.abandon(signal: SIGKILL) }
            throw error
        }
    }

    private func begin(
        _ word: String, command: [String], streams: ExecStreams, before deadline: ContinuousClock.Instant?
    ) async throws -> ExecSession {
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
            let request = ExecRequest(terminal: streams.terminal, beginsBy: Self.latestBegin(deadline))
            let session =
                streams.terminal
                ? try await execOnTerminal(container, connection, request, process, streams)
                : try await execOnPipes(container, connection, request, process, streams)
            // Its shim answers, if it did not before.
            container.noteChange()
            return session
        } catch let error as ShimError {
            if case .failed(let refusal) = error, refusal.kind == .timedOut, let deadline, deadline <= .now {
                throw TimeLimit()
            }
            if case .failed(let refusal) = error, [.refused, .notFound].contains(refusal.kind),
                try await isEnding(container)
            {
                throw EngineError(.wrongState, "container \(container.id) is not running")
            }
            throw explained(error, container, "exec in")
        }
    }

    /// Until when a process may be begun that somebody waits for.
    private static func latestBegin(_ deadline: ContinuousClock.Instant?) -> Int {
        let rest = deadline.map { Int(max(.zero, $0 - .now) / .milliseconds(1)) } ?? .max
        return monotonicMilliseconds() + min(rest, ShimPatience.work)
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
        _ container: ContainerEntry, _ connection: ShimConnection, _ request: ExecRequest,
        _ process: [UInt8], _ streams: ExecStreams
    ) async throws -> ExecSession {
        let description = try Self.description(process)
        let answer = try await connection.call(
            .exec(container: container.id, request), descriptors: [description.raw],
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
        _ container: ContainerEntry, _ connection: ShimConnection, _ request: ExecRequest,
        _ process: [UInt8], _ streams: ExecStreams
    ) async throws -> ExecSession {
        let description = try Self.description(process)
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let input = try streams.input ? PipePair(poller, weWrite: true) : nil
        let output = try streams.output ? PipePair(poller, weWrite: false) : nil
        let error = try streams.error ? PipePair(poller, weWrite: false) : nil
        let answer = try await connection.call(
            .exec(container: container.id, request),
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
}
