import CRIProtocol
import GRPCCore

/// Sandboxes and containers. What is gone already counts as stopped and as removed.
extension CRIRuntime {
    // MARK: Sandboxes

    func runSandbox(_ config: CRIPodSandboxConfig, handler: String) async throws(RuntimeError) -> String {
        try await call("RunPodSandbox", timeout: deadlines.sandboxStop) {
            try await self.runtime.runPodSandbox(
                .with {
                    $0.config = config
                    $0.runtimeHandler = handler
                }, options: $0
            ).podSandboxID
        }
    }

    func stopSandbox(_ id: String) async throws(RuntimeError) {
        do throws(RuntimeError) {
            _ = try await call("StopPodSandbox", timeout: deadlines.sandboxStop) {
                try await self.runtime.stopPodSandbox(.with { $0.podSandboxID = id }, options: $0)
            }
        } catch  where error.isNotFound {}
    }

    func removeSandbox(_ id: String) async throws(RuntimeError) {
        do throws(RuntimeError) {
            _ = try await call("RemovePodSandbox", timeout: deadlines.sandboxStop) {
                try await self.runtime.removePodSandbox(.with { $0.podSandboxID = id }, options: $0)
            }
        } catch  where error.isNotFound {}
    }

    func sandboxes() async throws(RuntimeError) -> [CRIPodSandbox] {
        try await call("ListPodSandbox") {
            try await self.runtime.listPodSandbox(CRIListPodSandboxRequest(), options: $0).items
        }
    }

    func sandboxes(podUID: String) async throws(RuntimeError) -> [CRIPodSandbox] {
        try await call("ListPodSandbox") {
            try await self.runtime.listPodSandbox(
                .with { $0.filter.labelSelector = [PodLabels.uid: podUID] }, options: $0
            ).items
        }
    }

