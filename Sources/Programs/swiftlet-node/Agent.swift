import CRIService
import Glibc
import LinuxKernel
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

    private static func agent(_ order: AgentOrder, _ endpoint: String, _ output: LogOutput) throws -> AgentDaemon {
        var settings = AgentSettings(nodeName: order.nodeName ?? hostname())
        if let root = order.root {
            settings.root = root
            settings.seccompFolder = root + "/seccomp"
        }
        if let logs = order.logs { settings.logs = logs }
        settings.dns.cluster = order.clusterDNS
        settings.dns.clusterDomain = order.clusterDomain
        settings.hostIPs = NodeAddresses.own()
        var endpoints = AgentDaemon.Endpoints(runtime: endpoint)
        endpoints.manifestFolder = order.manifestFolder
        endpoints.manifestURL = order.manifestURL
        return try AgentDaemon(settings, endpoints, log: output.logger("agent"))
    }

    /// As the kubelet: in lower case.
    private static func hostname() -> String {
        var name = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&name, name.count) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).lowercased()
    }
}
