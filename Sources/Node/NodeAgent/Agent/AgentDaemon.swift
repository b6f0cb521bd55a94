import Glibc
import KubernetesAPI
import Logging
import NIOPosix
import PodProbes
import PodVolumes

/// The node agent: a kubelet in function.
package final class AgentDaemon: Sendable {
    package let settings: AgentSettings
    package let statuses = StatusBook()
    package let events: EventRecorder
    package let runtime: CRIRuntime
    /// Gives memory that nobody uses back to the system; may block for some milliseconds.
    private let giveBackMemory: @Sendable () -> Void
    private let log: Logger

    package init(
        _ settings: AgentSettings, log: Logger,
        giveBackMemory: @escaping @Sendable () -> Void = {}
    ) throws {
        self.giveBackMemory = giveBackMemory
        self.settings = settings
        self.log = log
        events = EventRecorder(node: settings.nodeName, log: log)
        runtime = try CRIRuntime(
            endpoint: settings.kubelet.containerRuntimeEndpoint,
            deadlines: CRIRuntime.Deadlines(request: settings.kubelet.runtimeRequestTimeout))
    }

    /// Works until the task is cancelled; the pods go on.
    package func run() async throws {
        try AgentFiles.makeFolder("\(settings.root)/pods", mode: 0o750)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.runtime.run() }
            group.addTask { try await self.work() }
            // Whoever ends first, ends the other.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func work() async throws {
        let name = try await runtimeName()
        let objects = FolderObjects()
        let resources = try NodeResources(maxPods: Int(settings.kubelet.maxPods))
        let prober = Prober(exec: RuntimeProber(runtime: runtime))
        let scheduler = ProbeScheduler(prober: prober)
        let probes = ProbeKeeper(scheduler: scheduler, events: events, statuses: statuses)
        let records = StatusRecords(root: settings.root, log: log)
        _ = statuses.listen { records.note($0) }
        let services = AgentServices(
            settings: settings, runtime: runtime, runtimeName: name,
            images: ImagePuller(
                runtime: runtime, events: events, keys: PullSecrets(objects: objects),
                limit: settings.parallelPulls),
            volumes: try VolumeManager(
                root: settings.root, sources: objects, node: NodeFacts(allocatable: resources.allocatable)),
            objects: objects,
            probes: probes,
            prober: prober, events: events, statuses: statuses, records: records,
            resources: resources, users: UserRangeBook(root: settings.root), log: log)
        let server = try makeServer(NodeView(services: services) { try await scheduler.metrics() })
        let ports = try await server.start()
        try AgentAddress(port: ports.api).write(in: settings.root)
        let sources = makeSources()
        let manager = PodManager(services: services, sources: Set(sources.map(\.name)))
        let watcher = RuntimeWatcher(
            runtime: runtime, log: log,
            changed: { uid in Task { await manager.poke(uid) } },
            seen: { uids in Task { await manager.seen(uids) } })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await watcher.run() }
            group.addTask { await LogRotation(services: services).run() }
            group.addTask { await self.keepSmall() }
            group.addTask { await records.run() }
            group.addTask { await probes.run { uid in Task { await manager.poke(uid) } } }
            for source in sources {
                group.addTask {
                    await source.run { state in
                        let change = objects.set(file: state.source, objects: state.objects)
                        if !change.objects.isEmpty { await manager.objectsChanged() }
                        await manager.apply(state)
                    }
                }
            }
            if sources.isEmpty { log.notice("no source of pods is set: pods that are there are left alone") }
            await group.waitForAll()
        }
        await server.stop()
        await manager.stop()
        await scheduler.stop()
    }

    /// A node that was busy once does not keep what it took then.
    private func keepSmall() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                return
            }
            giveBackMemory()
        }
    }

    private func makeServer(_ view: NodeView) throws -> AgentServer {
        var configuration = AgentServerConfiguration(certificateFolder: "\(settings.root)/pki")
        let kubelet = settings.kubelet
        configuration.address = kubelet.address
        configuration.port = Int(kubelet.port)
        configuration.healthAddress = kubelet.healthzBindAddress
        configuration.healthPort = kubelet.healthzPort.flatMap { $0 == 0 ? nil : Int($0) }
        configuration.allowsAnonymous = kubelet.authentication.anonymous.enabled == true
        let authority = kubelet.authentication.x509.clientCAFile
        configuration.clientCAFile = authority.isEmpty ? nil : authority
        if !kubelet.tlsCertFile.isEmpty {
            configuration.tls = .init(certificate: kubelet.tlsCertFile, key: kubelet.tlsPrivateKeyFile)
        }
        configuration.streamIdleTimeout = kubelet.streamingConnectionIdleTimeout
        configuration.nodeNames = [settings.nodeName] + settings.hostIPs + ["127.0.0.1"]
        // Whoever can read root's files on this node may do everything here anyway: the command line's way in.
        configuration.tokenFile = try AgentAddress.makeToken(in: settings.root)
        return AgentServer(configuration: configuration, view: view, logger: log)
    }

    private func makeSources() -> [any PodSource] {
        let reader = ManifestReader(nodeName: settings.nodeName)
        var result: [any PodSource] = []
        let kubelet = settings.kubelet
        if !kubelet.staticPodPath.isEmpty {
            result.append(
                ManifestFolder(
                    path: kubelet.staticPodPath, reader: reader, interval: kubelet.fileCheckFrequency,
                    log: log)
            )
        }
        if !kubelet.staticPodURL.isEmpty {
            result.append(
                ManifestAddress(
                    url: kubelet.staticPodURL, headers: kubelet.staticPodURLHeader, reader: reader,
                    interval: kubelet.httpCheckFrequency, log: log))
        }
        return result
    }

    /// Waits for the runtime, which may be started after the agent.
    private func runtimeName() async throws -> String {
        var isTold = false
        while true {
            do {
                let version = try await runtime.version()
                log.notice(
                    "the runtime is there",
                    metadata: ["name": "\(version.runtimeName)", "version": "\(version.runtimeVersion)"])
                return version.runtimeName
            } catch {
                if !isTold { log.warning("wait for the runtime at \(runtime.endpoint): \(error)") }
                isTold = true
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