    /// - Returns: nil when it is gone.
    func sandboxStatus(_ id: String) async throws(RuntimeError) -> CRIPodSandboxStatus? {
        do throws(RuntimeError) {
            return try await call("PodSandboxStatus") {
                try await self.runtime.podSandboxStatus(.with { $0.podSandboxID = id }, options: $0).status
            }
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// What all of a pod's containers have now. A runtime from before this call has nothing to do.
    func updateSandbox(
        _ id: String, resources: CRILinuxContainerResources, overhead: CRILinuxContainerResources?
    ) async throws(RuntimeError) {
        do throws(RuntimeError) {
            _ = try await call("UpdatePodSandboxResources") {
                try await self.runtime.updatePodSandboxResources(
                    .with {
                        $0.podSandboxID = id
                        $0.resources = resources
                        if let overhead { $0.overhead = overhead }
                    }, options: $0)
            }
        } catch  where error.isUnimplemented {}
    }

    // MARK: Containers

    func createContainer(
        in sandbox: String, _ config: CRIContainerConfig, sandboxConfig: CRIPodSandboxConfig
    ) async throws(RuntimeError) -> String {
        try await call("CreateContainer") {
            try await self.runtime.createContainer(
                .with {
                    $0.podSandboxID = sandbox
                    $0.config = config
                    $0.sandboxConfig = sandboxConfig
                }, options: $0
            ).containerID
        }
    }

    func startContainer(_ id: String) async throws(RuntimeError) {
        _ = try await call("StartContainer") {
            try await self.runtime.startContainer(.with { $0.containerID = id }, options: $0)
        }
    }

    /// - Parameter grace: seconds between the stop signal and SIGKILL.
    func stopContainer(_ id: String, grace: Int64) async throws(RuntimeError) {
        do throws(RuntimeError) {
            _ = try await call("StopContainer", timeout: deadlines.request + .seconds(grace)) {
                try await self.runtime.stopContainer(
                    .with {
                        $0.containerID = id
                        $0.timeout = grace
                    }, options: $0)
            }
        } catch  where error.isNotFound {}
    }

    func removeContainer(_ id: String) async throws(RuntimeError) {
        do throws(RuntimeError) {
            _ = try await call("RemoveContainer") {
                try await self.runtime.removeContainer(.with { $0.containerID = id }, options: $0)
            }
        } catch  where error.isNotFound {}
    }

    func containers() async throws(RuntimeError) -> [CRIContainer] {
        try await call("ListContainers") {
            try await self.runtime.listContainers(CRIListContainersRequest(), options: $0).containers
        }
    }

    func containers(podUID: String) async throws(RuntimeError) -> [CRIContainer] {
        try await call("ListContainers") {
            try await self.runtime.listContainers(
                .with { $0.filter.labelSelector = [PodLabels.uid: podUID] }, options: $0
            ).containers
        }
    }

    /// - Returns: nil when it is gone.
    func containerStatus(_ id: String) async throws(RuntimeError) -> CRIContainerStatus? {
        do throws(RuntimeError) {
            return try await call("ContainerStatus") {
                try await self.runtime.containerStatus(.with { $0.containerID = id }, options: $0).status
            }
        } catch  where error.isNotFound {
            return nil
        }
    }

    func update(_ id: String, resources: CRILinuxContainerResources) async throws(RuntimeError) {
        _ = try await call("UpdateContainerResources") {
            try await self.runtime.updateContainerResources(
                .with {
                    $0.containerID = id
                    $0.linux = resources
                }, options: $0)
        }
    }

    /// In bytes, without what the kernel can take back at once; nil when the runtime does not say.
    func memoryUsage(of id: String) async throws(RuntimeError) -> Int64? {
        let stats = try await call("ContainerStats") {
            try await self.runtime.containerStats(.with { $0.containerID = id }, options: $0).stats
        }
        return stats.hasMemory && stats.memory.hasWorkingSetBytes
            ? Int64(clamping: stats.memory.workingSetBytes.value) : nil
    }

    func reopenLog(_ id: String) async throws(RuntimeError) {
        _ = try await call("ReopenContainerLog") {
            try await self.runtime.reopenContainerLog(.with { $0.containerID = id }, options: $0)
        }
    }

    /// - Parameter timeout: of the command; the runtime ends it then.
    func execute(
        _ command: [String], in id: String, timeout: Duration
    ) async throws(RuntimeError) -> CRIExecSyncResponse {
        let seconds = max(1, timeout.components.seconds)
        return try await call("ExecSync", timeout: timeout + deadlines.request) {
            try await self.runtime.execSync(
                .with {
                    $0.containerID = id
                    $0.cmd = command
                    $0.timeout = seconds
                }, options: $0)
        }
    }

    // MARK: Streams: the addresses of the runtime's own server

    func execURL(_ request: CRIExecRequest) async throws(RuntimeError) -> String {
        try await call("Exec") { try await self.runtime.exec(request, options: $0).url }
    }

    func attachURL(_ request: CRIAttachRequest) async throws(RuntimeError) -> String {
        try await call("Attach") { try await self.runtime.attach(request, options: $0).url }
    }

    func portForwardURL(_ request: CRIPortForwardRequest) async throws(RuntimeError) -> String {
        try await call("PortForward") { try await self.runtime.portForward(request, options: $0).url }
    }

    func checkpoint(_ id: String, to location: String, timeout: Int64) async throws(RuntimeError) {
        _ = try await call("CheckpointContainer", timeout: deadlines.request + .seconds(timeout)) {
            try await self.runtime.checkpointContainer(
                .with {
                    $0.containerID = id
                    $0.location = location
                    $0.timeout = timeout
                }, options: $0)
        }
    }

    // MARK: Numbers

    /// Of pods whose sandbox is ready. What cannot be measured, because it ends just now, is left out.
    func podStats() async throws(RuntimeError) -> [CRIPodSandboxStats] {
        if podStatsAbsence.withLock({ $0.isBelieved(now: .now) }) { return try await podStatsOfContainers() }
        do throws(RuntimeError) {
            let stats = try await call("ListPodSandboxStats") {
                try await self.runtime.listPodSandboxStats(CRIListPodSandboxStatsRequest(), options: $0).stats
            }
            podStatsAbsence.withLock { $0.end() }
            return stats
        } catch  where error.isUnimplemented {
            if podStatsAbsence.withLock({ $0.note(now: .now) }) {
                log.notice("the runtime does not measure pods: their containers' numbers are taken instead")
            }
            return try await podStatsOfContainers()
        } catch  where error.isAboutOneOfMany {
            // containerd 1.6 gives no list at all as long as it knows one sandbox that has ended.
            log.debug("measure pods one by one: \(error)")
            return try await podStatsOneByOne()
        }
    }

    private func podStatsOneByOne() async throws(RuntimeError) -> [CRIPodSandboxStats] {
        var result: [CRIPodSandboxStats] = []
        for sandbox in try await sandboxes() where sandbox.state == .sandboxReady {
            do throws(RuntimeError) {
                result.append(
                    try await call("PodSandboxStats") {
                        try await self.runtime.podSandboxStats(
                            .with { $0.podSandboxID = sandbox.id }, options: $0
                        ).stats
                    })
            } catch  where error.isAboutOneOfMany {
                log.debug(
                    "a pod is not measured: \(error)",
                    metadata: ["pod": "\(sandbox.metadata.namespace)/\(sandbox.metadata.name)"])
            }
        }
        return result
    }

    /// Without what only a pod has: its network and the number of its processes.
    private func podStatsOfContainers() async throws(RuntimeError) -> [CRIPodSandboxStats] {
        let measured = try await call("ListContainerStats") {
            try await self.runtime.listContainerStats(CRIListContainerStatsRequest(), options: $0).stats
        }
        // Those that have ended are listed, too, without numbers.
        let containers = Dictionary(grouping: measured.filter { $0.hasCpu || $0.hasMemory }) {
            $0.attributes.labels[PodLabels.uid] ?? ""
        }
        return try await sandboxes().filter { $0.state == .sandboxReady }.map { sandbox in
            .with {
                $0.attributes.id = sandbox.id
                $0.attributes.metadata = sandbox.metadata
                $0.attributes.labels = sandbox.labels
                $0.attributes.annotations = sandbox.annotations
                $0.linux.containers = containers[sandbox.metadata.uid] ?? []
            }
        }
    }

    func podMetrics() async throws(RuntimeError) -> [CRIPodSandboxMetrics] {
        try await call("ListPodSandboxMetrics") {
            try await self.runtime.listPodSandboxMetrics(CRIListPodSandboxMetricsRequest(), options: $0)
                .podMetrics
        }
    }

    func metricDescriptors() async throws(RuntimeError) -> [CRIMetricDescriptor] {
        try await call("ListMetricDescriptors") {
            try await self.runtime.listMetricDescriptors(CRIListMetricDescriptorsRequest(), options: $0)
                .descriptors
        }
    }
}
