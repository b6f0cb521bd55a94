import Glibc
import ImageStore
import ImageTransfer
import NIOCore
import OCISpec
import RegistryClient
import SwiftletCommands
import Synchronization

/// Does the commands' work with registries: each call is a client of its own, and blocks until it is done.
struct Registries: RegistryWork {
    func pull(_ order: PullOrder, progress: @escaping ProgressHandler) throws -> PullAnswer {
        let credential = Self.credential(order.access)
        let policy =
            try order.access.policyFile.map { try SignaturePolicy(file: $0) }
            ?? SignaturePolicy.standard(environment: Self.environment)
        let pulled: PulledImage
        do {
            pulled = try Self.withClient(order.access) { client in
                let transfer = ImageTransfer(store: try ImageStore(root: order.store), client: client)
                return try await transfer.pull(
                    order.name, platform: order.platform, credential: credential,
                    isAccepted: { try await policy?.check($0, $1, in: $2) }, progress: progress)
            }
        } catch let error as RegistryError where error.kind == .unsupported {
            throw UnsupportedImage("\(error)")
        } catch let error as ImageError where error.kind == .unsupported {
            throw UnsupportedImage("\(error)")
        }
        return PullAnswer(
            image: pulled.image, reference: pulled.reference, digest: pulled.digest, isNew: pulled.isNew)
    }

    func push(_ order: PushOrder, progress: @escaping @Sendable (PushStep) -> Void) throws -> PushAnswer {
        let credential = Self.credential(order.access)
        let pushed = try Self.withClient(order.access) { client in
            let transfer = ImageTransfer(store: try ImageStore(root: order.store), client: client)
            return try await transfer.push(order.image, to: order.destination, credential: credential) {
                progress(Self.step($0))
            }
        }
        return PushAnswer(
            reference: pushed.reference, digest: pushed.descriptor.digest, size: pushed.descriptor.size,
            onlyPlatform: pushed.onlyPlatform)
    }

    private static func step(_ progress: PushProgress) -> PushStep {
        switch progress {
        case .sending(let digest, let done, let total): return .sending(digest, done: done, total: total)
        case .done(let digest, let outcome, let total):
            let how: PushStep.PushedBy =
                switch outcome {
                case .exists: .exists
                case .mounted: .mounted
                case .uploaded: .uploaded
                }
            return .done(digest, how, total: total)
        }
    }

    // MARK: Credentials

    func login(
        _ registry: String, _ user: String, _ password: String, _ access: RegistryAccess
    ) throws -> String {
        let credential = Credential.basic(username: user, password: password)
        let store = Self.credentials(access)
        return try Self.withClient(access) { client in
            try await client.ping(CredentialStore.registry(of: registry), credential: credential)
            return try await store.save(credential, for: registry)
        }
    }

    func logout(_ registry: String, _ access: RegistryAccess) throws -> Bool {
        let store = Self.credentials(access)
        return try waiting { try await store.remove(for: registry) }
    }

    func tags(_ repository: String, _ access: RegistryAccess) throws -> [String] {
        let credential = Self.credential(access)
        return try Self.withClient(access) { client in
            try await ShortNameSearch.first(of: try client.candidates(for: repository)) { reference in
                try await client.repository(reference, credential: credential).tags()
            }
        }
    }

    // MARK: Clients

    private static func credential(_ access: RegistryAccess) -> Credential? {
        access.credential.map { .basic(username: $0.user, password: $0.password) }
    }

    private static func credentials(_ access: RegistryAccess) -> CredentialStore {
        CredentialStore(environment: environment, file: access.credentialFile)
    }

    private static func withClient<Result: Sendable>(
        _ access: RegistryAccess, _ body: @escaping @Sendable (RegistryClient) async throws -> Result
    ) throws -> Result {
        var configuration = RegistryConfiguration(environment: environment)
        try configuration.readSearchRegistries(environment: environment)
        if let folder = access.hostsFolder { configuration.hostFolders = [folder] }
        if let seconds = access.patience {
            let patience = TimeAmount.seconds(Int64(seconds))
            configuration.timeouts.connect = min(configuration.timeouts.connect, patience)
            configuration.timeouts.headers = patience
            configuration.timeouts.idle = patience
        }
        let client = RegistryClient(configuration, credentials: credentials(access))
        return try waiting {
            do {
                let result = try await body(client)
                await client.close()
                return result
            } catch {
                await client.close()
                throw error
            }
        }
    }

    private static var environment: [String: String] {
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
