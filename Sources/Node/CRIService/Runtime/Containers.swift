import CRIProtocol
import ContainerRuntime
import GRPCCore
import Glibc
import LinuxKernel
import OCISpec
import PodEngine
import SwiftProtobuf

extension RuntimeService {
    public func createContainer(
        request: CRICreateContainerRequest, context: ServerContext
    ) async throws -> CRICreateContainerResponse {
        let config = request.config
        guard config.hasMetadata, !config.metadata.name.isEmpty else {
            throw RPCError(code: .invalidArgument, message: "config.metadata.name: must not be empty")
        }
        guard !config.image.image.isEmpty else {
            throw RPCError(code: .invalidArgument, message: "config.image.image: must not be empty")
        }
        var spec = ContainerSpec(
            name: config.metadata.name, attempt: config.metadata.attempt, image: config.image.image)
        spec.labels = config.labels
        spec.annotations = config.annotations
        let facts = parts.facts()
        let (engine, annotations, log) = (engine, parts.annotations, parts.log)
        var response = CRICreateContainerResponse()
        response.containerID = try await engine.createContainer(spec, in: request.podSandboxID) { sandbox in
            guard facts.hasSELinux else { return nil }
            let pod = try CRIPodSandboxConfig(serializedBytes: sandbox.spec.details)
            return try SELinuxLabels.of(config, pod: pod, facts: facts)?.files
        } prepare: { draft in
            let builder = BundleBuilder(engine: engine, facts: facts, annotations: annotations, log: log)
            return try builder.bundle(config, for: draft)
        }
        return response
    }

    public func startContainer(
        request: CRIStartContainerRequest, context: ServerContext
    ) async throws -> CRIStartContainerResponse {
        try await engine.startContainer(request.containerID)
        return CRIStartContainerResponse()
    }

    public func stopContainer(
        request: CRIStopContainerRequest, context: ServerContext
    ) async throws -> CRIStopContainerResponse {
        try await engine.stopContainer(request.containerID, timeout: request.timeout)
        return CRIStopContainerResponse()
    }

    public func removeContainer(
        request: CRIRemoveContainerRequest, context: ServerContext
    ) async throws -> CRIRemoveContainerResponse {
        try await engine.removeContainer(request.containerID)
        return CRIRemoveContainerResponse()
    }

    public func listContainers(
        request: CRIListContainersRequest, context: ServerContext
    ) async throws -> CRIListContainersResponse {
        var response = CRIListContainersResponse()
        response.containers = try containers(request.filter, isFiltered: request.hasFilter)
        return response
    }

    public func streamContainers(
        request: CRIStreamContainersRequest, response: RPCWriter<CRIStreamContainersResponse>,
        context: ServerContext
    ) async throws {
        for part in try containers(request.filter, isFiltered: request.hasFilter).parts() {
            var message = CRIStreamContainersResponse()
            message.containers = part
            try await response.write(message)
        }
    }

    private func containers(_ filter: CRIContainerFilter, isFiltered: Bool) throws -> [CRIContainer] {
        try engine.containers().filter { !isFiltered || filter.accepts($0) }
            .sorted { $0.createdAt > $1.createdAt }.map { $0.listed() }
    }

    public func containerStatus(
        request: CRIContainerStatusRequest, context: ServerContext
    ) async throws -> CRIContainerStatusResponse {
        let state = try engine.container(request.containerID)
        var response = CRIContainerStatusResponse()
        response.status = state.status()
        if request.verbose {
            response.info = [
                "info": try await Self.onThread { [engine] in
                    try state.description(logLoss: try engine.logLoss(ofContainer: state.id))
                }
            ]
        }
        return response
    }

    public func updateContainerResources(
        request: CRIUpdateContainerResourcesRequest, context: ServerContext
    ) async throws -> CRIUpdateContainerResourcesResponse {
        let state = try engine.container(request.containerID)
        let translation = try ResourceTranslation(request.linux, facts: parts.facts(), field: "linux")
        var status = try CRIContainerStatus(serializedBytes: state.spec.details)
        status.resources.linux = status.resources.linux.updated(by: translation.status)
        do {
            if state.phase == .running {
                try await engine.update(state.id, resources: translation.resources)
            } else {
                try await engine.updateBundle(of: state.id, resources: translation.resources)
            }
        } catch let error as EngineError where [.wrongState, .notFound].contains(error.kind) {
            // One that has ended meanwhile has no limits, which is no error, as for containerd.
            guard try engine.container(state.id).phase == .exited else { throw error }
        }
        try await engine.replaceDetails(ofContainer: state.id, with: try status.serializedBytes())
        return CRIUpdateContainerResourcesResponse()
    }

