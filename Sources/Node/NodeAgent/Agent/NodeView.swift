import CRIProtocol
import KubernetesAPI
import NIOCore

/// What the agent's HTTP server asks: everything is read where it is kept, and nothing is kept here.
struct NodeView: AgentView {
    let services: AgentServices
    let meter: NodeMeter
    let podMeter: PodMeter
    let runtimeMeter: RuntimeMeter
    let probeMetrics: @Sendable () async throws -> String

    private var runtime: CRIRuntime { services.runtime }

    func pods() async throws -> [UInt8] {
        var list = PodList()
        list.items = services.statuses.pods
        return list.document.json()
    }

    func runningPods() async throws -> [UInt8] {
        var list = PodList()
        for sandbox in try await runtime.sandboxes() where sandbox.state == .sandboxReady {
            var pod = Pod()
            pod.metadata.name = sandbox.metadata.name
            pod.metadata.namespace = sandbox.metadata.namespace
            pod.metadata.uid = sandbox.metadata.uid
            list.items.append(pod)
        }
        for container in try await runtime.containers() where container.state == .containerRunning {
            guard let uid = container.labels[PodLabels.uid],
                let index = list.items.firstIndex(where: { $0.metadata.uid == uid })
            else { continue }
            list.items[index].spec.containers.append(
                Container(name: container.metadata.name, image: container.imageRef))
        }
        return list.document.json()
    }

    func events() async throws -> [UInt8] {
        var list = EventList()
        list.items = services.events.events()
        return list.document.json()
    }

    func node() async throws -> [UInt8] {
        // Before the first look nothing is known.
        (services.node.node ?? Node()).document.json()
    }

    func configuration() async throws -> [UInt8] {
        let values: APIValue = ["kubeletconfig": services.settings.kubelet.document]
        return values.json()
    }

    func healthProblems() async -> [String] {
        do {
            let status = try await runtime.status()
            return status.status.conditions.filter { !$0.status && $0.type == "RuntimeReady" }
                .map { "container runtime: \($0.reason): \($0.message)" }
        } catch {
            return ["container runtime: \(error)"]
        }
    }

    // MARK: Numbers

    func statsSummary(onlyCPUAndMemory: Bool) async throws -> [UInt8] {
        let reading = try await runtimeMeter.reading()
        let report = NodeStatsReport(
            nodeName: services.settings.nodeName, meter: meter, runtime: runtime, pods: reading.stats)
        let node = try await report.make(isShort: onlyCPUAndMemory)
        let storage = onlyCPUAndMemory ? [:] : await storage(of: reading.stats)
        return StatsSummary(node: node, storage: storage, reading: reading, isShort: onlyCPUAndMemory)
            .make().apiValue.json()
    }

    /// Old numbers are good enough here: looking at all files of all pods takes long.
    private func storage(of stats: [CRIPodSandboxStats]) async -> [String: PodStorageStats] {
        let age = services.settings.kubelet.volumeStatsAggPeriod
        let disk = await meter.disks().node
        var result: [String: PodStorageStats] = [:]
        for pod in services.statuses.pods {
            let uid = pod.metadata.uid
            guard let measured = stats.first(where: { $0.attributes.metadata.uid == uid }) else { continue }
            let (logs, volumes) = await podMeter.storage(of: pod, age: age)
            result[uid] = PodStorageStats(
                pod, logs: logs, volumes: volumes, layers: PodUsage(measured).layers, disk: disk)
        }
        return result
    }

    func metrics(_ page: MetricsPage) async throws -> String {
        switch page {
        case .agent: return AgentMetrics.text(services)
        case .probes: return try await probeMetrics()
        case .resource: return await resourceMetrics()
        case .cadvisor: return try await runtimeMeter.cadvisorPage()
        }
    }

    /// What the runtime does not tell leaves the node's own numbers, and is said on the page.
    private func resourceMetrics() async -> String {
        let node = ResourceMetrics.Node(
            processorTime: meter.attempt("processor time") { try MachineReading.processorTime() },
            workingSet: meter.memory()?.workingSet,
            swap: meter.attempt("swap") { try MachineReading.swap().used }, time: .now)
        do {
            return ResourceMetrics.text(node, try await runtimeMeter.reading())
        } catch {
            services.log.warning("measure pods: \(error)")
            return ResourceMetrics.text(node, nil)
        }
    }

    // MARK: Containers

