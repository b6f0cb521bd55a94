import ImageStore
import OCISpec

/// What commands do with registries. `swiftlet` has no network in it, so that it stays small and starts quickly:
/// its registry commands go on as `swiftlet-node`, which has.
public protocol RegistryWork: Sendable {
    /// - Throws: `UnsupportedImage`, and whatever went wrong.
    func pull(_ order: PullOrder, progress: @escaping ProgressHandler) throws -> PullAnswer
    func push(_ order: PushOrder, progress: @escaping @Sendable (PushStep) -> Void) throws -> PushAnswer
    /// Checks a credential with the registry and keeps it.
    /// - Returns: where it is kept.
    func login(_ registry: String, _ user: String, _ password: String, _ access: RegistryAccess) throws
        -> String
    /// - Returns: whether there was a credential.
    func logout(_ registry: String, _ access: RegistryAccess) throws -> Bool
    func tags(_ repository: String, _ access: RegistryAccess) throws -> [String]
}

/// What a name means in its registry is there and whole, and nothing that can run here: an artifact, a signature, an
/// image for other platforms.
public struct UnsupportedImage: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// How registries are reached.
public struct RegistryAccess: Sendable {
    /// Instead of what is stored.
    public var credential: (user: String, password: String)?
    /// Instead of the user's own files.
    public var credentialFile: String?
    /// A folder in the layout of containerd's `certs.d`, instead of the usual ones.
    public var hostsFolder: String?
    /// A trust policy, instead of the machine's.
    public var policyFile: String?
    /// Seconds that a registry may be silent; nil: as long as usual.
    public var patience: Int?
}

public struct PullOrder: Sendable {
    public var name: String
    public var platform: Platform?
    public var access: RegistryAccess
    /// The image store's folder.
    public var store: String
}

public struct PullAnswer: Sendable {
    public let image: ImageRecord
    /// Complete: `docker.io/library/busybox:latest`.
    public let reference: ImageReference
    public let digest: Digest
    public let isNew: Bool

    public init(image: ImageRecord, reference: ImageReference, digest: Digest, isNew: Bool) {
        self.image = image
        self.reference = reference
        self.digest = digest
        self.isNew = isNew
    }
}

public struct PushOrder: Sendable {
    public var image: String
    /// Nil: under its own name.
    public var destination: String?
    public var access: RegistryAccess
    /// The image store's folder.
    public var store: String
}

public struct PushAnswer: Sendable {
    public let reference: ImageReference
    public let digest: Digest
    /// Bytes of the manifest.
    public let size: Int64
    /// The one that was pushed, when other platforms of the same index are not on this machine, and so not in the
    /// registry.
    public let onlyPlatform: Platform?

    public init(reference: ImageReference, digest: Digest, size: Int64, onlyPlatform: Platform?) {
        self.reference = reference
        self.digest = digest
        self.size = size
        self.onlyPlatform = onlyPlatform
    }
}

/// How far a push is with a blob.
public enum PushStep: Sendable {
    case sending(Digest, done: Int64, total: Int64)
    case done(Digest, PushedBy, total: Int64)

    public enum PushedBy: Sendable {
        case exists, mounted, uploaded
    }
}
