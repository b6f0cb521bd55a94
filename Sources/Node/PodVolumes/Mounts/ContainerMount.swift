import KubernetesAPI

/// What a container sees at a path of its own; one CRI `Mount`.
package struct ContainerMount: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// A file or folder of the node's.
        case path(String)
        /// An image, to be there before the container is made; `subPath` is inside of it, or empty.
        case image(reference: String, pullPolicy: PullPolicy, subPath: String)
    }

    /// The volume's name; empty for what no volume is, like /etc/hosts.
    package var volume: String
    package var containerPath: String
    package var source: Source
    package var isReadOnly: Bool
    /// What is mounted below it is read-only, too.
    package var isRecursivelyReadOnly: Bool
    package var propagation: MountPropagationMode
    /// `bindMountOptions`, for a runtime that knows them.
    package var options: [String]

    package init(
        volume: String = "", containerPath: String, source: Source, isReadOnly: Bool = false,
        isRecursivelyReadOnly: Bool = false, propagation: MountPropagationMode = .none, options: [String] = []
    ) {
        self.volume = volume
        self.containerPath = containerPath
        self.source = source
        self.isReadOnly = isReadOnly
        self.isRecursivelyReadOnly = isRecursivelyReadOnly
        self.propagation = propagation
        self.options = options
    }
}

/// A block device of the node's at a path of a container's own; one CRI `Device`.
package struct ContainerDevice: Equatable, Sendable {
    package var hostPath: String
    package var containerPath: String
    package var isReadOnly: Bool

    package init(hostPath: String, containerPath: String, isReadOnly: Bool) {
        self.hostPath = hostPath
        self.containerPath = containerPath
        self.isReadOnly = isReadOnly
    }
}

/// A volume of a pod that is there.
package struct MountedVolume: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        case path(String)
        case image(reference: String, pullPolicy: PullPolicy)
        /// A block device of the node's: nothing is mounted.
        case device(String)
    }

    package var source: Source
    /// Whatever its mounts say: the content is the agent's to write.
    package var isReadOnly: Bool
    /// Its file system holds nothing else.
    var ownsFileSystem = false
    /// Bytes, of an emptyDir.
    var limit: Int64?
    /// What it takes is nobody else's, and can be told.
    var isMeasured = false
}
