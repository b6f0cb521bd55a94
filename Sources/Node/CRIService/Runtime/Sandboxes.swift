import CRIProtocol
import GRPCCore
import PodEngine
import SwiftProtobuf

extension RuntimeService {
    public func runPodSandbox(
        request: CRIRunPodSandboxRequest, context: ServerContext
    ) async throws -> CRIRunPodSandboxResponse {
        let handler = request.runtimeHandler
        guard engine.settings.knows(handler: handler) else {
            throw RPCError(
                code: .invalidArgument,
                message: "runtime_handler: no runtime '\(handler.prefix(100))' is configured")
        }
        let plan = try SandboxPlan(request.config, facts: parts.facts())
        var spec = try SandboxSpec(plan, config: request.config)
        spec.runtimeHandler = handler
        var response = CRIRunPodSandboxResponse()
        response.podSandboxID = try await engine.runSandbox(spec)
        return response
    }

    public func stopPodSandbox(
        request: CRIStopPodSandboxRequest, context: ServerContext
    ) async throws -> CRIStopPodSandboxResponse {
        try await engine.stopSandbox(request.podSandboxID)
        return CRIStopPodSandboxResponse()
    }

    public func removePodSandbox(
        request: CRIRemovePodSandboxRequest, context: ServerContext
    ) async throws -> CRIRemovePodSandboxResponse {
        try await engine.removeSandbox(request.podSandboxID)
        return CRIRemovePodSandboxResponse()
    }

    public func podSandboxStatus(
        request: CRIPodSandboxStatusRequest, context: ServerContext
    ) async throws -> CRIPodSandboxStatusResponse {
        let state = try engine.sandbox(request.podSandboxID)
        var response = CRIPodSandboxStatusResponse()
        response.status = state.status()
        response.timestamp = nanosecondsNow()
        response.containersStatuses = try engine.containers(of: state.id).map { $0.status() }
        if request.verbose { response.info = ["info": try state.description()] }
        return response
    }

    public func listPodSandbox(
        request: CRIListPodSandboxRequest, context: ServerContext
    ) async throws -> CRIListPodSandboxResponse {
        var response = CRIListPodSandboxResponse()
        response.items = try sandboxes(request.filter, isFiltered: request.hasFilter)
        return response
    }

    public func streamPodSandboxes(
        request: CRIStreamPodSandboxesRequest, response: RPCWriter<CRIStreamPodSandboxesResponse>,
        context: ServerContext
    ) async throws {
        for part in try sandboxes(request.filter, isFiltered: request.hasFilter).parts() {
            var message = CRIStreamPodSandboxesResponse()
            message.podSandboxes = part
            try await response.write(message)
        }
    }

    private func sandboxes(_ filter: CRIPodSandboxFilter, isFiltered: Bool) throws -> [CRIPodSandbox] {
        engine.sandboxes().filter { !isFiltered || filter.accepts($0) }
            .sorted { $0.createdAt > $1.createdAt }.map { $0.listed() }
    }

    public func updatePodSandboxResources(
        request: CRIUpdatePodSandboxResourcesRequest, context: ServerContext
    ) async throws -> CRIUpdatePodSandboxResourcesResponse {
        let state = try engine.sandbox(request.podSandboxID)
        var config = try CRIPodSandboxConfig(serializedBytes: state.spec.details)
        let facts = parts.facts()
        // The groups of pods are the kubelet's: what is kept here is for those who ask. It is checked as at the pod's
        // making, which every container of the pod begins with once more.
        if request.hasOverhead {
            _ = try ResourceTranslation(request.overhead, facts: facts, field: "overhead")
            config.linux.overhead = request.overhead
        }
        if request.hasResources {
            _ = try ResourceTranslation(request.resources, facts: facts, field: "resources")
            config.linux.resources = request.resources
        }
        try await engine.replaceDetails(ofSandbox: state.id, with: try config.serializedBytes())
        return CRIUpdatePodSandboxResourcesResponse()
    }
}

extension CRIPodSandboxFilter {
    func accepts(_ sandbox: SandboxState) -> Bool {
        if !id.isEmpty, !sandbox.id.hasPrefix(id) { return false }
        if hasState, (state.state == .sandboxReady) != sandbox.isReady { return false }
        return labelSelector.allSatisfy { sandbox.spec.labels[$0.key] == $0.value }
    }
}

