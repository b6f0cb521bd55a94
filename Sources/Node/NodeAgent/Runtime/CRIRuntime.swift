import CRIProtocol
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import HTTP2Pings
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The container runtime behind a CRI socket: Swiftlet's own, containerd, CRI-O. Every call has a deadline.
package final class CRIRuntime: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    /// How long calls may take.
    package struct Deadlines: Sendable {
        /// What makes, starts, removes and asks; the kubelet's `runtimeRequestTimeout`.
        package var request: Duration
        /// From a sandbox's stop until its network is gone.
        package var sandboxStop: Duration = .seconds(240)
        /// No byte of an image for this long ends its pull.
        package var pull: Duration = .seconds(30 * 60)

        package init(request: Duration = .seconds(120)) { self.request = request }
    }

    /// The largest message, in bytes: a list of all containers of a node in one.
    private static let largestMessage = 16 << 20

    /// The longest time of a call. Pods may name grace periods that no clock can count.
    private static let longestTime = Duration.seconds(1 << 30)

    package let endpoint: String
    private let client: GRPCClient<Transport>
    /// Of another service for images, where one is named.
    private let imageClient: GRPCClient<Transport>?
    let runtime: CRIRuntimeService.Client<Transport>
    let images: CRIImageService.Client<Transport>
    let deadlines: Deadlines
    let log: Logger
    /// Of numbers of pods.
    let podStatsAbsence = Mutex(Absence())
    /// What was asked of it.
    let counters = AgentCounters()

    /// - Parameter endpoint: the path of the socket; `unix://` may stand before it.
    /// - Parameter imageEndpoint: of another image service; empty for none.
    /// - Throws: `SocketPathError` for a path that no client can connect to.
    package init(
        endpoint: String, imageEndpoint: String = "", deadlines: Deadlines = Deadlines(),
        log: Logger
    ) throws {
        self.endpoint = Self.path(endpoint)
        for path in [self.endpoint, Self.path(imageEndpoint)] where path.utf8.count > SocketPathError.longest
        {
            throw SocketPathError(path: path)
        }
        self.deadlines = deadlines
        self.log = log
        client = try Self.client(self.endpoint)
        let isOther = !imageEndpoint.isEmpty && Self.path(imageEndpoint) != self.endpoint
        imageClient = isOther ? try Self.client(Self.path(imageEndpoint)) : nil
        runtime = CRIRuntimeService.Client(wrapping: client)
        images = CRIImageService.Client(wrapping: imageClient ?? client)
    }

    private static func path(_ endpoint: String) -> String {
        let scheme = "unix://"
        return endpoint.hasPrefix(scheme) ? String(endpoint.dropFirst(scheme.count)) : endpoint
    }

    private static func client(_ path: String) throws -> GRPCClient<Transport> {
        var configuration = Transport.Config.defaults
        // The daemon may be away for a moment: it is asked again soon, and not after a minute.
        configuration.backoff = .init(
            initial: .milliseconds(50), max: .seconds(1), multiplier: 1.6, jitter: 0.2)
        configuration.connection.maxIdleTime = nil
        configuration.channelDebuggingCallbacks.onCreateTCPConnection = { PingAnswerer.add(to: $0, .client) }
        return GRPCClient(
            transport: try Transport(
                target: .unixDomainSocket(path: path), transportSecurity: .plaintext, config: configuration))
    }

    /// Keeps the connections until the task is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in [client, imageClient].compactMap({ $0 }) {
                group.addTask { try await Self.run(client) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Until this task is cancelled: then no new calls begin, and those under way, which are cancelled as well, end.
    ///
    /// The connection has a task of its own, which is not cancelled at once: the library would leave a call that is
    /// about to wait for a connection waiting for ever (`GRPCChannel.enqueue` of grpc-swift-nio-transport 2, where it
    /// is cancelled just before and the channel is idle).
    private static func run(_ client: GRPCClient<Transport>) async throws {
        let connections = Task { try await client.runConnections() }
        try await withTaskCancellationHandler {
            try await connections.value
        } onCancel: {
            client.beginGracefulShutdown()
            Task {
                // For calls that nobody has cancelled.
                try await Task.sleep(for: .seconds(1))
                connections.cancel()
            }
        }
    }

    func options(_ timeout: Duration, waits: Bool = false) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = min(timeout, Self.longestTime)
        options.waitForReady = waits
        options.maxResponseMessageBytes = Self.largestMessage
        options.maxRequestMessageBytes = Self.largestMessage
        return options
    }

    /// One call by its name, with errors of ours.
    func call<Answer: Sendable>(
        _ name: String, timeout: Duration? = nil, _ body: (CallOptions) async throws -> Answer
    ) async throws(RuntimeError) -> Answer {
        let start = ContinuousClock.now
        do {
            let answer = try await body(options(timeout ?? deadlines.request))
            counters.called(name, took: .now - start, isError: false)
            return answer
        } catch {
            counters.called(name, took: .now - start, isError: true)
            throw RuntimeError(name, error)
        }
    }

    // MARK: The runtime itself

    package func version() async throws(RuntimeError) -> CRIVersionResponse {
        try await call("Version") { try await self.runtime.version(.with { $0.version = "v1" }, options: $0) }
    }

    package func status(isVerbose: Bool = false) async throws(RuntimeError) -> CRIStatusResponse {
        try await call("Status") {
            try await self.runtime.status(.with { $0.verbose = isVerbose }, options: $0)
        }
    }

    /// - Returns: nil where the runtime does not say (CRI before 1.28).
    package func cgroupDriver() async throws(RuntimeError) -> CRICgroupDriver? {
        do {
            let answer = try await call("RuntimeConfig") {
                try await self.runtime.runtimeConfig(CRIRuntimeConfigRequest(), options: $0)
            }
            return answer.hasLinux ? answer.linux.cgroupDriver : nil
        } catch  where error.isUnimplemented {
            return nil
        }
    }

    package func update(podCIDR: String) async throws(RuntimeError) {
        _ = try await call("UpdateRuntimeConfig") {
            try await self.runtime.updateRuntimeConfig(
                .with { $0.runtimeConfig.networkConfig.podCidr = podCIDR }, options: $0)
        }
    }
}

/// A path that does not fit into the address of a socket (unix(7)).
package struct SocketPathError: Error, CustomStringConvertible {
    static let longest = 107
    let path: String

    package var description: String {
        "the runtime's socket \(path): its path has \(path.utf8.count) bytes, and a socket's has at most \(Self.longest)"
    }
}
