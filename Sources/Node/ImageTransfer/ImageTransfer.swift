import ImageStore
import OCISpec
import RegistryClient
import Synchronization

/// Images between registries and the store of this machine.
public final class ImageTransfer: Sendable {
    public let store: ImageStore
    public let client: RegistryClient
    let downloads: DownloadLimit?
    private let isEnded = Atomic(false)
    private let sessions = Mutex<[ObjectIdentifier: ImportSession]>([:])

    /// - Parameters:
    ///   - client: stays the caller's, who closes it.
    ///   - downloads: how many layers are downloaded at once, by all who share the limit; nil: three an image.
    public init(store: ImageStore, client: RegistryClient, downloads: DownloadLimit? = nil) {
        self.store = store
        self.client = client
        self.downloads = downloads
    }

    /// Nobody wants it any more: pulls end with `CancellationError` as soon as something happens to them, and what
    /// they have downloaded stays for the next one.
    public func cancel() {
        let running = sessions.withLock { sessions in
            isEnded.store(true, ordering: .relaxed)
            return Array(sessions.values)
        }
        for session in running { session.cancel() }
    }

    /// Lets `cancel` find a session while `body` works with it.
    func withSession<Result>(_ session: ImportSession, _ body: () throws -> Result) throws -> Result {
        try sessions.withLock { sessions in
            try checkWanted()
            sessions[ObjectIdentifier(session)] = session
        }
        defer { sessions.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(session)) } }
        return try body()
    }

    public var isCancelled: Bool { isEnded.load(ordering: .relaxed) }

    func checkWanted() throws {
        if isCancelled { throw CancellationError() }
    }
}

/// An image that was pulled.
public struct PulledImage: Sendable {
    public let image: ImageRecord
    /// Where it was found.
    public let reference: ImageReference
    /// What the reference named there: an index or a manifest.
    public let digest: Digest
    /// Whether the name means something else now than before.
    public let isNew: Bool
}

/// An image that was pushed.
public struct PushedImage: Sendable {
    public let reference: ImageReference
    /// Of the manifest, or of the index that was pushed with it.
    public let descriptor: Descriptor
    /// The one that was pushed, when others of the same index stayed behind, since they are not on this machine.
    public let onlyPlatform: Platform?
}

/// How far a push is with a blob.
public enum PushProgress: Sendable {
    case sending(Digest, done: Int64, total: Int64)
    case done(Digest, BlobPushOutcome, total: Int64)
}
