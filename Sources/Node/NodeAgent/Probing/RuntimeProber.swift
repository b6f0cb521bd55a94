import PodProbes

/// Runs the programs of probes and hooks in their containers.
struct RuntimeProber: ExecProber {
    let runtime: CRIRuntime

    func exec(_ command: [String], in container: String, timeout: Duration) async throws -> ExecAnswer {
        do throws(RuntimeError) {
            let answer = try await runtime.execute(command, in: container, timeout: timeout)
            return ExecAnswer(exitCode: answer.exitCode, output: Array(answer.stdout) + Array(answer.stderr))
        } catch {
            if error.code == .deadlineExceeded { throw ExecTimeout() }
            throw error
        }
    }
}
