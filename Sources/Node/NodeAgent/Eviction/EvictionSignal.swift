import KubernetesAPI

/// What is watched for a shortage (Node-pressure eviction, "Eviction signals").
package enum EvictionSignal: String, Sendable, CaseIterable, Hashable {
    case memory = "memory.available"
    /// What is left of what all pods together may have (`enforceNodeAllocatable`).
    case podMemory = "allocatableMemory.available"
    case nodeDisk = "nodefs.available"
    case nodeInodes = "nodefs.inodesFree"
    case imageDisk = "imagefs.available"
    case imageInodes = "imagefs.inodesFree"
    case processes = "pid.available"

    /// What of the node's conditions a shortage is.
    package var condition: NodeConditionType {
        switch self {
        case .memory, .podMemory: .memoryPressure
        case .nodeDisk, .nodeInodes, .imageDisk, .imageInodes: .diskPressure
        case .processes: .pidPressure
        }
    }

    /// The name in messages.
    package var resource: String {
        switch self {
        case .memory, .podMemory: "memory"
        case .nodeDisk, .imageDisk: "ephemeral-storage"
        case .nodeInodes, .imageInodes: "inodes"
        case .processes: "pids"
        }
    }

    /// Whether it counts bytes: of these messages say how many in units of 1024.
    var isBytes: Bool { isMemory || self == .nodeDisk || self == .imageDisk }

    var isMemory: Bool { self == .memory || self == .podMemory }
}

/// An amount, or a share of the whole.
package enum EvictionAmount: Sendable, Hashable {
    case quantity(Quantity)
    case share(Double)

    /// - Parameter capacity: the whole.
    package func quantity(of capacity: Int64) -> Quantity {
        switch self {
        case .quantity(let quantity): quantity
        case .share(let share): Quantity(Int64(Double(capacity) * share), format: .binarySI)
        }
    }
}

/// When less than this is left, pods have to go.
package struct EvictionThreshold: Sendable, Hashable {
    package var signal: EvictionSignal
    package var amount: EvictionAmount
    /// How long it has to hold; zero: a hard threshold.
    package var grace: Duration = .zero
    package var isSoft = false
    /// How much more than the amount has to be free afterwards.
    package var reclaim: EvictionAmount?

    package init(
        _ signal: EvictionSignal, _ amount: EvictionAmount, softGrace: Duration? = nil,
        reclaim: EvictionAmount? = nil
    ) {
        self.signal = signal
        self.amount = amount
        grace = softGrace ?? .zero
        isSoft = softGrace != nil
        self.reclaim = reclaim
    }

    /// - Parameter reclaiming: asks for what has to be free before a shortage that was found counts as over.
    package func isCrossed(by measured: NodeReading.Amount, reclaiming: Bool = false) -> Bool {
        var wanted = amount.quantity(of: measured.capacity)
        if reclaiming, let reclaim { wanted += reclaim.quantity(of: measured.capacity) }
        return wanted > Quantity(measured.available)
    }
}