// MARK: From and to messages

extension SandboxSpec {
    init(_ plan: SandboxPlan, config: CRIPodSandboxConfig) throws {
        self.init(name: plan.name, namespace: plan.namespace, uid: plan.uid, attempt: plan.attempt)
        labels = plan.labels
        annotations = plan.annotations
        hostname = plan.hostname
        network = plan.namespaces.contains(.network) ? .pod : .host
        hasHostIPC = !plan.namespaces.contains(.ipc)
        sharesProcesses = plan.sharesPID
        if let mappings = plan.mappings {
            userMappings = mappings.uids.map {
                IDRange(containerID: $0.containerID, hostID: $0.hostID, size: $0.size)
            }
            groupMappings = mappings.gids.map {
                IDRange(containerID: $0.containerID, hostID: $0.hostID, size: $0.size)
            }
        }
        for (key, value) in plan.sysctls { sysctls[key] = value }
        ports = plan.network.ports.map {
            Port(
                proto: $0.proto.rawValue, hostIP: $0.hostIP?.description, hostPort: $0.hostPort,
                podPort: $0.podPort)
        }
        ingressBandwidth = plan.network.bandwidth.flatMap { $0.ingressRate == 0 ? nil : $0.ingressRate }
        egressBandwidth = plan.network.bandwidth.flatMap { $0.egressRate == 0 ? nil : $0.egressRate }
        resolver = plan.network.dns.map {
            Resolver(servers: $0.servers, searches: $0.searches, options: $0.options)
        }
        // A group of its own for a pod that nobody has made one for.
        cgroupParent = config.linux.cgroupParent.isEmpty ? "" : plan.cgroupParent
        hostsFile = plan.files.hosts
        hostnameFile = plan.files.hostname
        resolverFile = plan.files.resolver
        sharedMemorySize = UInt64(max(0, plan.sharedMemory))
        fileLabel = plan.fileLabel
        details = try config.serializedBytes()
    }
}

extension SandboxState {
    var metadata: CRIPodSandboxMetadata {
        var metadata = CRIPodSandboxMetadata()
        metadata.name = spec.name
        metadata.namespace = spec.namespace
        metadata.uid = spec.uid
        metadata.attempt = spec.attempt
        return metadata
    }

    /// What was asked for; of a damaged record nothing. Nobody who lists pods fails for one of them.
    private var config: CRIPodSandboxConfig {
        (try? CRIPodSandboxConfig(serializedBytes: spec.details)) ?? CRIPodSandboxConfig()
    }

    func listed() -> CRIPodSandbox {
        var item = CRIPodSandbox()
        item.id = id
        item.metadata = metadata
        item.state = isReady ? .sandboxReady : .sandboxNotready
        item.createdAt = createdAt
        item.labels = spec.labels
        item.annotations = spec.annotations
        item.runtimeHandler = spec.runtimeHandler
        return item
    }

    func status() -> CRIPodSandboxStatus {
        var status = CRIPodSandboxStatus()
        status.id = id
        status.metadata = metadata
        status.state = isReady ? .sandboxReady : .sandboxNotready
        status.createdAt = createdAt
        if let first = addresses.first {
            status.network.ip = first.description
            status.network.additionalIps = addresses.dropFirst().map { address in
                var ip = CRIPodIP()
                ip.ip = address.description
                return ip
            }
        } else {
            status.network = CRIPodSandboxNetworkStatus()
        }
        status.linux.namespaces.options = config.linux.securityContext.namespaceOptions
        status.labels = spec.labels
        status.annotations = spec.annotations
        status.runtimeHandler = spec.runtimeHandler
        return status
    }

    /// For people, as JSON.
    func description() throws -> String {
        var text = try config.jsonString()
        text = "{\"config\":\(text),\"folder\":\"\(folder)\",\"cgroupParent\":\"\(cgroupParent)\""
        if let shimPID { text += ",\"shimPid\":\(shimPID),\"pid\":\(shimPID)" }
        return text + "}"
    }
}
