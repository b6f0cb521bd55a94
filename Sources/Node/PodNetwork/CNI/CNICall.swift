import Glibc
import LinuxKernel
import OCISpec

/// A command to a plugin, which learns from its environment who is meant, and from its input what to do.
struct CNICall {
    let type: String
    let command: String
    let program: PluginProcess

    /// - Parameter milliseconds: that the plugin may take.
    /// - Returns: what it has answered; nil for nothing.
    func run(_ request: JSONTree, milliseconds: Int) throws -> JSONTree? {
        var running = try start()
        return try ask(&running, request, milliseconds: milliseconds)
    }

    /// Starts the plugin, which waits for the request then.
    func start() throws(CNIError) -> RunningPlugin {
        do throws(KernelError) { return try program.start() } catch { throw failed("\(error)") }
    }

    /// - Parameters:
    ///   - sent: called once the plugin has the request.
    ///   - meanwhile: called while it works, if that takes some milliseconds.
    func ask(
        _ running: inout RunningPlugin, _ request: JSONTree, milliseconds: Int, sent: () -> Void = {},
        meanwhile: () -> Void = {}
    ) throws -> JSONTree? {
        let outcome: RunningPlugin.Outcome
        do throws(KernelError) {
            outcome = try running.ask(
                request.json(), milliseconds: milliseconds, sent: sent, meanwhile: meanwhile)
        } catch {
            throw failed("\(error)")
        }
        if outcome.isTimedOut {
            throw CNIError.timedOut(type: type, command: command, milliseconds: milliseconds)
        }
        let answer = try? JSONTree(json: outcome.output)
        guard outcome.status == .exited(0) else { throw failure(outcome, answer) }
        if outcome.output.allSatisfy({ [9, 10, 13, 32].contains($0) }) { return nil }
        guard let answer else { throw failed("its answer is no JSON") }
        return answer
    }

    private func failed(_ reason: String) -> CNIError {
        .failed(type: type, command: command, reason: reason)
    }

    private func failure(_ outcome: RunningPlugin.Outcome, _ answer: JSONTree?) -> CNIError {
        if let answer, case .number(.integer(let code)) = answer["code"] ?? .null {
            return .plugin(
                type: type, command: command, code: Int(code),
                message: Self.line(answer["msg"]?.text ?? "no message"),
                details: Self.line(answer["details"]?.text ?? ""))
        }
        // Those that know nothing of the interface's errors use either stream.
        let said = [outcome.complaint, outcome.output]
            .map { Self.line(String(decoding: $0.prefix(4096), as: UTF8.self)) }
            .filter { !$0.isEmpty }.joined(separator: "; ")
        let end: String =
            switch outcome.status {
            case .signaled(let number)?: "was killed by signal \(number)"
            case let status?: "ended with status \(status.code)"
            case nil: "did not end"
            }
        return failed(said.isEmpty ? "it \(end)" : "it \(end): \(said)")
    }

    /// Messages are one line, whatever a plugin prints.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }).joined(separator: "; ")
    }
}

/// The program of the plugin that will be asked next. It is killed when nobody takes it.
struct PluginAhead: ~Copyable {
    private var running: RunningPlugin?

    /// Starts a program of which nobody can tell that it was started: a compiled one, which does nothing before it has
    /// read what to do. What is no such one, or cannot be started, is started at its turn.
    mutating func start(_ call: () throws -> CNICall) {
        guard let call = try? call(), Self.isCompiled(call.program.path) else { return }
        running = try? call.start()
    }

    mutating func take() -> RunningPlugin? { running.take() }

    private static func isCompiled(_ path: String) -> Bool {
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return false }
        var magic = [UInt8](repeating: 0, count: 4)
        return read(file.raw, &magic, 4) == 4 && magic == [0x7f] + Array("ELF".utf8)
    }
}
