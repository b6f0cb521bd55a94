/// One look at what a node has left.
package struct NodeReading: Sendable, Equatable {
    package struct Amount: Sendable, Equatable {
        /// Bytes, inodes, processes.
        package var capacity: Int64
        package var available: Int64

        package init(capacity: Int64, available: Int64) {
            self.capacity = capacity
            self.available = available
        }
    }

    /// Which disks there are: what lies on which decides what frees space there.
    package enum Disks: Sendable, Equatable {
        /// One for all.
        case one
        /// The runtime has its own for images and for what containers write.
        case runtime
        /// Only images have their own.
        case images
    }

    /// What could not be measured is not in it.
    package var amounts: [EvictionSignal: Amount]
    package var disks: Disks

    package init(_ amounts: [EvictionSignal: Amount], disks: Disks = .one) {
        self.amounts = amounts
        self.disks = disks
    }
}
