import OCISpec

/// Where a container's groups are: what is kept of them on disk, so that a later command finds them again.
public struct CgroupRecord: Equatable, Sendable {
    /// The group in the version 2 tree, an absolute path of the host.
    public var unified: String
    /// The groups in version 1 hierarchies, absolute paths of the host, by the hierarchy's controllers:
    /// `memory`, `cpu,cpuacct`, `name=systemd`.
    public var legacy: SortedMap<String>
    /// Where a group would be in each version 1 hierarchy that has none so far, below its mount point: only where
    /// that is not the version 2 group's path, since each is below the caller's own (see `CgroupPlaces`).
    package var others: SortedMap<String> = SortedMap()
    /// The unit that the groups belong to; nil where the runtime made them itself.
    package var scope: SystemdScope?
    /// How many processes the kernel had killed for memory in the groups before they were this container's: not 0
    /// only where they were there already.
    public var killsBefore: UInt64 = 0

    public init(unified: String, legacy: SortedMap<String> = SortedMap()) {
        self.unified = unified
        self.legacy = legacy
    }
}

extension CgroupRecord: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        unified = try json.required("unified")
        legacy = try json.map("legacy")
        others = try json.map("others")
        scope = try json.optional("systemd")
        killsBefore = try json.optional("killsBefore", default: 0)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("unified", unified)
            json.nonEmpty("legacy", legacy)
            json.nonEmpty("others", others)
            json.optional("systemd", scope)
            if killsBefore > 0 { json.member("killsBefore", killsBefore) }
        }
    }
}
