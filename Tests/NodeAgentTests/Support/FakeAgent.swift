import NodeAgent
import StreamingServer
import Synchronization

/// An agent with one pod, `default/web` with the container `nginx`, that notes what it was asked.
final class FakeAgent: AgentView {
    private struct State {
        var asked: [String] = []
        var streamURL = "http://127.0.0.1:1/exec/token"
        /// Gives the URLs, where it is set.
        var runtime: StreamingServer?
        var problems: [String] = []
        var logPath = "/nowhere"
        var runs = true
        var waiters = 0
    }

    private let state = Mutex(State())

    var asked: [String] { state.withLock(\.asked) }
    /// Readers of logs that wait for the container's end.
    var waiters: Int { state.withLock(\.waiters) }
    func serve(streamsAt url: String) { state.withLock { $0.streamURL = url } }
    func serve(streamsBy runtime: StreamingServer) { state.withLock { $0.runtime = runtime } }
    func serve(logAt path: String) { state.withLock { $0.logPath = path } }
    func fail(_ problems: String...) { state.withLock { $0.problems = problems } }
    func endContainer() { state.withLock { $0.runs = false } }

    private func note(_ text: String) { state.withLock { $0.asked.append(text) } }

    private func check(_ container: ContainerName) throws {
        try check(container.pod)
        guard container.container == "nginx" else { throw AgentViewError.containerNotFound }
    }

    private func check(_ pod: PodName) throws {
        guard pod.namespace == "default", pod.name == "web", ["u-1", nil].contains(pod.uid) else {
            throw AgentViewError.podNotFound
        }
    }

    func pods() async throws -> [UInt8] { Array(#"{"kind":"PodList"}"#.utf8) }
    func events() async throws -> [UInt8] { Array(#"{"kind":"EventList"}"#.utf8) }
    func node() async throws -> [UInt8] { Array(#"{"kind":"Node"}"#.utf8) }
    func runningPods() async throws -> [UInt8] { Array(#"{"kind":"PodList","running":true}"#.utf8) }
    func statsSummary(onlyCPUAndMemory: Bool) async throws -> [UInt8] {
        Array(#"{"node":{},"only":\#(onlyCPUAndMemory)}"#.utf8)
    }
    func configuration() async throws -> [UInt8] { throw AgentViewError.refused("no configuration here") }
    func metrics(_ page: MetricsPage) async throws -> String { "page \(page)\n" }
    func healthProblems() async -> [String] { state.withLock(\.problems) }

    func log(of container: ContainerName, previous: Bool) async throws -> ContainerLog {
        try check(container)
        if previous {
            throw AgentViewError.refused("previous terminated container \"nginx\" in pod \"web\" not found")
        }
        return ContainerLog(path: state.withLock(\.logPath)) { [self] in
            state.withLock { $0.waiters += 1 }
            while state.withLock(\.runs), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(5))
            }
            state.withLock { $0.waiters -= 1 }
        }
    }

    func exec(in container: ContainerName, command: [String], streams: StreamChoice) async throws -> String {
        try check(container)
        note("exec \(command) \(text(streams))")
        if let runtime = state.withLock(\.runtime) {
            return try runtime.exec(
                ExecStreamRequest(
                    container: "c", command: command, terminal: streams.terminal, stdin: streams.stdin,
                    stdout: streams.stdout, stderr: streams.stderr))
        }
        return state.withLock(\.streamURL)
    }

    func attach(to container: ContainerName, streams: StreamChoice) async throws -> String {
        try check(container)
        note("attach \(text(streams))")
        if let runtime = state.withLock(\.runtime) {
            return try runtime.attach(
                AttachStreamRequest(
                    container: "c", terminal: streams.terminal, stdin: streams.stdin, stdout: streams.stdout,
                    stderr: streams.stderr))
        }
        return state.withLock(\.streamURL)
    }

    func portForward(to pod: PodName, ports: [UInt16]) async throws -> String {
        try check(pod)
        note("portForward \(ports)")
        if let runtime = state.withLock(\.runtime) {
            return try runtime.portForward(PortForwardStreamRequest(sandbox: "c", ports: ports))
        }
        return state.withLock(\.streamURL)
    }

    func checkpoint(_ container: ContainerName, timeout: Duration?) async throws -> [String] {
        try check(container)
        note("checkpoint \(timeout.map { "\($0)" } ?? "no timeout")")
        return ["/var/lib/a \"b\".tar"]
    }

    private func text(_ streams: StreamChoice) -> String {
        [
            streams.stdin ? "stdin" : nil, streams.stdout ? "stdout" : nil, streams.stderr ? "stderr" : nil,
            streams.terminal ? "terminal" : nil,
        ].compactMap { $0 }.joined(separator: ",")
    }
}