    public func reopenContainerLog(
        request: CRIReopenContainerLogRequest, context: ServerContext
    ) async throws -> CRIReopenContainerLogResponse {
        try await engine.reopenLog(request.containerID)
        return CRIReopenContainerLogResponse()
    }
}

extension CRIContainerFilter {
    func accepts(_ container: PodContainerState) -> Bool {
        if !id.isEmpty, !container.id.hasPrefix(id) { return false }
        if hasState, state.state != container.criState { return false }
        if !podSandboxID.isEmpty, !container.sandboxID.hasPrefix(podSandboxID) { return false }
        return labelSelector.allSatisfy { container.spec.labels[$0.key] == $0.value }
    }
}

// MARK: To messages

extension PodContainerState {
    var criState: CRIContainerState {
        switch phase {
        case .created: .containerCreated
        case .running: .containerRunning
        case .exited: .containerExited
        case .unknown: .containerUnknown
        }
    }

    /// What was fixed at its making, as `BundleBuilder` has kept it.
    private func prototype() -> CRIContainerStatus {
        var status = (try? CRIContainerStatus(serializedBytes: spec.details)) ?? CRIContainerStatus()
        if !status.hasMetadata {
            // Its record is damaged.
            status.metadata.name = spec.name
            status.metadata.attempt = spec.attempt
            status.image.image = spec.image
            (status.imageRef, status.imageID) = (imageID, imageID)
            (status.labels, status.annotations) = (spec.labels, spec.annotations)
            status.logPath = logPath ?? ""
        }
        return status
    }

    func listed() -> CRIContainer {
        let status = prototype()
        var item = CRIContainer()
        item.id = id
        item.podSandboxID = sandboxID
        item.metadata = status.metadata
        // As it was asked for, while the status has its names: kubelets list to learn which images are in use.
        item.image = status.image
        item.image.image = spec.image
        item.imageRef = imageID
        item.imageID = imageID
        item.state = criState
        item.createdAt = createdAt
        item.labels = spec.labels
        item.annotations = spec.annotations
        return item
    }

    func status() -> CRIContainerStatus {
        var status = prototype()
        status.id = id
        status.state = criState
        status.createdAt = createdAt
        status.startedAt = startedAt
        guard phase == .exited else { return status }
        status.finishedAt = finishedAt
        status.exitCode = exitCode
        switch error {
        case "Unknown"?:
            status.reason = "Unknown"
            status.message = "nobody saw how it ended: its shim is gone"
        case let error?:
            status.reason = "StartError"
            // Nothing of the program has run, and the kubelet takes 0 for success.
            if startedAt == 0 { status.exitCode = 128 }
            status.message = error
        case nil:
            status.reason = isOutOfMemory ? "OOMKilled" : exitCode == 0 ? "Completed" : "Error"
            // The kubelet shows the message of a container that has ended.
            if logLoss.bytes > 0 { status.message = logLoss.message }
        }
        return status
    }

    /// For people, as JSON.
    func description(logLoss: LogLoss) throws -> String {
        var configuration = "null"
        // Without it the container is being removed.
        if let text = try FileDescriptor.readFileIfThere(folder + "/config.json") {
            configuration = String(decoding: text, as: UTF8.self)
        }
        var text = "{\"sandboxID\":\"\(sandboxID)\",\"runtimeSpec\":\(configuration)"
        if let pid { text += ",\"pid\":\(pid)" }
        if logLoss.bytes > 0 {
            var json = JSONWriter()
            json.object {
                $0.member("bytes", logLoss.bytes)
                $0.optional("reason", logLoss.reason)
            }
            text += ",\"logLost\":" + String(decoding: json.bytes, as: UTF8.self)
        }
        return text + "}"
    }
}

extension LogLoss {
    /// One line for people.
    var message: String {
        "\(bytes) bytes are missing in its log" + (reason.map { ": \($0)" } ?? "")
    }
}

/// The wall clock in nanoseconds since 1970.
func nanosecondsNow() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
