import Glibc
import LinuxKernel
import OCISpec

/// Programs that run at the stations of a container's life (runtime-spec, config.md, "POSIX-platform Hooks").
enum Hooks {
    /// Runs them in their order, in the bundle's folder, with the state on standard input. The first failure ends it.
    /// - Parameters:
    ///   - environment: of hooks that have none of their own. This process's unless it is given, as other runtimes
    ///     have it: they rely on PATH. Never the container's for what runs among the host's files.
    ///   - carryOut: runs one; as a child of this process unless it says otherwise.
    static func run(
        _ hooks: [RuntimeSpec.Hook], kind: String, state: ContainerState, log: Log,
        environment: [String]? = nil,
        by carryOut: (RuntimeSpec.Hook, Command) throws -> (Command.Outcome, [UInt8]) = { try $1.run() }
    ) throws {
        guard !hooks.isEmpty else { return }
        let input = state.json()
        let inherited = environment ?? Environment.ofThisProcess()
        // It may be gone at the end, and out of a user namespace's reach.
        let directory = access(state.bundle, X_OK) == 0 ? state.bundle : nil
        for (index, hook) in hooks.enumerated() {
            log.debug("hook \(kind) #\(index): \(hook.path)")
            let command = Command(
                path: hook.path, arguments: hook.args.isEmpty ? [hook.path] : hook.args,
                environment: hook.env.isEmpty ? inherited : hook.env,
                input: input, directory: directory, timeout: hook.timeout.map { $0 * 1000 })
            let (outcome, output): (Command.Outcome, [UInt8])
            do {
                (outcome, output) = try carryOut(hook, command)
            } catch {
                // Its kind would speak of the container's program.
                throw RuntimeError("error running \(kind) hook #\(index): \(error)")
            }
            let said = text(output)
            switch outcome {
            case .ended(.exited(0)): continue
            case .ended(.exited(let code)):
                throw RuntimeError("error running \(kind) hook #\(index): exit status \(code)\(said)")
            case .ended(.signaled(let signal)):
                throw RuntimeError(
                    "error running \(kind) hook #\(index): killed by \(Signal(rawValue: signal).name)\(said)")
            case .timedOut:
                throw RuntimeError(
                    "error running \(kind) hook #\(index): hook ran past specified timeout of \(hook.timeout ?? 0)s"
                )
            }
        }
    }

    /// For stations whose failures are only logged.
    static func runAll(
        _ hooks: [RuntimeSpec.Hook], kind: String, state: ContainerState, log: Log
    ) {
        for hook in hooks {
            do {
                try run([hook], kind: kind, state: state, log: log)
            } catch {
                log.warning("\(error)")
            }
        }
    }

    private static func text(_ output: [UInt8]) -> String {
        var output = output[...]
        while output.last == UInt8(ascii: "\n") { output.removeLast() }
        return output.isEmpty ? "" : ", stdout and stderr: \(String(decoding: output, as: UTF8.self))"
    }
}
