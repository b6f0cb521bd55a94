import CRIProtocol
import OCISpec

/// The ids of a pod that has a user namespace.
public struct UserMappings: Equatable, Sendable {
    public var uids: [RuntimeSpec.IDMapping]
    public var gids: [RuntimeSpec.IDMapping]

    public init(uids: [RuntimeSpec.IDMapping], gids: [RuntimeSpec.IDMapping]) {
        self.uids = uids
        self.gids = gids
    }

    /// - Returns: nil for the node's user namespace.
    static func of(_ options: CRINamespaceOption, field: String) throws(TranslationError) -> UserMappings? {
        guard options.hasUsernsOptions else { return nil }
        let user = options.usernsOptions
        let field = field + ".userns_options"
        switch user.mode {
        case .node:
            guard user.uids.isEmpty, user.gids.isEmpty else {
                throw .invalid(field, "has mappings, which the node's user namespace does not take")
            }
            return nil
        case .pod:
            return UserMappings(
                uids: try ranges(user.uids, field + ".uids", rootMapped: true),
                gids: try ranges(user.gids, field + ".gids", rootMapped: true))
        default:
            throw .invalid(field + ".mode", "must be POD or NODE, found \(user.mode.name)")
        }
    }

    /// - Parameter rootMapped: id 0 must be among them: files of the pod belong to it.
    static func ranges(
        _ ranges: [CRIIDMapping], _ field: String, rootMapped: Bool
    ) throws(TranslationError) -> [RuntimeSpec.IDMapping] {
        if ranges.isEmpty { throw .invalid(field, "missing") }
        var found: [RuntimeSpec.IDMapping] = []
        for (index, range) in ranges.enumerated() {
            let place = "\(field)[\(index)]"
            if range.length == 0 { throw .invalid(place + ".length", "must be more than 0") }
            let largest = UInt64(UInt32.max)
            for (name, first) in [("container_id", range.containerID), ("host_id", range.hostID)]
            where UInt64(first) + UInt64(range.length) > largest {
                throw .invalid(
                    place, "\(name) \(first) and \(range.length) following ids end beyond 4294967294")
            }
            for other in found
            where overlap(range.containerID, other.containerID, range.length, other.size)
                || overlap(range.hostID, other.hostID, range.length, other.size)
            {
                throw .invalid(place, "overlaps a range before it")
            }
            found.append(
                RuntimeSpec.IDMapping(
                    containerID: range.containerID, hostID: range.hostID, size: range.length))
        }
        // The kernel takes no more (user_namespaces(7)).
        if found.count > 340 { throw .invalid(field, "has \(found.count) ranges, the kernel takes 340") }
        if rootMapped, !found.contains(where: { $0.containerID == 0 }) {
            throw .invalid(field, "no range begins with container_id 0")
        }
        return found
    }

    private static func overlap(
        _ first: UInt32, _ other: UInt32, _ size: UInt32, _ otherSize: UInt32
    ) -> Bool {
        UInt64(first) < UInt64(other) + UInt64(otherSize) && UInt64(other) < UInt64(first) + UInt64(size)
    }

    /// The ids on the host of the pod's root: the owner of files that are made for the pod.
    public var root: (uid: UInt32, gid: UInt32) {
        (uids.first { $0.containerID == 0 }?.hostID ?? 0, gids.first { $0.containerID == 0 }?.hostID ?? 0)
    }
}

extension CRINamespaceMode {
    /// As in the proto file.
    var name: String {
        switch self {
        case .pod: "POD"
        case .container: "CONTAINER"
        case .node: "NODE"
        case .target: "TARGET"
        case .UNRECOGNIZED(let number): "\(number)"
        }
    }
}
