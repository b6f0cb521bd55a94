import CRIService
import ContainerCLI
import Glibc
import KubernetesAPI
import NIOCore
import NodeAgent
import ServiceLifecycle
import SwiftletCommands
import UnixSignals

/// The node agent for the command line, with a runtime of its own in the same process unless another one is named.
extension Node {
    func runAgent(_ order: AgentOrder) throws {
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = 4
        signal(SIGPIPE, SIG_IGN)
        let source = Self.source(order.runtime, isAgent: true)
        let output = LogOutput(level: order.debug ? .debug : .info, isJournal: LogOutput.isJournal())
        let endpoint = try order.runtimeEndpoint ?? source.read().socketPath
        let agent = try Self.agent(order, endpoint, output)
        let bringsRuntime = order.runtimeEndpoint == nil
        try waiting {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    if bringsRuntime {
                        // Ends when the process is told to stop.
                        try await CRIDaemon.run(source)
                    } else {
                        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return }
                    }
                }
                group.addTask {
                    do {
                        try await agent.run()
                    } catch is CancellationError {
                        // The runtime has ended, since it was told to.
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    // MARK: Asking the agent

    func pods(_ place: AgentPlace) throws -> PodListing {
        let pods = try waiting { try await AgentClient(root: place.root).pods() }
            .filter { place.namespace == nil || $0.metadata.namespace == place.namespace }
        var list = PodList()
        list.items = pods
        return PodListing(
            columns: PodTable.columns, rows: pods.map { PodTable.row($0) },
            json: String(decoding: list.document.json(.spaces(2)), as: UTF8.self))
    }

    func describePod(_ place: AgentPlace, _ name: String) throws -> String {
        try waiting {
            let client = try AgentClient(root: place.root)
            let pod = try await client.pods().find(name, namespace: place.namespace)
            let events = try await client.events().filter { $0.involvedObject.uid == pod.metadata.uid }
            return PodDescription.text(pod, events: events)
        }
    }

    func showPodLog(_ place: AgentPlace, _ name: String, _ container: String?, query: String) throws {
        try waiting {
            let client = try AgentClient(root: place.root)
            let pod = try await client.pods().find(name, namespace: place.namespace)
            let container = container ?? pod.spec.containers.first?.name ?? ""
            try await client.log(pod, container, query: query) { part in
                try Standard.write(Array(buffer: part))
            }
        }
    }

    func podContainer(_ place: AgentPlace, _ name: String, _ container: String?) throws -> String {
        try waiting {
            let pod = try await AgentClient(root: place.root).pods().find(name, namespace: place.namespace)
            let wanted = container ?? pod.spec.containers.first?.name ?? ""
            let states =
                pod.status.initContainerStatuses + pod.status.containerStatuses
                + pod.status.ephemeralContainerStatuses
            guard let state = states.first(where: { $0.name == wanted }) else {
                throw AgentClient.Failure("container \(wanted) is not valid for pod \(pod.metadata.name)")
            }
            guard state.state.running != nil else {
                throw AgentClient.Failure("container \(wanted) of pod \(pod.metadata.name) does not run")
            }
            let parts = state.containerID.split(separator: "/", omittingEmptySubsequences: true)
            guard parts.first == "swiftlet:", let id = parts.last else {
                throw AgentClient.Failure(
                    "\(state.containerID): its runtime's own client executes programs in it")
            }
            return String(id)
        }
    }

    private static func agent(_ order: AgentOrder, _ endpoint: String, _ output: LogOutput) throws
        -> AgentDaemon
    {
        var kubelet = KubeletConfiguration()
        kubelet.containerRuntimeEndpoint = endpoint.hasPrefix("/") ? "unix://" + endpoint : endpoint
        kubelet.staticPodPath = order.manifestFolder
        kubelet.staticPodURL = order.manifestURL ?? ""
        kubelet.clusterDNS = order.clusterDNS
        kubelet.clusterDomain = order.clusterDomain
        if let logs = order.logs { kubelet.podLogsDir = logs }
        var settings = AgentSettings(nodeName: order.nodeName ?? hostname(), kubelet: kubelet)
        // Zero means something on the command line: any port, and none.
        if let port = order.port { settings.kubelet.port = Int32(port) }
        if let port = order.healthPort { settings.kubelet.healthzPort = Int32(port) }
        if let root = order.root { settings.root = root }
        settings.hostIPs = NodeAddresses.own()
        return try AgentDaemon(settings, log: output.logger("agent")) { FreeMemory.giveBack() }
    }

    /// As the kubelet: in lower case.
    private static func hostname() -> String {
        var name = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&name, name.count) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .lowercased()
    }
}
