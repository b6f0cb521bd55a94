import Glibc
import KubernetesAPI
import LinuxKernel
import Logging
import NIOPosix
import PodProbes
import PodVolumes
import Synchronization

/// The node agent: a kubelet in function.
package final class AgentDaemon: Sendable {
    package let settings: AgentSettings
    package let statuses = StatusBook()
    package let events: EventRecorder
    package let runtime: CRIRuntime
    /// Gives memory that nobody uses back to the system; may block for some milliseconds.
    private let giveBackMemory: @Sendable () -> Void
    /// How long a runtime that is started with the agent may take before it is talked about.
    private static let startOfRuntime: Duration = .seconds(5)

    private let log: Logger
    /// Of pods, beside those that are configured.
    private let otherSources: [any PodSource]
    private let devices: any DeviceSource
    private let logLinks: LogLinkFolder
    private let eviction: EvictionSettings
    private let imageCollection: ImageCollectionSettings
    /// A database's log of some hundred changes: the runtime cannot even record that a container has ended without it,
    /// and then removes nothing.
    private let reserve: DiskReserve
    /// What ends pods, once there is something to end.
    private let running = Mutex<(run: ShutdownRun, keeper: NodeKeeper)?>(nil)

    /// - Parameters:
    ///   - sources: of pods, beside the folder and the address that the configuration names.
    ///   - devices: what gives containers devices of the node.
    package init(
        _ settings: AgentSettings, sources: [any PodSource] = [], devices: any DeviceSource = NoDevices(),
        log: Logger,
        giveBackMemory: @escaping @Sendable () -> Void = {}
    ) throws {
        self.giveBackMemory = giveBackMemory
        self.settings = settings
        self.log = log
        otherSources = sources
        self.devices = devices
        logLinks = LogLinkFolder(path: settings.containerLogs, log: log)
        reserve = DiskReserve(path: settings.root + "/reserve", size: 1 << 20)
        eviction = try EvictionSettings(settings.kubelet)
        imageCollection = try ImageCollectionSettings(settings.kubelet)
        events = EventRecorder(node: settings.nodeName, log: log)
        runtime = try CRIRuntime(
            endpoint: settings.kubelet.containerRuntimeEndpoint,
            imageEndpoint: settings.kubelet.imageServiceEndpoint,
            deadlines: CRIRuntime.Deadlines(request: settings.kubelet.runtimeRequestTimeout), log: log)
    }

    /// Works until the task is cancelled; the pods go on.
    package func run() async throws {
        let problems = try HostDemands(kubelet: settings.kubelet).problems()
        if !problems.isEmpty { throw KubeletProblems(problems) }
        makeRoom()
        try AgentFiles.makeFolder("\(settings.root)/pods", mode: 0o750)
        try AgentFiles.makeFolder(settings.kubelet.podLogsDir)
        logLinks.clean(of: settings.kubelet.podLogsDir)
        for folder in ["\(settings.root)/pods", settings.kubelet.podLogsDir] { spreadSubfolders(of: folder) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.runtime.run() }
            group.addTask { try await self.work() }
            // Whoever ends first, ends the other.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The node is about to go: its pods end in their order, each group in its time, and no other one begins.
    /// - Returns: when they have ended, or their time is over.
    package func shutDown() async {
        guard let running = running.withLock({ $0 }), running.run.services.shutdown.set(true) else { return }
        running.keeper.changed()
        events.record(.normal, "NodeShutdown", "Shutdown manager detected shutdown event")
        await running.run.run()
    }

    /// An agent that finds its disk full is there to free it, and writes a few files before it can.
    private func makeRoom() {
        do throws(KernelError) {
            if try reserve.isNeeded(), try reserve.giveUp() {
                log.notice("the disk is full: the reserve on it is given up")
            }
        } catch {
            // No agent has been here.
            if error.errno == .noEntry { return }
            log.warning("give up the reserve on the disk: \(error)")
        }
    }

    private func work() async throws {
        let name = try await runtimeName()
        await tellRange()
        if let problem = settings.dns.problem { log.warning("\(problem)") }
        let machine = MachineFacts.read()
        let prober = Prober(exec: RuntimeProber(runtime: runtime))
        let scheduler = ProbeScheduler(prober: prober)
        let objects = FolderObjects()
        let resources = try await NodeResources.start(
            settings.kubelet, root: settings.root, driver: try await runtime.cgroupDriver(), log: log)
        let features = RuntimeFeatures()
        features.set(try await runtime.status())
        let services = try makeServices(
            runtimeName: name, machine, objects, resources, features, prober,
            ProbeKeeper(scheduler: scheduler, events: events, statuses: statuses))
        let meter = NodeMeter(root: settings.root, runtime: runtime, log: log)
        let podMeter = PodMeter(runtime: runtime, volumes: services.volumes, settings: settings)
        let root = settings.root
        let files = AddressFiles(log: log)
        // Whoever can read root's files on this node may do everything here anyway: the command line's way in.
        try await files.write { try AgentAddress.makeToken(in: root) }
        let server = try makeServer(
            NodeView(
                services: services, meter: meter, podMeter: podMeter,
                runtimeMeter: RuntimeMeter(runtime: runtime, log: log)
            ) { try await scheduler.metrics() })
        let ports = try await server.start()
        let address = AgentAddress(port: ports.api, address: settings.kubelet.address)
        try await files.write { try address.write(in: root) }
        let sources = makeSources()
        let manager = PodManager(services: services, sources: Set(sources.map(\.name)))
        let keeper = NodeKeeper(services: services, machine: machine, port: Int32(ports.api)) {
            await manager.nodeChanged()
        }
        running.withLock { $0 = (ShutdownRun(services: services, manager: manager), keeper) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await files.run() }
            keepPods(services, manager, objects, sources, &group)
            keepNode(services, manager, keeper, meter, podMeter, resources.cpus, &group)
            await group.waitForAll()
        }
        await server.stop()
        await manager.stop()
        await scheduler.stop()
        do {
            try await resources.leave()
        } catch {
            log.warning("remove groups: \(error)")
        }
    }

    private func makeServices(
        runtimeName: String, _ machine: MachineFacts, _ objects: FolderObjects,
        _ resources: NodeResources, _ features: RuntimeFeatures, _ prober: Prober, _ probes: ProbeKeeper
    ) throws -> AgentServices {
        let kubelet = settings.kubelet
        let records = StatusRecords(root: settings.root, log: log)
        _ = statuses.listen { if case .told(let pod) = $0 { records.note(pod) } }
        let labels = NodeBuilder.labels(settings, machine)
        return AgentServices(
            settings: settings, runtime: runtime, runtimeName: runtimeName,
            images: ImagePuller(
                runtime: runtime, events: events,
                keys: NodeCredentials(
                    objects: objects, plugins: settings.credentialPlugins, events: events,
                    root: settings.root),
                limit: settings.parallelPulls,
                rate: PullRate(perSecond: kubelet.registryPullQPS ?? 5, burst: kubelet.registryBurst)),
            volumes: try VolumeManager(
                root: settings.root, sources: objects,
                node: NodeFacts(
                    allocatable: resources.allocatable, labels: labels),
                tools: DeviceTools { [log] in log.notice("\($0)") }),
            devices: devices,
            objects: objects, probes: probes, prober: prober, events: events, statuses: statuses,
            records: records, logLinks: logLinks,
            resources: resources,
            users: UserRangeBook(root: settings.root, size: kubelet.userNamespaces?.idsPerPod ?? 65536),
            features: features,
            predicates: NodePredicates(
                labels: labels, name: settings.nodeName, hasAppArmor: machine.hasAppArmor),
            log: log)
    }

    /// What makes pods what their sources say.
    private func keepPods(
        _ services: AgentServices, _ manager: PodManager, _ objects: FolderObjects,
        _ sources: [any PodSource], _ group: inout TaskGroup<Void>
    ) {
        let watcher = RuntimeWatcher(
            runtime: runtime, log: log,
            changed: { uid in Task { await manager.poke(uid) } },
            seen: { pods in Task { await manager.seen(pods) } })
        group.addTask { await watcher.run() }
        group.addTask { await manager.lookAfterResources() }
        group.addTask { await services.records.run() }
        group.addTask { await services.probes.run { uid in Task { await manager.poke(uid) } } }
        group.addTask { await LogRotation(services: services).run() }
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
    }

    /// What keeps the node able to have pods.
    private func keepNode(
        _ services: AgentServices, _ manager: PodManager, _ keeper: NodeKeeper, _ meter: NodeMeter,
        _ podMeter: PodMeter, _ cpus: CPUManager?, _ group: inout TaskGroup<Void>
    ) {
        let images = ImageCollector(
            runtime: runtime, meter: meter, statuses: statuses, events: events, settings: imageCollection,
            log: log)
        let node = AgentNode(
            services: services, manager: manager, meter: meter, podMeter: podMeter, images: images,
            containers: ContainerCollector(services: services, reserve: reserve), reserve: reserve)
        let kubelet = settings.kubelet
        group.addTask { await images.run() }
        group.addTask {
            var eviction = EvictionManager(
                node, self.eviction, limitsStorage: kubelet.localStorageCapacityIsolation != false,
                log: self.log)
            await eviction.run()
        }
        group.addTask { await self.keepSmall() }
        group.addTask { await keeper.run() }
        group.addTask {
            await ShutdownWatch(kubelet, log: self.log).run {
                await self.shutDown()
            } goOn: {
                if services.shutdown.set(false) { keeper.changed() }
            }
        }
        if let cpus {
            let processors = ProcessorKeeper(
                cpus: cpus, runtime: runtime, interval: kubelet.cpuManagerReconcilePeriod, log: log)
            group.addTask { await processors.run() }
        }
    }

    /// The range of the pods' addresses (`podCIDR`), for a runtime that wants to know it.
    private func tellRange() async {
        guard !settings.kubelet.podCIDR.isEmpty else { return }
        do {
            try await runtime.update(podCIDR: settings.kubelet.podCIDR)
        } catch {
            log.warning("podCIDR: the runtime was not told: \(error)")
        }
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
        configuration.servesAPI = kubelet.enableServer != false
        configuration.readOnlyPort = kubelet.readOnlyPort == 0 ? nil : Int(kubelet.readOnlyPort)
        configuration.tlsMinVersion = kubelet.tlsMinVersion
        configuration.tlsCipherSuites = kubelet.tlsCipherSuites
        configuration.tlsCurves = kubelet.tlsCurvePreferences.map { UInt16(clamping: $0) }
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
        configuration.tokenFile = AgentAddress.tokenFile(in: settings.root)
        return AgentServer(configuration: configuration, view: view, logger: log)
    }

    private func makeSources() -> [any PodSource] {
        let reader = ManifestReader(nodeName: settings.nodeName)
        var result = otherSources
        let kubelet = settings.kubelet
        if !kubelet.staticPodPath.isEmpty {
            result.append(
                ManifestFolder(
                    path: kubelet.staticPodPath, record: "\(settings.root)/manifests.json", reader: reader,
                    interval: kubelet.fileCheckFrequency, log: log)
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
        let start = ContinuousClock.now
        while true {
            do {
                let version = try await runtime.version()
                log.notice(
                    "the runtime is there",
                    metadata: ["name": "\(version.runtimeName)", "version": "\(version.runtimeVersion)"])
                return version.runtimeName
            } catch {
                // It was this program's end that ended the call.
                try Task.checkCancellation()
                if !isTold, .now - start > Self.startOfRuntime {
                    log.warning("wait for the runtime at \(runtime.endpoint): \(error)")
                    isTold = true
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
