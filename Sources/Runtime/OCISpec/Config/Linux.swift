extension RuntimeSpec {
    /// The section of config.json for Linux (config-linux.md).
    public struct Linux: Equatable, Sendable {
        public var uidMappings: [IDMapping] = []
        public var gidMappings: [IDMapping] = []
        /// Kernel parameters by name, `net.ipv4.ip_forward` (see `SysctlName`).
        public var sysctl = SortedMap<String>()
        public var resources: Resources?
        /// Absolute: below the cgroup mount. Relative: below a place of the runtime's choice. For the
        /// systemd driver `slice:prefix:name`.
        public var cgroupsPath: String?
        /// Namespaces to make or to join; a kind that is absent is shared with the runtime.
        public var namespaces: [Namespace] = []
        /// Device nodes beyond the default ones.
        public var devices: [Device] = []
        /// Network devices to move into the container, by their names outside.
        public var netDevices = SortedMap<NetDevice>()
        public var seccomp: Seccomp?
        public var rootfsPropagation: Propagation?
        public var maskedPaths: [String] = []
        public var readonlyPaths: [String] = []
        /// SELinux context of the container's mounts.
        public var mountLabel: String?
        public var intelRdt: IntelRdt?
        public var memoryPolicy: MemoryPolicy?
        public var personality: Personality?
        public var timeOffsets: TimeOffsets?

        public init() {}

        /// The entry for a kind of namespace; nil: shared with the runtime.
        public func namespace(_ kind: Namespace.Kind) -> Namespace? {
            namespaces.first { $0.type == kind }
        }
    }

    /// A namespace to make, or with a path to join.
    public struct Namespace: Equatable, Sendable {
        public enum Kind: String, JSONWord {
            public static let noun: StaticString = "namespace type"
            case pid, network, mount, ipc, uts, user, cgroup, time
        }

        public var type: Kind
        /// Absolute path of a namespace file; nil: a new namespace.
        public var path: String?

        public init(_ type: Kind, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }

    /// A range of user or group ids, one line of `/proc/PID/uid_map`.
    public struct IDMapping: Equatable, Sendable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32

        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }

    /// Offsets of the clocks in a new time namespace, time_namespaces(7).
    public struct TimeOffsets: Equatable, Sendable {
        public struct Offset: Equatable, Sendable {
            public var secs: Int64
            public var nanosecs: UInt32

            public init(secs: Int64, nanosecs: UInt32 = 0) {
                self.secs = secs
                self.nanosecs = nanosecs
            }
        }

        public var monotonic: Offset?
        public var boottime: Offset?

        public init(monotonic: Offset? = nil, boottime: Offset? = nil) {
            self.monotonic = monotonic
            self.boottime = boottime
        }
    }

    /// Mount propagation of the root filesystem, mount_namespaces(7). The specification has the
    /// words without `r`; runc takes both, and engines write both.
    public enum Propagation: String, JSONWord {
        public static let noun: StaticString = "mount propagation"
        case `private`, shared, slave, unbindable
        case recursivePrivate = "rprivate"
        case recursiveShared = "rshared"
        case recursiveSlave = "rslave"
        case recursiveUnbindable = "runbindable"
    }

    /// Execution domain, personality(2).
    public struct Personality: Equatable, Sendable {
        public enum Domain: String, JSONWord {
            public static let noun: StaticString = "execution domain"
            case linux = "LINUX"
            case linux32 = "LINUX32"
        }

        public var domain: Domain
        /// None are defined so far.
        public var flags: [String]

        public init(domain: Domain, flags: [String] = []) {
            self.domain = domain
            self.flags = flags
        }
    }

    /// Placement of memory on NUMA nodes, set_mempolicy(2).
    public struct MemoryPolicy: Equatable, Sendable {
        public enum Mode: String, JSONWord {
            public static let noun: StaticString = "memory policy mode"
            case `default` = "MPOL_DEFAULT"
            case preferred = "MPOL_PREFERRED"
            case bind = "MPOL_BIND"
            case interleave = "MPOL_INTERLEAVE"
            case local = "MPOL_LOCAL"
            case preferredMany = "MPOL_PREFERRED_MANY"
            case weightedInterleave = "MPOL_WEIGHTED_INTERLEAVE"

            /// The kernel's number, linux/mempolicy.h.
            public var number: Int32 {
                switch self {
                case .default: 0
                case .preferred: 1
                case .bind: 2
                case .interleave: 3
                case .local: 4
                case .preferredMany: 5
                case .weightedInterleave: 6
                }
            }
        }

        public enum Flag: String, JSONWord {
            public static let noun: StaticString = "memory policy flag"
            case numaBalancing = "MPOL_F_NUMA_BALANCING"
            case relativeNodes = "MPOL_F_RELATIVE_NODES"
            case staticNodes = "MPOL_F_STATIC_NODES"

            /// The kernel's bit, linux/mempolicy.h.
            public var bit: Int32 {
                switch self {
                case .numaBalancing: 1 << 13
                case .relativeNodes: 1 << 14
                case .staticNodes: 1 << 15
                }
            }
        }

        public var mode: Mode
        /// A list like `0-1,3`; nil for modes without nodes.
        public var nodes: String?
        public var flags: [Flag]

        public init(mode: Mode, nodes: String? = nil, flags: [Flag] = []) {
            self.mode = mode
            self.nodes = nodes
            self.flags = flags
        }
    }

    /// Intel Resource Director Technology (config-linux.md, IntelRdt).
    public struct IntelRdt: Equatable, Sendable {
        /// Class of service: the name of a folder in the resctrl filesystem.
        public var closID: String?
        /// Lines for the `schemata` file; they win over the two below.
        public var schemata: [String] = []
        public var l3CacheSchema: String?
        public var memBwSchema: String?
        /// Whether the container gets a monitoring group of its own.
        public var enableMonitoring = false

        public init() {}
    }
}

