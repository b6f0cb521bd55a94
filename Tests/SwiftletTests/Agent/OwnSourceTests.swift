import Glibc
import KubernetesAPI
import LinuxKernel
import Logging
import NodeAgent
import Testing

/// What no manifest may have, and an API server's source will bring: an agent in this process, told of its pods by the
/// test, on the real runtime.
extension AgentTests {
    @Test(.timeLimit(.minutes(4)))
    func `ephemeral containers join pods that run, once`() async throws {
        let host = try Host()
        let node = try ToldNode(host)
        var pod = Pod()
        pod.metadata.name = "debugged"
        pod.metadata.namespace = "default"
        pod.metadata.uid = "uid-of-debugged"
        pod.spec.terminationGracePeriodSeconds = 1
        pod.spec.containers = [Container(name: "c", image: "busybox")]
        pod.spec.containers[0].command = ["sleep", "73301"]
        var agent = try node.agent()
        do {
            agent.tell([pod.withDefaults()])
            let before = try await agent.wait { $0.status.containerStatuses.first?.state.running != nil }
            // What is the first process that it sees?
            let look = ["sh", "-c", "tr '\\0' ' ' </proc/1/cmdline >/dev/termination-log; exit 3"]
            pod.spec.ephemeralContainers = [
                EphemeralContainer(
                    name: "sees", image: "busybox", command: look, targetContainerName: "c"),
                EphemeralContainer(name: "blind", image: "busybox", command: look),
                EphemeralContainer(
                    name: "lost", image: "busybox", command: look, targetContainerName: "nobody"),
            ]
            agent.tell([pod.withDefaults()])
            var now = try await agent.wait { pod in
                pod.status.ephemeralContainerStatuses.prefix(2).allSatisfy { $0.state.terminated != nil }
                    && pod.status.ephemeralContainerStatuses.last?.state.waiting?.reason
                        == "CreateContainerConfigError"
            }
            let statuses = now.status.ephemeralContainerStatuses
            #expect(statuses.map(\.name) == ["sees", "blind", "lost"])
            #expect(statuses[0].state.terminated?.message == "sleep 73301 ")
            #expect(statuses[1].state.terminated?.message.hasPrefix("sh -c tr ") == true)
            #expect(statuses.prefix(2).map { $0.state.terminated?.exitCode } == [3, 3])
            #expect(statuses[2].state.waiting?.message == "unable to find target container nobody")
            // Also by the next agent they are not started again: not before another one, and not with it.
            await agent.stop()
            agent = try node.agent()
            pod.spec.ephemeralContainers[2] = EphemeralContainer(
                name: "later", image: "busybox", command: ["sleep", "73302"])
            agent.tell([pod.withDefaults()])
            now = try await agent.wait { $0.status.ephemeralContainerStatuses.last?.state.running != nil }
            #expect(
                now.status.ephemeralContainerStatuses.prefix(2).map(\.containerID)
                    == statuses.prefix(2).map(\.containerID))
            #expect(now.status.ephemeralContainerStatuses.allSatisfy { $0.restartCount == 0 && !$0.ready })
            // The pod is what it was, and as ready.
            #expect(
                now.status.containerStatuses.map(\.containerID)
                    == before.status.containerStatuses.map(\.containerID))
            #expect(now.status.phase == .running)
            #expect(now.status.conditions.first { $0.type == .ready }?.status == .true)
        } catch {
            Issue.record(error)
        }
        await agent.stop()
        try await node.end()
    }
}

/// A runtime in a process of its own, for agents in this one.
private struct ToldNode {
    let folder: String
    private let runtime: Program

    init(_ host: Host) throws {
        folder = host.folder + "/node"
        _ = mkdir(folder, 0o755)
        let swiftlet = try Host.builtProgram("swiftlet")
        let words = ["--root", folder + "/lib", "--state", folder + "/run"]
        let environment = host.environment
        let loaded = try Program(
            swiftlet, words + ["load", "-q", "-i", try Fixtures.archive("docker/busybox.tar")],
            environment: environment
        ).finish()
        #expect(loaded.code == 0, "\(loaded.error)")
        runtime = try host.inNetwork {
            try Program(swiftlet, words + ["cri"], environment: environment)
        }
    }

    func agent() throws -> ToldAgent { try ToldAgent(folder) }

    /// Whatever has happened: nothing is left of its pods.
    func end() async throws {
        let agent = try agent()
        agent.tell([])
        do { try await agent.waitEmpty() } catch { Issue.record(error) }
        await agent.stop()
        kill(runtime.pid, SIGTERM)
        let ended = try runtime.finish()
        #expect(ended.code == 0, "\(ended.error.suffix(4000))")
    }
}

private struct ToldAgent {
    private let folder: String
    private let daemon: AgentDaemon
    private let source = ToldSource()
    private let work: Task<Void, any Error>

    init(_ folder: String) throws {
        self.folder = folder
        var kubelet = KubeletConfiguration()
        kubelet.containerRuntimeEndpoint = "unix://\(folder)/run/cri.sock"
        kubelet.podLogsDir = folder + "/logs"
        // Neither groups nor ports of this machine.
        kubelet.cgroupsPerQOS = false
        kubelet.enforceNodeAllocatable = ["none"]
        kubelet.enableServer = false
        kubelet.healthzPort = 0
        var settings = AgentSettings(nodeName: "node", kubelet: kubelet)
        settings.root = folder + "/agent"
        settings.containerLogs = folder + "/links"
        let daemon = try AgentDaemon(
            settings, sources: [source], log: Logger(label: "agent") { _ in SwiftLogNoOpLogHandler() })
        self.daemon = daemon
        work = Task { try await daemon.run() }
    }

    /// The image is there: no registry is asked for it.
    func tell(_ pods: [Pod]) {
        source.tell(
            pods.map { pod in
                var pod = pod
                for index in pod.spec.containers.indices {
                    pod.spec.containers[index].imagePullPolicy = .ifNotPresent
                }
                for index in pod.spec.ephemeralContainers.indices {
                    pod.spec.ephemeralContainers[index].imagePullPolicy = .ifNotPresent
                }
                return pod
            })
    }

    /// For the one pod that there is.
    func wait(_ holds: (Pod) -> Bool) async throws -> Pod {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            if let pod = daemon.statuses.pods.first, holds(pod) { return pod }
            try #require(ContinuousClock.now < end, "\(daemon.statuses.pods.map(\.status))")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func waitEmpty() async throws {
        let end = ContinuousClock.now + .seconds(60)
        // An agent that was started a moment ago may not have found its pods yet: something of them is there.
        while try
            !(daemon.statuses.pods.isEmpty && folderNames(folder + "/agent/pods").isEmpty
            && folderNames(folder + "/logs").isEmpty)
        {
            try #require(ContinuousClock.now < end, "\(daemon.statuses.pods.map(\.status))")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func stop() async {
        work.cancel()
        switch await work.result {
        case .success: break
        case .failure(let error): if !(error is CancellationError) { Issue.record(error) }
        }
    }
}

/// As an API server's will: all pods, each time that one of them changes.
private final class ToldSource: PodSource {
    let name = "api"
    private let states: AsyncStream<SourceState>
    private let told: AsyncStream<SourceState>.Continuation

    init() { (states, told) = AsyncStream.makeStream() }

    func tell(_ pods: [Pod]) { told.yield(SourceState(source: name, pods: pods)) }

    func run(_ changed: @escaping @Sendable (SourceState) async -> Void) async {
        for await state in states { await changed(state) }
    }
}
