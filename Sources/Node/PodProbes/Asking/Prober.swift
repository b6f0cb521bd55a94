import NIOCore

/// Asks containers: for probes, and for lifecycle hooks.
public struct Prober: Sendable {
    private let exec: (any ExecProber)?
    private let version: String

    /// - Parameters:
    ///   - exec: runs programs; without it exec handlers are errors.
    ///   - version: of the kubelet that we are to servers, as `1.36`.
    public init(
        exec: (any ExecProber)? = nil, version: String = "1.36"
    ) {
        self.exec = exec
        self.version = version
    }

    /// Carries out a handler once.
    /// - Parameters:
    ///   - container: where programs run, as the runtime names it.
    ///   - timeout: for all of it; nil where only cancelling the task ends it.
    public func once(
        _ handler: ProbeHandler, container: String, timeout: Duration?, purpose: ProbePurpose = .hook
    ) async -> ProbeAnswer {
        let attempt = begin(
            handler, container: container, timeout: timeout ?? .seconds(365 * 24 * 3600), purpose: purpose,
            on: ProbeLoop.shared)
        return await withTaskCancellationHandler {
            do {
                return try await attempt.answer.get()
            } catch {
                return ProbeAnswer(.error, "\(error)")
            }
        } onCancel: {
            attempt.cancel()
        }
    }

    func begin(
        _ handler: ProbeHandler, container: String, timeout: Duration, purpose: ProbePurpose,
        on eventLoop: any EventLoop
    ) -> Attempt {
        switch handler {
        case .httpGet(let get):
            let attempt = Attempt(on: eventLoop, timeout: timeout)
            HTTPQuestion(get: get, purpose: purpose, version: version).ask(attempt)
            return attempt
        case .tcpSocket(let host, let port):
            let attempt = Attempt(on: eventLoop, timeout: timeout)
            attempt.whenOverdue(ProbeAnswer(.failure, NetworkError.dialTimeout(host, port)))
            Self.knock(at: host, port, attempt)
            return attempt
        case .grpc(let host, let port, let service):
            let attempt = Attempt(on: eventLoop, timeout: timeout)
            GRPCQuestion(host: host, port: port, service: service, timeout: timeout, version: version)
                .ask(attempt)
            return attempt
        case .exec(let command):
            // The runtime ends the program in time, and knows that. One that does not answer says nothing about the
            // container; as with the kubelet a probe waits for it, a hook does not.
            let patience = purpose == .hook ? .milliseconds(500) : ProbeLimits.runtimePatience
            let attempt = Attempt(on: eventLoop, timeout: timeout + patience)
            attempt.whenOverdue(Self.execOverdue(command, timeout))
            attempt.run { [exec] in await Self.run(command, in: container, timeout, exec) }
            return attempt
        case .impossible(let reason):
            let attempt = Attempt(on: eventLoop, timeout: timeout)
            attempt.finish(ProbeAnswer(.error, reason))
            return attempt
        case .sleep(let duration):
            let attempt = Attempt(on: eventLoop, timeout: min(duration, timeout))
            attempt.whenOverdue(
                duration <= timeout
                    ? ProbeAnswer(.success, "")
                    : ProbeAnswer(
                        .failure, "sleep of \(duration.short): the time of \(timeout.short) is over"))
            return attempt
        }
    }

    /// Whether somebody takes a connection.
    private static func knock(at host: String, _ port: Int, _ attempt: Attempt) {
        let isPlain = attempt.connectPlainly(host: host, port: port, sending: []) { event in
            switch event {
            case .connected: attempt.finish(ProbeAnswer(.success, ""))
            case .failedToConnect(let errno), .failed(let errno):
                attempt.finish(
                    ProbeAnswer(
                        .failure, "dial tcp \(NetworkError.address(host, port)): connect: \(errno)"))
            case .received, .ended: break
            }
            return false
        }
        if isPlain { return }
        attempt.connect(host: host, port: port) { _ in }.whenComplete { result in
            switch result {
            case .success: attempt.finish(ProbeAnswer(.success, ""))
            case .failure(let error):
                attempt.finish(ProbeAnswer(.failure, NetworkError.dialing(host, port, error)))
            }
        }
    }

    private static func run(
        _ command: [String], in container: String, _ timeout: Duration, _ exec: (any ExecProber)?
    ) async -> ProbeAnswer {
        guard let exec else { return ProbeAnswer(.error, "nothing here runs programs in containers") }
        var failure = ""
        // That the runtime cannot be reached says nothing about the container, and may pass.
        for _ in 0..<ProbeLimits.execAttempts where !Task.isCancelled {
            do {
                let answer = try await exec.exec(command, in: container, timeout: timeout)
                let output = String(decoding: answer.output.prefix(ProbeLimits.message), as: UTF8.self)
                return ProbeAnswer(answer.exitCode == 0 ? .success : .failure, output)
            } catch is ExecTimeout {
                return execOverdue(command, timeout)
            } catch {
                failure = "\(error)"
            }
        }
        return ProbeAnswer(.error, failure)
    }

    private static func execOverdue(_ command: [String], _ timeout: Duration) -> ProbeAnswer {
        ProbeAnswer(
            .failure,
            "command timed out: \"\(command.joined(separator: " "))\" timed out after \(timeout.short)")
    }
}
