import CRIProtocol
import CRIService
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import ImageStore
import LinuxKernel
import Synchronization
import Testing

typealias ImageClient = CRIImageService.Client<HTTP2ClientTransport.Posix>

/// The image service of a test's own behind a real socket, in this process.
final class ImageHost: Sendable {
    let folder: ScratchFolder
    let store: ImageStore
    let metrics = MetricsRegistry()
    let service: ImageService
    let socket: String
    /// What the service is told of containers.
    let containers = Mutex<[ContainerUse]>([])
    private let log: FileDescriptor

    /// - Parameter change: what is not as by default.
    init(chunk: Int = 100, _ change: (inout CRIConfiguration, ScratchFolder) throws -> Void = { _, _ in })
        throws
    {
        folder = try ScratchFolder()
        socket = folder.path + "/run/cri.sock"
        var configuration = CRIConfiguration()
        configuration.root = folder.path + "/lib"
        configuration.state = folder.path + "/run"
        configuration.log.level = .debug
        configuration.registry.certificateFolders = [folder.path + "/certs.d"]
        configuration.registry.policyFile = try folder.write(
            "policy.json", #"{"default": [{"type": "insecureAcceptAnything"}]}"#)
        try change(&configuration, folder)
        store = try ImageStore(root: configuration.imageStore)
        log = try FileDescriptor.open(folder.path + "/log", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        let uses = Uses()
        service = ImageService(
            store, configuration, environment: [:],
            containers: ContainerLedger(
                uses: { uses.host?.containers.withLock { $0 } ?? [] },
                written: { [root = configuration.root] in .init(folder: root, bytes: 4096, inodes: 7) }),
            metrics: metrics, log: LogOutput(level: .debug, descriptor: log.raw).logger("images"),
            chunk: chunk)
        uses.host = self
    }

    private final class Uses: @unchecked Sendable {
        weak var host: ImageHost?
    }

    /// Serves while `body` is a client.
    func serve<Result: Sendable>(
        _ body: @Sendable @escaping (ImageClient) async throws -> Result
    ) async throws -> Result {
        let listening = try ListeningSocket(socket)
        let server = CRIServer(
            listening, services: [service], log: LogOutput(level: .debug, descriptor: log.raw).logger("rpc"),
            metrics: metrics)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let result = try await Self.client(socket, body)
            group.cancelAll()
            // A server that is cancelled says so.
            do { try await group.waitForAll() } catch is CancellationError {}
            try listening.remove()
            return result
        }
    }

    static func client<Result: Sendable>(
        _ socket: String, _ body: @Sendable @escaping (ImageClient) async throws -> Result
    ) async throws -> Result {
        let transport = try HTTP2ClientTransport.Posix(
            target: .unixDomainSocket(path: socket), transportSecurity: .plaintext)
        return try await withGRPCClient(transport: transport) { client in
            try await body(ImageClient(wrapping: client))
        }
    }

    /// What was logged so far.
    var lines: [String] {
        get throws { try folder.read("log").split(separator: "\n").map(String.init) }
    }

    @discardableResult
    func load(_ name: String, content: String = "x", user: String? = nil) throws -> ImageRecord {
        let layout = try TestImages.layout(in: folder, name: name, content: content, user: user)
        return try store.load(.path(layout))[0].image
    }
}

extension ImageClient {
    func list(_ filter: String = "") async throws -> [CRIImage] {
        var request = CRIListImagesRequest()
        if !filter.isEmpty { request.filter.image.image = filter }
        return try await listImages(request).images
    }

    func status(_ name: String, verbose: Bool = false) async throws -> CRIImageStatusResponse {
        var request = CRIImageStatusRequest()
        request.image.image = name
        request.verbose = verbose
        return try await imageStatus(request)
    }

    func pull(_ name: String, _ auth: CRIAuthConfig? = nil) async throws -> String {
        var request = CRIPullImageRequest()
        request.image.image = name
        if let auth { request.auth = auth }
        return try await pullImage(request).imageRef
    }

    func remove(_ name: String) async throws {
        var request = CRIRemoveImageRequest()
        request.image.image = name
        _ = try await removeImage(request)
    }
}

/// The status that a call ends with; records an issue when it succeeds.
func status(
    sourceLocation: SourceLocation = #_sourceLocation, of body: () async throws -> some Any
) async -> RPCError? {
    do {
        _ = try await body()
        Issue.record("the call succeeded", sourceLocation: sourceLocation)
        return nil
    } catch let error as RPCError {
        return error
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return nil
    }
}
