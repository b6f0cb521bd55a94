import ContainerCLI
import ContainerShim
import ImageStore
import OCISpec

/// What a container is to be, beside what its bundle says. Kept in the database as long as the container.
public struct ContainerSpec: Codable, Equatable, Sendable {
    public var name: String
    public var attempt: UInt32
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// The image as it was asked for.
    public var image: String
    /// What the engine's user wants to find again; the engine does not look into it.
    public var details: [UInt8] = []

    public init(name: String, attempt: UInt32, image: String) {
        self.name = name
        self.attempt = attempt
        self.image = image
    }
}

/// What the engine has made for a container whose bundle is to be written.
public struct ContainerDraft: ~Copyable {
    public let id: String
    /// The container's folder; what lies in it goes with the container.
    public let folder: String
    /// The mounted root file system.
    public let rootPath: String
    public let image: ImageFacts
    public let sandbox: SandboxState
}

/// What a container needs to know of its image.
public struct ImageFacts: Sendable {
    /// Digest of the configuration.
    public let id: String
    /// With tags, and with digests in registries, both in their order.
    public let names: [String]
    public let digests: [String]
    public let configuration: ImageConfig
}

/// What the engine's user makes of a draft.
public struct ContainerBundle: Sendable {
    /// The bundle's config.json.
    public var configuration: RuntimeSpec
    public var terminal = false
    public var input = Supervision.Input.none
    /// Where the output goes; nil for nowhere.
    public var logPath: String?
    public var stopSignal: Int32
    /// Replaces the specification's details.
    public var details: [UInt8]
    /// Mounts on the host below the container's folder, which go with it.
    public var mounts: [String] = []
    /// Images that are mounted in it.
    public var volumes: [VolumeImage] = []
    /// The program with its arguments, for people.
    public var command: [String] = []

    public init(configuration: RuntimeSpec, stopSignal: Int32, details: [UInt8]) {
        self.configuration = configuration
        self.stopSignal = stopSignal
        self.details = details
    }
}

/// An image that a container has mounted. Held by this value until the container's definition, which names it, keeps it.
public final class VolumeImage: Sendable {
    private let image: HeldImage

    /// - Parameters:
    ///   - name: as for `HeldImage.find`, as are the errors.
    ///   - root: of the image store.
    public init(_ name: String, root: String) throws {
        image = try HeldImage.find(name, root: root)
    }

    /// Digest of the configuration.
    public var id: String { "\(image.id)" }

    /// `REPOSITORY@DIGEST`, and names with tags.
    public var digests: [String] { image.digests }
    public var names: [String] { image.names }

    /// Of its layers, topmost first.
    public var folders: [String] { image.rootFilesystem.lowerDirectories }

    var needed: NeededImages.Mounted {
        NeededImages.Mounted(id: id, topChain: image.rootFilesystem.topChain.map { "\($0)" })
    }
}
