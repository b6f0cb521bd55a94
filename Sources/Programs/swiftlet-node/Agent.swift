import CRIService
import ContainerCLI
import Glibc
import KubernetesAPI
import Logging
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
        CRIDaemon.ignoreUserSignals()
        // What pods see is theirs to read, whoever has started the agent.
        umask(0o022)
        var file = try Self.kubeletFile(order)
        let score = file.sets("oomScoreAdj") ? file.configuration.oomScoreAdj.map(Int.init) : nil
        let files = file.sets("maxOpenFiles") ? file.configuration.maxOpenFiles : nil
        let source = Self.source(order.runtime, isAgent: true, oomScore: score, keepsFileLimit: files != nil)
        let output = LogOutput(level: order.debug ? .debug : .info, isJournal: LogOutput.isJournal())
        let bringsRuntime = file.configuration.containerRuntimeEndpoint.isEmpty
        if bringsRuntime {
            file.configuration.containerRuntimeEndpoint = "unix://" + (try source.read().socketPath)
        }
        let agent = try Self.agent(order, file, output)
        let log = output.logger("agent")
        // Its own runtime has a score of its configuration's, unless this one says another.
        if !bringsRuntime { Self.limitMemoryRisk(file, log) }
        if let files { Self.limitFiles(files, log) }
        let (ended, end) = AsyncStream<Void>.makeStream()
        try waiting {
            let agentWork = Task { try await agent.run() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let untilEnd: @Sendable () async -> Void = { for await _ in ended {} }
                    if bringsRuntime {
                        try await CRIDaemon.run(source, until: untilEnd)
                    } else {
                        try ServiceManager.ofEnvironment().ready("pods run by \(agent.runtime.endpoint)")
                        await untilEnd()
                    }
                }
                if !bringsRuntime {
                    // Its own runtime listens to it, and reads its configuration anew.
                    group.addTask {
                        for await _ in await UnixSignalsSequence(trapping: .sighup) {
                            log.notice(
                                "nothing is read anew: the agent's configuration counts from its start on")
                        }
                    }
                }
                group.addTask {
                    var isFirst = true
                    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                        if isFirst, order.shutsDownPods {
                            Task {
                                await agent.shutDown()
                                agentWork.cancel()
                            }
                        } else {
                            // The second one means now.
                            agentWork.cancel()
                        }
                        isFirst = false
                    }
                }
                group.addTask {
                    try await withTaskCancellationHandler {
                        do {
                            try await agentWork.value
                        } catch is CancellationError {
                            // It was told to end.
                        }
                    } onCancel: {
                        agentWork.cancel()
                    }
                    // The runtime ends after it, with no call left to wait for, and with the runtime the program.
                    end.finish()
                    try await Task.sleep(for: .seconds(1 << 30))
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

    func describeNode(_ place: AgentPlace) throws -> String {
        try waiting {
            let client = try AgentClient(root: place.root)
            let node = try await client.node()
            let pods = try await client.pods()
            let events = try await client.events().filter { $0.involvedObject.kind == "Node" }
            return NodeDescription.text(node, pods: pods, events: events)
        }
    }

    func showPodLog(_ place: AgentPlace, _ name: String, _ container: String?, query: String) throws {
        try waiting {
            let client = try AgentClient(root: place.root)
            let pod = try await client.pods().find(name, namespace: place.namespace)
            let container = Self.container(container, of: pod)
            try await client.log(pod, container, query: query) { part in
                try Standard.write(Array(buffer: part))
            }
        }
    }

    func podContainer(_ place: AgentPlace, _ name: String, _ container: String?) throws -> PodContainerName {
        try waiting {
            let pod = try await AgentClient(root: place.root).pods().find(name, namespace: place.namespace)
            let wanted = Self.container(container, of: pod)
            let states =
                pod.status.initContainerStatuses + pod.status.containerStatuses
                + pod.status.ephemeralContainerStatuses
            guard let state = states.first(where: { $0.name == wanted }) else {
                throw AgentClient.Failure("container \(wanted) is not valid for pod \(pod.metadata.name)")
            }
            guard state.state.running != nil else {
                throw AgentClient.Failure("container \(wanted) of pod \(pod.metadata.name) does not run")
            }
            return PodContainerName(
                namespace: pod.metadata.namespace, pod: pod.metadata.name, container: wanted,
                id: state.containerID)
        }
    }

    func execInPod(_ place: AgentPlace, _ name: PodContainerName, _ order: PodExecOrder) throws -> Int32 {
        let console = try UserConsole(input: order.input, terminal: order.terminal)
        defer { console.restore() }
        return try waiting {
            let exec = PodExec(
                namespace: name.namespace, pod: name.pod, container: name.container, command: order.command,
                input: order.input, terminal: order.terminal)
            return try await AgentClient(root: place.root).run(exec, console)
        }
    }

    /// Of several the one that is meant when none is named, as kubectl says it.
    private static func container(_ wanted: String?, of pod: Pod) -> String {
        if let wanted { return wanted }
        let main = pod.spec.containers.map(\.name)
        if let marked = pod.metadata.annotations["kubectl.kubernetes.io/default-container"],
            main.contains(marked)
        {
            return marked
        }
        let all = main + pod.spec.initContainers.map { $0.name + " (init)" }
        let first = main.first ?? ""
        if all.count > 1 {
            Standard.printError(
                "swiftlet: container \"\(first)\" of \(all.joined(separator: ", ")): -c names another one\n")
        }
        return first
    }

    /// The configuration files, and the flags over them.
    private static func kubeletFile(_ order: AgentOrder) throws(KubeletProblems) -> KubeletFile {
        var file = try KubeletFile(file: order.kubeletFile, folder: order.kubeletFolder)
        if let folder = order.manifestFolder {
            file.configuration.staticPodPath = folder
        } else if !file.sets("staticPodPath") {
            file.configuration.staticPodPath = "/etc/swiftlet/manifests"
        }
        if let url = order.manifestURL { file.configuration.staticPodURL = url }
        if !order.clusterDNS.isEmpty { file.configuration.clusterDNS = order.clusterDNS }
        if let domain = order.clusterDomain { file.configuration.clusterDomain = domain }
        if let logs = order.logs { file.configuration.podLogsDir = logs }
        if let port = order.healthPort { file.configuration.healthzPort = Int32(clamping: port) }
        if let port = order.port, port != 0 { file.configuration.port = Int32(clamping: port) }
        if let endpoint = order.runtimeEndpoint {
            file.configuration.containerRuntimeEndpoint =
                endpoint.hasPrefix("/") ? "unix://" + endpoint : endpoint
        }
        return file
    }

    private static func limitMemoryRisk(_ file: KubeletFile, _ log: Logger) {
        let wanted = Int(file.configuration.oomScoreAdj ?? -999)
        do {
            let score = try OutOfMemoryScore.bring(to: wanted)
            if score != wanted {
                log.warning(
                    "oomScoreAdj: this host lets it be lowered to \(score) only, and not to \(wanted)")
            }
        } catch {
            log.warning("oomScoreAdj: \(error)")
        }
    }

    private static func limitFiles(_ wanted: Int64, _ log: Logger) {
        do {
            let count = try ProcessLimits.openFiles(wanted)
            if count != wanted { log.warning("maxOpenFiles: \(count), and not \(wanted): the hard limit") }
        } catch {
            log.warning("maxOpenFiles: \(error)")
        }
    }

    private static func agent(
        _ order: AgentOrder, _ file: KubeletFile, _ output: LogOutput
    ) throws -> AgentDaemon {
        let log = output.logger("agent")
        let (kubelet, warnings) = try file.checked()
        for warning in warnings { log.warning("\(warning)") }
        var settings = AgentSettings(nodeName: order.nodeName ?? hostname(), kubelet: kubelet)
        // Zero means something on the command line, any port, and nothing in a file.
        if order.port == 0 { settings.kubelet.port = 0 }
        if let root = order.root { settings.root = root }
        if let links = order.logLinks { settings.containerLogs = links }
        if let file = order.credentialFile, let folder = order.credentialPrograms {
            settings.credentialPlugins = try CredentialPluginFile(file, programs: folder)
        }
        if order.shutsDownPods, ShutdownGroup.total(of: kubelet) == 0 {
            throw AgentClient.Failure(
                "--shutdown-on-sigterm: the configuration gives pods no time for it: set shutdownGracePeriod, or "
                    + "shutdownGracePeriodByPodPriority")
        }
        settings.labels = try NodeLabels.read(order.nodeLabels)
        let choice = try NodeAddressChoice(order.nodeAddress ?? "0.0.0.0")
        settings.addresses = NodeAddresses { choice.find() }
        return try AgentDaemon(settings, log: log) { FreeMemory.giveBack() }
    }

    /// As the kubelet: in lower case.
    private static func hostname() -> String {
        var name = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&name, name.count) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .lowercased()
    }
}
