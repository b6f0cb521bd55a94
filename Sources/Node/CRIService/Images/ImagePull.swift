import CRIProtocol
import GRPCCore
import Glibc
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Synchronization

/// What pulls depend on; a reload changes it for the next ones.
struct PullSettings: Sendable {
    var hostFolders: [String]
    /// Nil: root's own, else the machine's.
    var policyFile: String?
    var downloads: DownloadLimit
    /// Whose connections all pulls share.
    var connections: RegistryClient
    /// The process's, for proxies and the places of files.
    var environment: [String: String]
}

/// One pull, as one caller of the CRI asks for it. Who asks for the same image at the same time shares the downloads
/// and the unpacking, by the store.
struct ImagePull: Sendable {
    let store: ImageStore
    let settings: PullSettings

    /// - Parameter auth: for the image's registry, never for its mirrors.
    /// - Returns: the image.
    /// - Throws: `PullFailure`, `RPCError`, `RegistryError`, `ImageError`, `CancellationError` when the caller goes.
    func run(_ name: String, auth: CRIAuthConfig?) async throws -> ImageRecord {
        if name.hasPrefix("sha256:") {
            throw RPCError(code: .invalidArgument, message: "\(name) is an id: a name is wanted to pull by")
        }
        var configuration = RegistryConfiguration(environment: settings.environment)
        try configuration.readSearchRegistries(environment: settings.environment)
        configuration.hostFolders = settings.hostFolders
        // No stored credentials: root's own would show private images to everybody's pods.
        let client = RegistryClient(configuration, sharingConnectionsOf: settings.connections)
        let transfer = ImageTransfer(store: store, client: client, downloads: settings.downloads)
        let work = Task {
            do {
                return try await pull(name, auth, transfer)
            } catch {
                // What we ended is not the registry's failure.
                throw transfer.isCancelled ? CancellationError() : error
            }
        }
        return try await withTaskCancellationHandler {
            try await withRPCCancellationHandler {
                try await work.value
            } onCancelRPC: {
                Self.end(work, transfer)
            }
        } onCancel: {
            Self.end(work, transfer)
        }
    }

    private static func end(_ work: Task<ImageRecord, any Error>, _ transfer: ImageTransfer) {
        transfer.cancel()
        work.cancel()
    }

    private func pull(
        _ name: String, _ auth: CRIAuthConfig?, _ transfer: ImageTransfer
    ) async throws -> ImageRecord {
        let policy = try policy()
        do {
            let pulled = try await ShortNameSearch.first(of: try transfer.client.candidates(for: name)) {
                reference in
                let credential = try auth.flatMap { try Self.credential($0, for: reference) }
                return try await transfer.pull(
                    reference.description, credential: credential,
                    isAccepted: { try await Self.accept(policy, $0, $1, $2) })
            }
            // A kubelet goes on to ask for the image by the name that it gave.
            try transfer.store.rememberShortName(name, means: pulled.reference)
            return pulled.image
        } catch let error as RegistryError {
            throw PullFailure(error)
        }
    }

    private func policy() throws -> SignaturePolicy? {
        if let file = settings.policyFile { return try SignaturePolicy(file: file) }
        return try SignaturePolicy.standard(environment: settings.environment)
    }

    private static func accept(
        _ policy: SignaturePolicy?, _ reference: ImageReference, _ digests: [Digest],
        _ repository: Repository
    ) async throws {
        do {
            try await policy?.check(reference, digests, in: repository)
        } catch let error as RegistryError where error.kind == .denied && error.status == nil {
            throw PullFailure(.signature, "\(error)")
        }
    }

    private static func credential(
        _ auth: CRIAuthConfig, for reference: ImageReference
    ) throws -> Credential? {
        do {
            return try Credential(
                registry: reference.domain, serverAddress: auth.serverAddress, username: auth.username,
                password: auth.password, auth: auth.auth, identityToken: auth.identityToken,
                registryToken: auth.registryToken)
        } catch {
            throw RPCError(code: .invalidArgument, message: "auth: \(error)")
        }
    }
}

/// A pull's failure for which the CRI has a word of its own. The kubelet finds the word at the beginning of a message
/// whose code is `unknown`, and shows it as the reason that the container waits for.
struct PullFailure: RPCStatusConvertible {
    enum Reason: String {
        case registry = "RegistryUnavailable"
        case signature = "SignatureValidationFailed"
    }

    private let reason: Reason?
    private let message: String
    let rpcCode: RPCError.Code

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
        rpcCode = .unknown
    }

    init(_ error: RegistryError) {
        reason = [.unreachable, .server].contains(error.kind) ? .registry : nil
        message = error.description
        rpcCode = error.rpcCode
    }

    var description: String { reason.map { "\($0.rawValue): \(message)" } ?? message }
}
