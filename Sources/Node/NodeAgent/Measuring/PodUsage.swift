/// What a pod takes of its node.
package struct PodUsage: Sendable, Equatable {
    package struct Files: Sendable, Equatable {
        package var bytes: Int64 = 0
        package var inodes: Int64 = 0

        package init(bytes: Int64 = 0, inodes: Int64 = 0) {
            self.bytes = bytes
            self.inodes = inodes
        }

        static func + (left: Self, right: Self) -> Self {
            Self(bytes: left.bytes + right.bytes, inodes: left.inodes + right.inodes)
        }
    }

    package struct Container: Sendable, Equatable {
        /// The working set, bytes; nil for one that does not run.
        package var memory: Int64?
        /// What it has written into its root file system.
        package var layer = Files()
        package var logs = Files()

        package init(memory: Int64? = nil, layer: Files = Files(), logs: Files = Files()) {
            self.memory = memory
            self.layer = layer
            self.logs = logs
        }
    }

    /// The pod's working set, bytes.
    package var memory: Int64 = 0
    package var processes: Int64 = 0
    package var containers: [String: Container] = [:]
    /// Bytes of every emptyDir, those in memory too.
    package var emptyDirs: [String: Int64] = [:]
    /// Volumes on the node's disk.
    package var volumes = Files()

    package init() {}

    package var layers: Files { containers.values.reduce(Files()) { $0 + $1.layer } }
    package var logs: Files { containers.values.reduce(Files()) { $0 + $1.logs } }
    /// All that counts as ephemeral storage.
    package var storage: Files { layers + logs + volumes }
}
