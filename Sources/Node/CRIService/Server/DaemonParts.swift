import ContainerCLI
import ContainerRuntime
import ContainerShim
import GRPCCore
import ImageStore
import LinuxKernel
import Logging
import PodEngine
import PodNetwork
import StreamingServer
import Synchronization

/// What the daemon is made of, besides its doors.
final class DaemonParts: Sendable {
    let metrics: MetricsRegistry
    let phase = ServingPhase()
    let services: [any RegistrableRPCService]
    private let engine: PodEngine
    private let streaming: StreamingServer
    private let images: ImageService
    private let facts: CurrentFacts
    private let admin: AdminSocket
    /// Until the next start.
    private let driver: CgroupDriver

    init(_ configuration: CRIConfiguration, _ output: LogOutput) throws {
        metrics = MetricsRegistry()
        metrics.collect(ProcessMetrics.samples)
        let store = try ImageStore(root: configuration.imageStore)
        try store.recover()
        let layout = EngineLayout(root: configuration.root, state: configuration.state)
        let ranges = configuration.builtinNetwork.podCIDRs.compactMap { IPPrefix($0) }
        let networks = PodNetworks(
            configuration.network == .builtin ? .builtin : .cni,
            builtin: BuiltinNetwork(
                state: layout.state.networkState, settingsFile: layout.state.networkSettings,
                rangesPlace: ranges.isEmpty ? nil : "builtin_network.pod_cidrs of the configuration"),
            configurationFolder: configuration.cni.configurationFolder,
            pluginFolders: configuration.cni.programFolders, cache: layout.cniCache,
            rangesFile: layout.podRanges, timeout: configuration.timeouts.cni.inMilliseconds,
            logger: output.logger("network"))
        if configuration.network == .builtin, !ranges.isEmpty { try networks.choosePodRanges(ranges) }
        driver = try Self.cgroupDriver(configuration.cgroupDriver)
        var settings = PodEngine.Settings()
        settings.cgroupDriver = driver
        settings.killTime = configuration.timeouts.stopMargin.inMilliseconds
        settings.defaultRuntime = configuration.defaultRuntime
        for (name, runtime) in configuration.runtimes {
            settings.runtimes[name] = RuntimeHandler(
                program: runtime.program,
                root: runtime.root.isEmpty ? "\(layout.state.state)/k8s/\(name)" : runtime.root,
                arguments: runtime.arguments)
        }
        engine = try PodEngine(
            layout: layout, networks: networks, settings: settings, logger: output.logger("pods"))
        images = ImageService(
            store, configuration, environment: ProcessEnvironment.current,
            containers: ContainerLedger(
                uses: { try Engine(layout.state).imageUses() },
                written: { [engine] in try Self.written(engine) }),
            metrics: metrics, log: output.logger("images"))
        var streamingSettings = StreamingConfiguration()
        streamingSettings.address = configuration.streaming.address
        streamingSettings.port = configuration.streaming.port
        if !configuration.streaming.baseURL.isEmpty {
            streamingSettings.baseURL = configuration.streaming.baseURL
        }
        streamingSettings.idleTimeout = configuration.streaming.idleTimeout
        streamingSettings.tls = configuration.streaming.files
        streaming = StreamingServer(
            configuration: streamingSettings, handler: StreamingBackend(engine: engine),
            logger: output.logger("streaming"))
        let facts = CurrentFacts(try Self.detect(configuration, driver))
        self.facts = facts
        let runtime = RuntimeService(
            RuntimeService.Parts(
                engine: engine, streaming: streaming, log: output.logger("runtime"),
                annotations: configuration.runtimes.mapValues(\.annotations),
                execOutputLimit: Int(configuration.limits.execOutput.bytes),
                phase: phase, facts: { facts.value }))
        services = [images, runtime]
        admin = try AdminSocket(in: layout.state.state, engine: engine, log: output.logger("admin"))
        collectPods()
    }

    /// What all containers have written, each measured at most once a minute.
    private static func written(_ engine: PodEngine) throws -> ContainerLedger.WrittenSpace {
        var space = ContainerLedger.WrittenSpace(folder: engine.containerFolder)
        for container in try engine.containers() {
            do {
                guard let usage = try engine.written(byContainer: container.id) else { continue }
                space.bytes += usage.bytes
                space.inodes += usage.entries
            } catch let error as EngineError where error.kind == .notFound {
                // It was removed meanwhile.
            }
        }
        return space
    }

    private static func cgroupDriver(_ wanted: CRIConfiguration.CgroupDriver) throws -> CgroupDriver {
        switch wanted {
        case .auto: return .suited(to: try CgroupLayout.detect())
        case .cgroupfs: return .files
        case .systemd:
            if CgroupDriver.isSystemdInit { return .systemd }
            throw ServerError("cgroup_driver is \"systemd\", and systemd is not the init of this machine")
        }
    }

    private static func detect(
        _ configuration: CRIConfiguration, _ driver: CgroupDriver
    ) throws -> NodeFacts {
        var facts = try NodeFacts.detect(
            cgroupDriver: driver == .systemd ? .systemd : .cgroupfs,
            appArmorProfile: configuration.apparmor.defaultProfile)
        facts.cdiFolders = configuration.cdi.specificationFolders
        facts.wantsSELinux = configuration.enableSELinux
        if !facts.wantsSELinux { facts.hasSELinux = false }
        if !configuration.seccomp.defaultProfile.isEmpty {
            facts.defaultSeccomp = try SeccompProfile(file: configuration.seccomp.defaultProfile)
        }
        return facts
    }

    /// What the node can do, until it is looked at again.
    private final class CurrentFacts: Sendable {
        private let facts: Mutex<NodeFacts>
        init(_ facts: NodeFacts) { self.facts = Mutex(facts) }
        var value: NodeFacts { facts.withLock { $0 } }
        func replace(with new: NodeFacts) { facts.withLock { $0 = new } }
    }

    var missingParts: [MissingPart] { facts.value.missingParts }

    private func collectPods() {
        metrics.collect { [engine] in PodMetrics.samples(of: engine) }
    }

    /// Takes over what an earlier daemon has left, and opens the door for streams.
    func start() async throws {
        try await engine.recover()
        try await streaming.start()
    }

    /// Pods go on.
    func stop() async {
        admin.remove()
        await streaming.stop()
        await engine.close()
    }

    /// - Throws: what keeps the node from being looked at; then all stays as it was.
    func reload(_ configuration: CRIConfiguration) throws {
        facts.replace(with: try Self.detect(configuration, driver))
        images.reload(configuration)
    }
}
