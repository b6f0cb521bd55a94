import KubernetesAPI

/// Bytes that the kernel leaves to a group when memory runs short (KEP-2570).
package struct MemoryReservation: Equatable, Sendable {
    /// In no case taken away: `memory.min`.
    var hard: Int64
    /// Taken away when nothing else is left: `memory.low`.
    var soft: Int64

    package init(hard: Int64 = 0, soft: Int64 = 0) {
        self.hard = hard
        self.soft = soft
    }

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

    /// What takes back what an agent with another configuration has kept for a group, and is nothing in all other groups:
    /// to say zero of them is a setting of its own, which systemd keeps for as long as there is the group.
    /// - Parameter folder: the group's, of version 2.
    package static func leftovers(in folder: String) throws -> [String: String] {
        var left: [String: String] = [:]
        for (name, zero) in Self().files {
            guard let text = try AgentFiles.text(of: "\(folder)/\(name)") else { continue }
            if text.split(separator: "\n").first.map(String.init) != zero { left[name] = zero }
        }
        return left
    }
}
