import CRIProtocol
import ContainerCLI
import ContainerRuntime
import GRPCCore
import ImageStore
import LinuxKernel
import Logging
import PodEngine
import StreamingServer
import Synchronization

/// The CRI's RuntimeService: what a kubelet asks about pods and containers, translated for the engine.
///
/// Calls are idempotent as the kubelet needs them: to stop or to remove what is gone succeeds.
public struct RuntimeService: CRIRuntimeService.SimpleServiceProtocol {
    /// What can change while it serves.
    public struct Parts: Sendable {
        public let engine: PodEngine
        public let streaming: StreamingServer
        public let log: Logger
        /// Names of the runtimes beside the built-in one, which has the empty name and this one.
        public let defaultRuntime: String
        public let runtimes: [String]
        public let execOutputLimit: Int
        public let facts: @Sendable () -> NodeFacts

        public init(
            engine: PodEngine, streaming: StreamingServer, log: Logger,
            defaultRuntime: String, runtimes: [String], execOutputLimit: Int,
            facts: @escaping @Sendable () -> NodeFacts
        ) {
            self.engine = engine
            self.streaming = streaming
            self.log = log
            self.defaultRuntime = defaultRuntime
            self.runtimes = runtimes
            self.execOutputLimit = execOutputLimit
            self.facts = facts
        }
    }

    let parts: Parts
    let samples = UsageSamples()

    public init(_ parts: Parts) {
        self.parts = parts
    }

    var engine: PodEngine { parts.engine }

    // MARK: The service itself

    public func version(
        request: CRIVersionRequest, context: ServerContext
    ) async throws -> CRIVersionResponse {
        var response = CRIVersionResponse()
        response.version = "0.1.0"
        response.runtimeName = "swiftlet"
        response.runtimeVersion = SwiftletVersion.text
        response.runtimeApiVersion = "v1"
        return response
    }

    public func status(request: CRIStatusRequest, context: ServerContext) async throws -> CRIStatusResponse {
        var response = CRIStatusResponse()
        let network = await Self.onThread { engine.networks.readiness() }
        var runtimeReady = CRIRuntimeCondition()
        runtimeReady.type = "RuntimeReady"
        runtimeReady.status = true
        var networkReady = CRIRuntimeCondition()
        networkReady.type = "NetworkReady"
        networkReady.status = network.isReady
        networkReady.reason = network.reason
        networkReady.message = network.message
        response.status.conditions = [runtimeReady, networkReady]

        let facts = parts.facts()
        for name in ["", parts.defaultRuntime] + parts.runtimes {
            var handler = CRIRuntimeHandler()
            handler.name = name
            // mount_setattr(2), and its mapping of overlayfs' layers. The built-in runtime has both; of others nobody knows before a container is made.
            let isBuiltin = name.isEmpty || name == parts.defaultRuntime
            handler.features.recursiveReadOnlyMounts = isBuiltin && facts.kernel >= KernelVersion(5, 12)
            handler.features.userNamespaces = isBuiltin && facts.kernel >= KernelVersion(5, 19)
            response.runtimeHandlers.append(handler)
        }
        response.features.supplementalGroupsPolicy = true
        if request.verbose { response.info = try info(facts) }
        return response
    }

    private func info(_ facts: NodeFacts) throws -> [String: String] {
        [
            "cgroupDriver": facts.cgroupDriver.rawValue,
            "sandboxes": "\(engine.sandboxes().count)",
            "containers": "\(try engine.containers().count)",
            "root": engine.layout.state.root,
            "state": engine.layout.state.state,
        ]
    }

    public func runtimeConfig(
        request: CRIRuntimeConfigRequest, context: ServerContext
    ) async throws -> CRIRuntimeConfigResponse {
        var response = CRIRuntimeConfigResponse()
        response.linux.cgroupDriver = parts.facts().cgroupDriver == .systemd ? .systemd : .cgroupfs
        return response
    }

    public func updateRuntimeConfig(
        request: CRIUpdateRuntimeConfigRequest, context: ServerContext
    ) async throws -> CRIUpdateRuntimeConfigResponse {
        let text = request.runtimeConfig.networkConfig.podCidr
        let ranges = try text.split(separator: ",").map { word in
            guard let range = IPPrefix(String(word)) else {
                throw RPCError(
                    code: .invalidArgument,
                    message: "runtime_config.network_config.pod_cidr: '\(word)' is no range of addresses")
            }
            return range
        }
        guard !ranges.isEmpty else { return CRIUpdateRuntimeConfigResponse() }
        try await Self.onThread { try engine.networks.setPodRanges(ranges) }
        return CRIUpdateRuntimeConfigResponse()
    }

    // MARK: Threads

    /// Work that blocks for a moment.
    static func onThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try DetachedThread.start { continuation.resume(with: Swift.Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            do {
                try DetachedThread.start { continuation.resume(returning: body()) }
            } catch {
                continuation.resume(returning: body())
            }
        }
    }
}

extension EngineError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .invalid: .invalidArgument
        case .wrongState: .failedPrecondition
        case .timedOut: .deadlineExceeded
        case .unavailable: .unavailable
        case .refused: .unknown
        }
    }
}

extension TranslationError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .failedPrecondition: .failedPrecondition
        }
    }
}
