import LinuxKernel
import OCISpec

/// What the runtime keeps of a container: written before it is acknowledged, read by every later command.
public struct ContainerRecord: Equatable, Sendable {
    public var ociVersion: String
    public var id: String
    /// The folder of config.json, absolute.
    public var bundle: String
    /// The root file system on the host, absolute.
    public var rootfs: String
    /// 0 while the container is being made.
    public var pid: Int32 = 0
    /// Clock ticks after boot; with `bootID` it tells the process from a later one of the same number.
    public var startTime: UInt64 = 0
    public var bootID: String
    /// RFC 3339, UTC.
    public var created: String
    public var annotations = SortedMap<String>()
    /// Where the container's control groups are; absent until they are made.
    public var cgroup: CgroupRecord?
    /// The container's own folders in the resctrl file system, inner ones first.
    public var resourceControl: [String] = []
    public var rootless = false
    /// Its processes keep the session keyring of whoever makes them.
    public var noNewKeyring = false
    /// `delete` has to read the configuration for them.
    public var hasPoststopHooks = false
    /// `start` need not read the configuration. Absent, as in the records of older versions, it has to.
    public var hasNoStartHooks = false
}

extension ContainerRecord: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        ociVersion = try object.required("ociVersion")
        id = try object.required("id")
        bundle = try object.required("bundle")
        rootfs = try object.required("rootfs")
        pid = try object.required("pid")
        startTime = try object.required("startTime")
        bootID = try object.required("bootID")
        created = try object.required("created")
        annotations = try object.map("annotations")
        cgroup = try object.optional("cgroup")
        resourceControl = try object.list("resourceControl")
        rootless = try object.flag("rootless")
        noNewKeyring = try object.flag("noNewKeyring")
        hasPoststopHooks = try object.flag("hasPoststopHooks")
        hasNoStartHooks = try object.flag("hasNoStartHooks")
    }

    public func encode(to json: inout JSONWriter) {
        json.object {
            $0.member("ociVersion", ociVersion)
            $0.member("id", id)
            $0.member("bundle", bundle)
            $0.member("rootfs", rootfs)
            $0.member("pid", pid)
            $0.member("startTime", startTime)
            $0.member("bootID", bootID)
            $0.member("created", created)
            $0.nonEmpty("annotations", annotations)
            $0.optional("cgroup", cgroup)
            $0.nonEmpty("resourceControl", resourceControl)
            $0.flag("rootless", rootless)
            $0.flag("noNewKeyring", noNewKeyring)
            $0.flag("hasPoststopHooks", hasPoststopHooks)
            $0.flag("hasNoStartHooks", hasNoStartHooks)
        }
    }
}
