import LinuxKernel
import OCISpec

/// Which ids of a container with a user namespace of its own are which on the host.
public struct UserMaps: Equatable, Sendable {
    public var uids: [RuntimeSpec.IDMapping]
    public var gids: [RuntimeSpec.IDMapping]

    public init(uids: [RuntimeSpec.IDMapping], gids: [RuntimeSpec.IDMapping]) {
        self.uids = uids
        self.gids = gids
    }

    /// The container's root, as the host sees it: what is made for the container belongs to it.
    public var root: (uid: UInt32, gid: UInt32) { (host(uid: 0) ?? 0, host(gid: 0) ?? 0) }

    /// - Returns: nil for an id that the container does not have.
    public func host(uid: UInt32) -> UInt32? { Self.host(uid, in: uids) }
    public func host(gid: UInt32) -> UInt32? { Self.host(gid, in: gids) }

    /// - Returns: nil for an id of the host's that is none of the container's.
    public func container(uid: UInt32) -> UInt32? { Self.container(uid, in: uids) }
    public func container(gid: UInt32) -> UInt32? { Self.container(gid, in: gids) }

    private static func container(_ id: UInt32, in maps: [RuntimeSpec.IDMapping]) -> UInt32? {
        for map in maps where id >= map.hostID && id - map.hostID < map.size {
            return map.containerID + (id - map.hostID)
        }
        return nil
    }

    /// Whose a file becomes that comes from outside: of an id that the container does not have, its root's.
    public func owner(uid: UInt32, gid: UInt32) -> (uid: UInt32, gid: UInt32) {
        (host(uid: uid) ?? root.uid, host(gid: gid) ?? root.gid)
    }

    private static func host(_ id: UInt32, in maps: [RuntimeSpec.IDMapping]) -> UInt32? {
        for map in maps where id >= map.containerID && id - map.containerID < map.size {
            return map.hostID + (id - map.containerID)
        }
        return nil
    }

    /// Ids that end beyond the last one, overlap, or leave out the container's root are refused.
    public func check() throws(UsageError) {
        for (maps, option) in [(uids, "--uidmap"), (gids, "--gidmap")] {
            do throws(JSONError) { try checkMappings(maps, at: option) } catch {
                throw UsageError("\(error)")
            }
            if Self.host(0, in: maps) == nil {
                throw UsageError("\(option): nothing stands for id 0, the container's root")
            }
        }
    }
}

extension UserMaps: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        uids = try object.list("uids")
        gids = try object.list("gids")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("uids", uids)
            json.member("gids", gids)
        }
    }
}
