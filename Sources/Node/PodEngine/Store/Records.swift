import ContainerCLI
import LinuxKernel

/// A sandbox as the database has it.
struct SandboxRecord: Codable, Sendable {
    enum Phase: String, Codable {
        /// Being made. Found at a start, it is undone.
        case making
        case ready
        /// Stopped, or its shim is gone: it will not be ready again.
        case stopped
        /// Its record cannot be read, and this one stands in its place, in memory alone. What is there of it goes on
        /// until somebody stops it.
        case unrecorded
    }

    let id: String
    /// Nanoseconds since 1970.
    let createdAt: Int64
    /// In which it was made: nothing of another boot's is there any more.
    let bootID: String
    var spec: SandboxSpec
    /// The runtime of its containers, whatever the handler that it names, or names not, comes to mean later. Nil as an
    /// earlier version has written it, until `nameRuntimes`.
    var runtime: String?
    let cgroupParent: String
    var phase: Phase
    var network: NetworkOfPod?
    var namespaces = SandboxNamespaces()
}

/// What a pod has of the network, and who gave it.
struct NetworkOfPod: Codable, Sendable {
    enum Maker: String, Codable, Sendable {
        case builtin
        case cni
    }
    let maker: Maker
    /// Empty while it is being connected.
    var addresses: [String] = []
}

/// A container as the database has it. Its live state is its shim's: `status.json` in its folder.
struct ContainerRecord: Codable, Sendable {
    let id: String
    let sandboxID: String
    let createdAt: Int64
    var spec: ContainerSpec
    let imageID: String
    let logPath: String?
    let terminal: Bool
    let takesInput: Bool
    /// On the host, below the container's folder.
    let mounts: [String]
    /// What its definition says of images, for when that is damaged; nil as earlier versions have written it.
    var images: NeededImages?
}

/// The images that a container needs as long as it is there.
struct NeededImages: Codable, Sendable {
    /// The topmost snapshot of its own; nil for an image without layers.
    let topChain: String?
    let platform: String
    let mounted: [Mounted]

    struct Mounted: Codable, Sendable {
        let id: String
        let topChain: String?
    }

    /// What is said of them in a definition.
    func note(in definition: inout ContainerDefinition) {
        definition.imageChain = topChain
        definition.volumeImages = mounted.map {
            ContainerDefinition.VolumeImage(imageID: $0.id, imageChain: $0.topChain)
        }
    }
}
