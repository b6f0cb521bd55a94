import CRIProtocol
import ContainerCLI
import ContainerRuntime
import GRPCCore
import ImageStore
import LinuxKernel
import Logging
import PodEngine
import PodNetwork
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
        /// By runtime; the default for one that is not there.
        public let annotations: [String: PassedAnnotations]
        public let execOutputLimit: Int
        public let phase: ServingPhase
        public let facts: @Sendable () -> NodeFacts

        public init(
            engine: PodEngine, streaming: StreamingServer, log: Logger,
            annotations: [String: PassedAnnotations], execOutputLimit: Int, phase: ServingPhase,
            facts: @escaping @Sendable () -> NodeFacts
        ) {
            self.engine = engine
            self.streaming = streaming
            self.log = log
            self.annotations = annotations
            self.execOutputLimit = execOutputLimit
            self.phase = phase
            self.facts = facts
        }
    }

    let parts: Parts
    let samples = UsageSamples()
    let unreadable = ComplaintBook()

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
        response.runtimeHandlers = await Self.onThread { handlers(facts) }
        response.features.supplementalGroupsPolicy = true
        response.features.userNamespacesHostNetwork = facts.hasUserNamespaces
        if request.verbose {
            response.info = try info(facts)
            // By the name that it has with containerd.
            response.info["lastCNILoadStatus"] = await Self.onThread { engine.networks.configurationStatus() }
        }
        return response
    }

    /// All handlers, the default one first under the empty name. Blocks where a runtime is asked for the first time.
    private func handlers(_ facts: NodeFacts) -> [CRIRuntimeHandler] {
        let settings = engine.settings
        let names = ["", PodEngine.Settings.builtinRuntime] + settings.runtimes.keys.sorted()
        return names.map { name in
            var handler = CRIRuntimeHandler()
            handler.name = name
            let isBuiltin = settings.runtimeName(of: name) == PodEngine.Settings.builtinRuntime
            // Features of a runtime that does not tell any are unknown, and not missing.
            let claims = engine.claims(ofHandler: name)
            if !isBuiltin, claims == nil { return handler }
            handler.features = CRIRuntimeHandlerFeatures(facts, claims)
            return handler
        }
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
            var word = word.drop { $0 == " " }
            while word.last == " " { word.removeLast() }
            guard let range = IPPrefix(String(word)) else {
                throw RPCError(
                    code: .invalidArgument,
                    message: "runtime_config.network_config.pod_cidr: '\(word)' is no range of addresses")
            }
            return range
        }
        guard !ranges.isEmpty else { return CRIUpdateRuntimeConfigResponse() }
        let isUsed = try await Self.onThread { try engine.setPodRanges(ranges) }
        if !isUsed {
            parts.log.notice(
                "the cluster's addresses for pods are not used: builtin_network.pod_cidrs has chosen others",
                metadata: ["pod_cidr": "\(text)"])
        }
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

extension CRIRuntimeHandlerFeatures {
    /// What a runtime's pods can have on this node.
    /// - Parameter claims: nil for the built-in one.
    package init(_ facts: NodeFacts, _ claims: RuntimeClaims?) {
        self.init()
        recursiveReadOnlyMounts = claims?.hasRecursiveReadOnlyMounts ?? true && facts.setsMountsBelow
        userNamespaces = claims?.hasUserNamespaces ?? true && facts.hasUserNamespaces
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

extension NetworkError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .taken: .alreadyExists
        case .invalid: .invalidArgument
        case .other: .unknown
        }
    }
}

extension StreamingError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .tooManyRequests, .limit: .resourceExhausted
        case .notRunning: .unavailable
        case .invalid: .invalidArgument
        case .timeout: .deadlineExceeded
        case .clientLeft, .protocolViolation, .configuration: .unknown
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

extension ImageVolumeFailure: RPCStatusConvertible {
    public var rpcCode: RPCError.Code { RPCError.status(for: cause).code }
}
