import KubernetesAPI

/// Bytes that the kernel leaves to a group when memory runs short (KEP-2570).
struct MemoryReservation: Equatable, Sendable {
    /// In no case taken away: `memory.min`.
    var hard: Int64 = 0
    /// Taken away when nothing else is left: `memory.low`.
    var soft: Int64 = 0

    /// By the class of who asks for it (`TieredReservation`).
    static func tiered(_ qos: PodQOSClass, request: Int64) -> Self {
        switch qos {
        case .guaranteed: Self(hard: request)
        case .burstable: Self(soft: request)
        default: Self()
        }
    }

    /// Zero, too: the group may have had one before.
    var files: [(name: String, value: String)] {
        [("memory.min", String(hard)), ("memory.low", String(soft))]
    }
}
