import LinuxKernel

/// A sandbox as the database has it.
struct SandboxRecord: Codable, Sendable {
    enum Phase: String, Codable {
        /// Being made. Found at a start, it is undone.
        case making
        case ready
        /// Stopped, or lost: it will not be ready again.
        case stopped
    }

    let id: String
    /// Nanoseconds since 1970.
    let createdAt: Int64
    /// In which it was made: nothing of another boot's is there any more.
    let bootID: String
    var spec: SandboxSpec
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
}
