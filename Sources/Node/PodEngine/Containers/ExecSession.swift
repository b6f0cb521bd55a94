import ContainerShim
import Glibc
import LinuxKernel

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

// To the end of a process.
extension PodEngine {
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

    /// Seconds: 34 years. Clients may name more than a clock can count.
    private static let longestTime: Int64 = 1 << 30
}
