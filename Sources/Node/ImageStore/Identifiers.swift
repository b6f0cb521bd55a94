import OCISpec

/// Names a stack of unpacked layers by everything in it, from the bottom up (image-spec config.md, "Layer
/// ChainID"). A layer that lies on other layers is another snapshot: what it shows depends on them.
public struct ChainID: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) {
        self.digest = digest
    }

    public var description: String { digest.description }

    /// The chain of each layer of an image whose uncompressed layers have these digests, bottom first.
    public static func chains(of diffIDs: [Digest]) -> [ChainID] {
        var chains: [ChainID] = []
        for diffID in diffIDs {
            guard let below = chains.last else {
                chains.append(ChainID(diffID))
                continue
            }
            chains.append(ChainID(DigestHasher.digest(of: Array("\(below) \(diffID)".utf8))))
        }
        return chains
    }
}

/// What an image is, in the store.
public struct ImageRecord: Sendable, Equatable {
    /// Digest of the configuration: what Docker and podman show as the image's id.
    public let id: Digest
    /// Digest of the manifest.
    public let manifest: Digest
    /// Its names, sorted, each with a tag.
    public let names: [ImageReference]
    /// Names with a digest instead of a tag, that it was pulled by.
    public let digestNames: [ImageReference]
    /// Which of the names are pinned by hand: no collection removes the image as long as it has one.
    public let pinned: [ImageReference]
    /// Which of the names the node's configuration pins.
    public let kept: [ImageReference]
    /// Names with the digest that they were given for, `busybox@sha256:…`.
    public let digests: [ImageReference]
    public let platform: Platform
    /// Bytes of its unpacked files.
    public let size: Int64
    /// When it was built, as the configuration says it (RFC 3339).
    public let created: String?
    /// When it came into this store, in seconds since 1970.
    public let imported: Int64
    /// The topmost snapshot; nil for an image without layers.
    public let topChain: ChainID?

    /// Without any name.
    public var isDangling: Bool { names.isEmpty && digestNames.isEmpty }
    public var isPinned: Bool { !pinned.isEmpty || !kept.isEmpty }

    /// What lists call it: its names, and a digest that it was pulled by for each repository where it has no tag.
    public var listedNames: [ImageReference] {
        var places = Set(names.map(\.place))
        return names + digestNames.filter { places.insert($0.place).inserted }
    }

    /// A familiar name, else the short id.
    public var shownName: String { (names + digestNames).first?.familiar ?? id.short }
}

/// An image that came in.
public struct LoadedImage: Sendable {
    public let image: ImageRecord
    /// The names that the archive had for it; empty for an image without a name.
    public let names: [ImageReference]
}

/// A container that needs an image. The store knows no containers: who removes images tells it.
public struct ContainerUse: Sendable, Equatable {
    public enum Need: Sendable, Equatable {
        /// An image by its id; the snapshot is its topmost one, nil for an image without layers.
        case image(Digest, topChain: ChainID?)
        /// The folders of a root file system, topmost first, of a container whose image nobody knows any more: every
        /// image that has just these layers may be the one.
        case layers([String])
    }

    /// What messages call the container.
    public var container: String
    public var need: Need
    public var isRunning: Bool

    public init(container: String, image: Digest, topChain: ChainID?, isRunning: Bool) {
        self.container = container
        need = .image(image, topChain: topChain)
        self.isRunning = isRunning
    }

    public init(container: String, layers: [String], isRunning: Bool) {
        self.container = container
        need = .layers(layers)
        self.isRunning = isRunning
    }
}

/// One line of what a removal did, in Docker's words.
public enum RemovalEvent: Sendable, Equatable, CustomStringConvertible {
    case untagged(String)
    case deleted(Digest)

    public var description: String {
        switch self {
        case .untagged(let name): "Untagged: \(name)"
        case .deleted(let id): "Deleted: \(id)"
        }
    }
}

/// The layers that a container's root file system stands on.
public struct RootFilesystem: Sendable, Equatable {
    /// Absolute paths, the topmost first; never empty.
    public let lowerDirectories: [String]
    /// Nil for an image without layers.
    public let topChain: ChainID?

    /// - Parameter numbers: of the snapshots, the topmost first; none for an image without layers.
    init(numbers: [Int64], topChain: ChainID?, storePath: String) {
        lowerDirectories =
            numbers.isEmpty
            ? [storePath + "/empty"] : numbers.map { storePath + "/" + StoreFolder.snapshotPath($0) }
        self.topChain = topChain
    }
}

/// How far an import is.
public enum ImportProgress: Sendable, Equatable {
    /// A layer: bytes of its packed form that are done, of how many in all.
    case layer(Digest, LayerPhase, done: Int64, total: Int64)
    /// Something to tell the user, one line.
    case message(String)
}

public enum LayerPhase: Sendable, Equatable {
    /// Another process is importing the same layer.
    case waiting
    /// Bytes come over the network; unpacking goes on at the same time.
    case downloading
    case unpacking
    case done
    /// It was there already.
    case exists
}

public typealias ProgressHandler = @Sendable (ImportProgress) -> Void
