import ContainerCLI
import GRPCCore
import Glibc
import ImageStore
import LinuxKernel
import Logging
import PodEngine
import ServiceLifecycle
import UnixSignals

/// Where the configuration comes from, each time that it is read.
public struct ConfigurationSource: Sendable {
    /// Nil: the standard file, which need not be there.
    public var file: String?
    /// What the command line's flags say, over the file.
    public var override: @Sendable (inout CRIConfiguration) -> Void

    public init(
        file: String? = nil, override: @escaping @Sendable (inout CRIConfiguration) -> Void = { _ in }
    ) {
        self.file = file
        self.override = override
    }

    /// - Throws: `ConfigurationError`.
    public func read(reading files: NamedFiles = .none) throws -> CRIConfiguration {
        var configuration = try CRIConfiguration.read(file, reading: files)
        override(&configuration)
        return configuration
    }
}

/// The daemon: `swiftlet cri`.
public enum CRIDaemon {
    /// Seconds that calls under way get to end. Pods go on in any case.
    private static let patience = 5

    /// Serves until the process is told to stop (SIGTERM, SIGINT).
    /// - Parameter end: where signals are somebody else's: returns when the daemon is to end.
    /// - Throws: `ConfigurationError`, `ServerError`, and what keeps it from starting.
    public static func run(
        _ source: ConfigurationSource, until end: (@Sendable () async -> Void)? = nil
    ) async throws {
        FreeMemory.sharePools()
        let configuration = try source.read(reading: .ofStart)
        let output = LogOutput(
            level: configuration.log.level, form: configuration.log.format, isJournal: LogOutput.isJournal())
        let log = output.logger("cri")
        let manager = ServiceManager.ofEnvironment()
        // A client that has gone is an error of the write, and not the end.
        signal(SIGPIPE, SIG_IGN)
        ignoreUserSignals()
        // What pods see is theirs to read, whoever has started the daemon.
        umask(0o022)
        prepareProcess(configuration, log)
        let owners = try owners(configuration)
        defer { withExtendedLifetime(owners) {} }
        try StateModes(layout: EngineLayout(root: configuration.root, state: configuration.state).state)
            .tighten()
        let socket = try ListeningSocket(configuration.socketPath)
        let parts = try DaemonParts(configuration, output)
        for missing in parts.missingParts {
            log.notice("this node lacks \(missing.part): \(missing.meaning)")
        }
        try await parts.start()

        let server = CRIServer(
            socket, services: parts.services, log: output.logger("rpc"), metrics: parts.metrics,
            phase: parts.phase
        ) {
            log.info("serving", metadata: ["socket": "\(configuration.socketPath)"])
            attempt(log, "tell the service manager") {
                try manager.ready("serving \(configuration.socketPath)")
            }
        }
        var services: [(String, any Service)] = [
            (
                "reloader",
                Reloader(
                    source: source, running: configuration, parts: parts, output: output, manager: manager,
                    log: log)
            ),
            ("server", server),
        ]
        if let address = HostPort(configuration.metrics.address) {
            services.append(
                (
                    "metrics",
                    MetricsServer(
                        host: address.host, port: address.port, registry: parts.metrics,
                        log: output.logger("metrics"))
                ))
        }
        services.append(
            ("farewell", Farewell { attempt(log, "tell the service manager") { try manager.stopping() } }))
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $1, serviceName: $0) },
            gracefulShutdownSignals: end == nil ? [.sigterm, .sigint] : [], logger: output.logger("lifecycle")
        )
        group.maximumGracefulShutdownDuration = .seconds(patience)
        let all = ServiceGroup(configuration: group)
        let watch = end.map { end in
            Task {
                await end()
                await all.triggerGracefulShutdown()
            }
        }
        defer { watch?.cancel() }
        do {
            try await all.run()
        } catch is CancellationError {
            // Calls that took longer than the patience.
            log.notice("calls under way were cut off")
        }
        try socket.remove()
        await parts.stop()
        log.info("stopped")
    }

    /// Two daemons with one root would both write its database, whatever their sockets are, and two with one state would
    /// adopt each other's pods.
    private static func owners(_ configuration: CRIConfiguration) throws -> [InstanceLock] {
        try [
            owner(of: configuration.root, "root", lock: "cri.lock"),
            // A name of its own: both may be the same folder.
            owner(of: configuration.state, "state", lock: "cri-state.lock"),
        ]
    }

    private static func owner(of path: String, _ option: String, lock: String) throws -> InstanceLock {
        try makePrivateFolders(path)
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        return try InstanceLock(in: folder, lock) { holder in
            "another instance\(holder) works with the \(option) \(path):"
                + " stop it, or give this one its own --\(option)"
        }
    }

    /// Other daemons write down what they do when they get one of these, and whoever is used to that does not mean this
    /// one's end.
    public static func ignoreUserSignals() {
        for number in [SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    }

    /// What the process itself needs to be for many pods; a host that refuses it is served, too.
    private static func prepareProcess(_ configuration: CRIConfiguration, _ log: Logger) {
        attempt(log, "set oom_score_adj") {
            let score = try OutOfMemoryScore.bring(to: configuration.oomScoreAdjustment)
            if score != configuration.oomScoreAdjustment {
                log.notice(
                    "this host lets oom_score_adj be lowered so far only: the daemon may be among the first to end",
                    metadata: ["wanted": "\(configuration.oomScoreAdjustment)", "is": "\(score)"])
            }
        }
        if configuration.keepsFileLimit { return }
        var limit = rlimit()
        attempt(log, "raise the limit of open files") {
            _ = try check("getrlimit", "RLIMIT_NOFILE") {
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            }
            limit.rlim_cur = limit.rlim_max
            _ = try check("setrlimit", "RLIMIT_NOFILE") {
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            }
        }
    }
}

/// Does what is not worth to stop for; a failure is told.
func attempt(_ log: Logger, _ what: Logger.Message, _ body: () throws -> Void) {
    do {
        try body()
    } catch {
        log.warning(what, metadata: ["error": "\(error)"])
    }
}

/// Reads the configuration anew when the process is told to (SIGHUP).
private struct Reloader: Service {
    let source: ConfigurationSource
    /// What the daemon started with.
    let running: CRIConfiguration
    let parts: DaemonParts
    let output: LogOutput
    let manager: ServiceManager
    let log: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            attempt(log, "tell the service manager") { try manager.reloading() }
            do {
                let configuration = try source.read(reading: .live)
                // Where it cannot be taken over, all stays as it was.
                try parts.reload(configuration)
                output.change(level: configuration.log.level, form: configuration.log.format)
                let waiting = ConfigurationKeys.waitingForStart(from: running, to: configuration)
                log.notice(
                    "configuration reloaded",
                    metadata: waiting.isEmpty
                        ? nil : ["changed_after_restart": "\(waiting.joined(separator: ","))"])
            } catch {
                log.error("configuration not reloaded: the old one stays", metadata: ["error": "\(error)"])
            }
            attempt(log, "tell the service manager") { try manager.ready("serving") }
        }
    }
}

/// Says that the end has begun. The last of the group: it is the first to be told.
private struct Farewell: Service {
    let say: @Sendable () -> Void

    func run() async throws {
        try await gracefulShutdown()
        say()
    }
}

/// The process's environment.
enum ProcessEnvironment {
    static var current: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return result
    }
}
