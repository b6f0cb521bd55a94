import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import Logging
import PodNetwork
import Synchronization

/// Pods on this machine: sandboxes and containers as durable state machines over shims, networks and snapshots.
///
/// Whoever owns it may be killed at any instruction: what was acknowledged is on record, what runs goes on, and the
/// next one finds both (`PodEngine+Recovery`). Calls may be made from any task; those for one pod wait for each other
/// where they must, and a pod that hangs holds up no others.
public final class PodEngine: Sendable {
    public let layout: EngineLayout
    public let networks: PodNetworks
    public let logger: Logger
    public let settings: Settings

    let registry = Registry()
    let database: EngineDatabase
    let threads = Threads()
    let guardedThreads = GuardedThreads()
    let poller: Poller
    let spares: SpareShims
    let events = EventBus()
    let interviews: RuntimeInterviews
    let bootID: String

    public struct Settings: Sendable {
        /// The control group of shims; nil: they stay in this program's.
        public var shimCgroup: String? = "/swiftlet/shims"
        /// Who makes the groups of pods whose creator names none.
        public var cgroupDriver = CgroupDriver.files
        /// Runtimes beside the built-in one, by the names that pods choose them by.
        public var runtimes: [String: RuntimeHandler] = [:]
        /// The runtime of pods to come that choose none.
        public var defaultRuntime = Self.builtinRuntime
        /// Milliseconds that a container may take to end after it was killed.
        public var killTime = ShimPatience.end
        /// Milliseconds that making a container may take: what users mount may lie on a file system that does not answer.
        /// The kubelet waits two minutes.
        public var makeTime = 60_000

        public init() {}
    }

    /// Opens the engine's records; `recover` is next.
    /// - Throws: when another daemon works with the same folders.
    public init(
        layout: EngineLayout, networks: PodNetworks, settings: Settings = Settings(), logger: Logger
    ) throws {
        self.layout = layout
        self.networks = networks
        self.settings = settings
        self.logger = logger
        interviews = RuntimeInterviews { logger.warning("\($0)") }
        bootID = try BootID.current()
        for folder in [layout.state.containers, layout.sandboxes, layout.state.images] {
            try makeFolders(folder)
        }
        try MountPoints.make(in: layout.mountPoints)
        database = try EngineDatabase(path: layout.database, logger: logger)
        poller = try Poller()
        spares = SpareShims(threads: threads, logger: logger) {
            let id = ContainerStore.newID()
            let shim = try ShimLauncher.beginSpare(
                id: id, folder: layout.sandbox(id), state: layout.run.state, cgroup: settings.shimCgroup)
            // The next pod tries it once more, and says why it cannot.
            return SpareShims.Spare(id: id, shim: shim, namespace: try? SpareNamespace())
        }
    }

    /// Lets the shims alone and tells the listeners that nothing more comes.
    public func close() async {
        for sandbox in registry.sandboxes { sandbox.connection?.close() }
        await spares.close()
        if registry.sandboxes.isEmpty {
            do { try leaveShimCgroup() } catch {
                logger.warning("the group of shims stays", metadata: ["error": "\(error)"])
            }
        }
        events.finish()
        await threads.stop()
    }

    /// What happens from now on, or after an event that the listener knows.
    /// - Returns: nil when events since then are not kept any more, or were another engine's.
    public func events(after position: EventPosition? = nil) -> AsyncStream<EngineEvent>? {
        events.events(after: position)
    }

    // MARK: Looking

    /// - Parameter id: or the beginning of one.
    public func sandbox(_ id: String) throws -> SandboxState { state(of: try registry.sandbox(id)) }

    /// Those that exist, in no order; without those that are just being made.
    public func sandboxes() -> [SandboxState] {
        registry.sandboxes.filter { $0.record.phase != .making }.map { state(of: $0) }
    }

    public func container(_ id: String) throws -> PodContainerState {
        try state(of: try registry.container(id))
    }

    public func containers() throws -> [PodContainerState] {
        try registry.containers.map { try state(of: $0) }
    }

    public func containers(of sandbox: String) throws -> [PodContainerState] {
        try registry.containers(of: sandbox).map { try state(of: $0) }
    }

    func state(of entry: SandboxEntry) -> SandboxState {
        let (record, pid, isConnected) = entry.state.withLock {
            ($0.record, $0.shimPID, $0.connection != nil)
        }
        return SandboxState(
            id: record.id, createdAt: record.createdAt, spec: record.spec,
            runtime: settings.runtimeName(of: record), isReady: record.phase == .ready && isConnected,
            addresses: record.network?.addresses.compactMap { IPAddress($0) } ?? [],
            namespaces: record.namespaces, folder: layout.sandbox(record.id),
            cgroupParent: record.cgroupParent, shimPID: pid)
    }

    func state(of entry: ContainerEntry) throws -> PodContainerState {
        let live = try entry.live()
        // As its shim has written it, which cannot be asked.
        let isUnheard = live.process != nil && !isConnected(entry.record.sandboxID)
        let isUnclear = entry.state.withLock { state in
            // With a shim, a container whose status is damaged may well run: who wants another one ends it first.
            isUnheard || state.isUnresponsive || live.isDamaged && state.isHeard
        }
        let phase: PodContainerState.Phase =
            switch live.phase {
            case _ where isUnclear: .unknown
            // Made by the runtime, or not at all: its program has not begun.
            case .created: .created
            case .running, .paused: .running
            // No container of ours is restarted by its shim.
            case .restarting, .exited: .exited
            }
        return PodContainerState(
            id: entry.id, sandboxID: entry.record.sandboxID, createdAt: entry.record.createdAt,
            spec: entry.record.spec, imageID: entry.record.imageID, phase: phase,
            isPaused: live.phase == .paused,
            startedAt: live.startedAt?.nanosecondsSince1970 ?? 0,
            finishedAt: live.finishedAt?.nanosecondsSince1970 ?? 0,
            exitCode: live.exitCode ?? 0, isOutOfMemory: live.oomKilled, error: live.error,
            pid: live.process?.pid, logPath: entry.record.logPath, logLoss: LogLoss(live),
            folder: entry.folder)
    }

    private func isConnected(_ sandbox: String) -> Bool {
        (try? registry.sandbox(sandbox))?.connection != nil
    }

    /// - Throws: for a sandbox that is not ready.
    func connection(of sandbox: SandboxEntry) throws(EngineError) -> ShimConnection {
        if let connection = sandbox.connection { return connection }
        throw EngineError(.wrongState, "sandbox \(sandbox.id) is not ready")
    }
}