    private func find(_ name: PodName) throws(AgentViewError) -> Pod {
        let found = services.statuses.pods.first { pod in
            pod.metadata.namespace == name.namespace && pod.metadata.name == name.name
                && (name.uid == nil || name.uid == pod.metadata.uid)
        }
        guard let found else { throw .podNotFound }
        return found
    }

    /// - Parameter running: refuses one that does not run.
    private func find(_ name: ContainerName, running: Bool) async throws -> (Pod, ContainerRecord) {
        let pod = try find(name.pod)
        guard pod.everyContainer.contains(where: { $0.name == name.container }) else {
            throw AgentViewError.containerNotFound
        }
        guard let record = try await runtime.pod(uid: pod.metadata.uid)?.latest(name.container) else {
            throw AgentViewError.refused(
                "container \"\(name.container)\" in pod \"\(pod.metadata.name)\" is waiting to start")
        }
        if running, record.state != .running {
            throw AgentViewError.refused(
                "container \"\(name.container)\" in pod \"\(pod.metadata.name)\" is not running")
        }
        return (pod, record)
    }

    func log(of container: ContainerName, previous: Bool) async throws -> ContainerLog {
        let (pod, latest) = try await find(container, running: false)
        var record = latest
        if previous {
            guard let before = try await runtime.pod(uid: pod.metadata.uid)?.previous(container.container)
            else {
                throw AgentViewError.refused(
                    "previous terminated container \"\(container.container)\" in pod \"\(pod.metadata.name)\" not found"
                )
            }
            record = before
        }
        guard let path = LogPlace.path(of: record, pod, services.settings) else {
            throw AgentViewError.refused("pod \"\(pod.metadata.name)\" can have no folder for logs")
        }
        let (id, statuses) = (record.id, services.statuses)
        let uid = pod.metadata.uid
        return ContainerLog(path: path) {
            await statuses.waitForEnd(of: id, in: uid)
        }
    }

    func exec(in container: ContainerName, command: [String], streams: StreamChoice) async throws -> String {
        let (_, record) = try await find(container, running: true)
        return try await runtime.execURL(
            .with {
                $0.containerID = record.id
                $0.cmd = command
                $0.tty = streams.terminal
                $0.stdin = streams.stdin
                $0.stdout = streams.stdout
                $0.stderr = streams.stderr && !streams.terminal
            })
    }

    func attach(to container: ContainerName, streams: StreamChoice) async throws -> String {
        let (pod, record) = try await find(container, running: true)
        let terminal =
            pod.everyContainer.first { $0.name == container.container }?.container.tty ?? streams.terminal
        return try await runtime.attachURL(
            .with {
                $0.containerID = record.id
                $0.tty = terminal
                $0.stdin = streams.stdin
                $0.stdout = streams.stdout
                $0.stderr = streams.stderr && !terminal
            })
    }

    func portForward(to pod: PodName, ports: [UInt16]) async throws -> String {
        let found = try find(pod)
        guard let sandbox = try await runtime.pod(uid: found.metadata.uid)?.readySandbox else {
            throw AgentViewError.refused("pod \"\(found.metadata.name)\" does not run")
        }
        return try await runtime.portForwardURL(
            .with {
                $0.podSandboxID = sandbox.id
                $0.port = ports.map { Int32($0) }
            })
    }

    func checkpoint(_ container: ContainerName, timeout: Duration?) async throws -> [String] {
        let (pod, record) = try await find(container, running: true)
        let folder = services.settings.root + "/checkpoints"
        try AgentFiles.makeFolder(folder, mode: 0o700)
        let time = Time.now.description.replacing(":", with: "-")
        let file =
            "\(folder)/checkpoint-\(pod.metadata.name)_\(pod.metadata.namespace)-\(container.container)-\(time).tar"
        do throws(RuntimeError) {
            try await runtime.checkpoint(record.id, to: file, timeout: timeout?.components.seconds ?? 0)
        } catch {
            if error.isUnimplemented { throw AgentViewError.notSupported(error.message) }
            throw error
        }
        return [file]
    }
}

extension StatusBook {
    /// Returns when a container runs no more, or its pod is gone.
    func waitForEnd(of container: String, in uid: String) async {
        while let pod = pod(uid), pod.runs(container), !Task.isCancelled {
            do {
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                return
            }
        }
    }
}

extension Pod {
    fileprivate func runs(_ container: String) -> Bool {
        (status.initContainerStatuses + status.containerStatuses + status.ephemeralContainerStatuses)
            .contains { $0.containerID.hasSuffix("://" + container) && $0.state.running != nil }
    }
}