// MARK: - JSON

extension RuntimeSpec.Linux: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) { try self.init(from: json, decodingSeccomp: true) }

    init(from json: JSONValue, decodingSeccomp: Bool) throws(JSONError) {
        let json = try json.object()
        uidMappings = try json.list("uidMappings")
        gidMappings = try json.list("gidMappings")
        sysctl = try json.map("sysctl")
        resources = try json.optional("resources")
        cgroupsPath = try json.text("cgroupsPath")
        namespaces = try json.list("namespaces")
        devices = try json.list("devices")
        netDevices = try json.map("netDevices")
        if decodingSeccomp {
            seccomp = try RuntimeSpec.Seccomp.member(of: json).map(RuntimeSpec.Seccomp.init(from:))
        }
        rootfsPropagation = try json.word("rootfsPropagation")
        maskedPaths = try json.list("maskedPaths")
        readonlyPaths = try json.list("readonlyPaths")
        mountLabel = try json.text("mountLabel")
        intelRdt = try json.optional("intelRdt")
        memoryPolicy = try json.optional("memoryPolicy")
        personality = try json.optional("personality")
        timeOffsets = try json.optional("timeOffsets")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.nonEmpty("uidMappings", uidMappings)
            json.nonEmpty("gidMappings", gidMappings)
            json.nonEmpty("sysctl", sysctl)
            json.optional("resources", resources)
            json.optional("cgroupsPath", cgroupsPath)
            json.nonEmpty("namespaces", namespaces)
            json.nonEmpty("devices", devices)
            json.nonEmpty("netDevices", netDevices)
            json.optional("seccomp", seccomp)
            json.optional("rootfsPropagation", rootfsPropagation)
            json.nonEmpty("maskedPaths", maskedPaths)
            json.nonEmpty("readonlyPaths", readonlyPaths)
            json.optional("mountLabel", mountLabel)
            json.optional("intelRdt", intelRdt)
            json.optional("memoryPolicy", memoryPolicy)
            json.optional("personality", personality)
            json.optional("timeOffsets", timeOffsets)
        }
    }
}

extension RuntimeSpec.Namespace: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        type = try json.required("type")
        path = try json.text("path")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", type)
            json.optional("path", path)
        }
    }
}

extension RuntimeSpec.IDMapping: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        containerID = try json.required("containerID")
        hostID = try json.required("hostID")
        size = try json.required("size")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("containerID", containerID)
            json.member("hostID", hostID)
            json.member("size", size)
        }
    }
}

extension RuntimeSpec.TimeOffsets: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let clocks = try json.object()
        for (key, value) in clocks.members where key != "monotonic" && key != "boottime" {
            throw value.error("a time namespace has no such clock")
        }
        monotonic = try clocks.optional("monotonic")
        boottime = try clocks.optional("boottime")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("boottime", boottime)
            json.optional("monotonic", monotonic)
        }
    }
}

extension RuntimeSpec.TimeOffsets.Offset: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        secs = try json.optional("secs", default: 0)
        nanosecs = try json.optional("nanosecs", default: 0)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            if secs != 0 { json.member("secs", secs) }
            if nanosecs != 0 { json.member("nanosecs", nanosecs) }
        }
    }
}

extension RuntimeSpec.Personality: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        domain = try json.required("domain")
        flags = try json.list("flags")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("domain", domain)
            json.nonEmpty("flags", flags)
        }
    }
}

extension RuntimeSpec.MemoryPolicy: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        mode = try json.required("mode")
        nodes = try json.text("nodes")
        flags = try json.list("flags")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("mode", mode)
            json.member("nodes", nodes ?? "")
            json.nonEmpty("flags", flags)
        }
    }
}

extension RuntimeSpec.IntelRdt: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        closID = try json.text("closID")
        schemata = try json.list("schemata")
        l3CacheSchema = try json.text("l3CacheSchema")
        memBwSchema = try json.text("memBwSchema")
        enableMonitoring = try json.flag("enableMonitoring")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("closID", closID)
            json.nonEmpty("schemata", schemata)
            json.optional("l3CacheSchema", l3CacheSchema)
            json.optional("memBwSchema", memBwSchema)
            json.flag("enableMonitoring", enableMonitoring)
        }
    }
}
