extension RuntimeSpec {
    /// Limits of the container's cgroup, also the document that `update` reads (config-linux.md,
    /// Control groups). What is nil stays as it is.
    public struct Resources: Equatable, Sendable {
        /// In order; later rules win.
        public var devices: [DeviceRule] = []
        public var memory: Memory?
        public var cpu: CPU?
        public var pids: Pids?
        public var blockIO: BlockIO?
        public var hugepageLimits: [HugepageLimit] = []
        public var network: Network?
        /// By name of the RDMA device.
        public var rdma = SortedMap<Rdma>()
        /// Files of cgroup v2 and what to write into them.
        public var unified = SortedMap<String>()

        public init() {}

        /// Bytes; -1 is unlimited.
        public struct Memory: Equatable, Sendable {
            public var limit: Int64?
            public var reservation: Int64?
            /// Memory and swap together.
            public var swap: Int64?
            public var kernel: Int64?
            public var kernelTCP: Int64?
            /// 0 to 100.
            public var swappiness: UInt64?
            public var disableOOMKiller: Bool?
            public var useHierarchy: Bool?
            /// Refuse a new limit below what is in use.
            public var checkBeforeUpdate: Bool?

            public init() {}
        }

        /// Times in microseconds.
        public struct CPU: Equatable, Sendable {
            /// Relative weight as cgroup v1 counts it, 2 to 262144.
            public var shares: UInt64?
            /// Time per period; -1 is unlimited.
            public var quota: Int64?
            /// Unused time that may be saved up for later periods.
            public var burst: UInt64?
            public var period: UInt64?
            public var realtimeRuntime: Int64?
            public var realtimePeriod: UInt64?
            /// Lists like `0-3,7`.
            public var cpus: String?
            public var mems: String?
            /// 1: scheduled like SCHED_IDLE.
            public var idle: Int64?

            public init() {}
        }

        public struct Pids: Equatable, Sendable {
            /// Number of tasks; less than 0 is unlimited. Before version 1.3 of the specification 0 is, too.
            public var limit: Int64?

            public init(limit: Int64?) { self.limit = limit }
        }

        public struct BlockIO: Equatable, Sendable {
            public var weight: UInt16?
            public var leafWeight: UInt16?
            public var weightDevice: [WeightDevice] = []
            /// Bytes per second.
            public var throttleReadBpsDevice: [ThrottleDevice] = []
            public var throttleWriteBpsDevice: [ThrottleDevice] = []
            /// Operations per second.
            public var throttleReadIOPSDevice: [ThrottleDevice] = []
            public var throttleWriteIOPSDevice: [ThrottleDevice] = []

            public init() {}
        }

        public struct WeightDevice: Equatable, Sendable {
            public var major: Int64
            public var minor: Int64
            public var weight: UInt16?
            public var leafWeight: UInt16?

            public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
                self.major = major
                self.minor = minor
                self.weight = weight
                self.leafWeight = leafWeight
            }
        }

        public struct ThrottleDevice: Equatable, Sendable {
            public var major: Int64
            public var minor: Int64
            public var rate: UInt64

            public init(major: Int64, minor: Int64, rate: UInt64) {
                self.major = major
                self.minor = minor
                self.rate = rate
            }
        }

        public struct HugepageLimit: Equatable, Sendable {
            /// As the kernel names its files, `2MB`, `1GB`.
            public var pageSize: String
            /// Bytes.
            public var limit: UInt64

            public init(pageSize: String, limit: UInt64) {
                self.pageSize = pageSize
                self.limit = limit
            }
        }

        public struct Network: Equatable, Sendable {
            public var classID: UInt32?
            public var priorities: [InterfacePriority] = []

            public init() {}
        }

        public struct InterfacePriority: Equatable, Sendable {
            public var name: String
            public var priority: UInt32

            public init(name: String, priority: UInt32) {
                self.name = name
                self.priority = priority
            }
        }

        public struct Rdma: Equatable, Sendable {
            public var hcaHandles: UInt32?
            public var hcaObjects: UInt32?

            public init(hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
                self.hcaHandles = hcaHandles
                self.hcaObjects = hcaObjects
            }
        }
    }
}

// MARK: - JSON

extension RuntimeSpec.Resources: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        devices = try json.list("devices")
        memory = try json.optional("memory")
        cpu = try json.optional("cpu")
        pids = try json.optional("pids")
        blockIO = try json.optional("blockIO")
        hugepageLimits = try json.list("hugepageLimits")
        network = try json.optional("network")
        rdma = try json.map("rdma")
        unified = try json.map("unified")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.nonEmpty("devices", devices)
            json.optional("memory", memory)
            json.optional("cpu", cpu)
            json.optional("pids", pids)
            json.optional("blockIO", blockIO)
            json.nonEmpty("hugepageLimits", hugepageLimits)
            json.optional("network", network)
            json.nonEmpty("rdma", rdma)
            json.nonEmpty("unified", unified)
        }
    }
}

extension RuntimeSpec.Resources.Memory: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        limit = try json.optional("limit")
        reservation = try json.optional("reservation")
        swap = try json.optional("swap")
        kernel = try json.optional("kernel")
        kernelTCP = try json.optional("kernelTCP")
        swappiness = try json.optional("swappiness")
        disableOOMKiller = try json.optional("disableOOMKiller")
        useHierarchy = try json.optional("useHierarchy")
        checkBeforeUpdate = try json.optional("checkBeforeUpdate")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("limit", limit)
            json.optional("reservation", reservation)
            json.optional("swap", swap)
            json.optional("kernel", kernel)
            json.optional("kernelTCP", kernelTCP)
            json.optional("swappiness", swappiness)
            json.optional("disableOOMKiller", disableOOMKiller)
            json.optional("useHierarchy", useHierarchy)
            json.optional("checkBeforeUpdate", checkBeforeUpdate)
        }
    }
}

extension RuntimeSpec.Resources.CPU: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        shares = try json.optional("shares")
        quota = try json.optional("quota")
        burst = try json.optional("burst")
        period = try json.optional("period")
        realtimeRuntime = try json.optional("realtimeRuntime")
        realtimePeriod = try json.optional("realtimePeriod")
        cpus = try json.text("cpus")
        mems = try json.text("mems")
        idle = try json.optional("idle")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("shares", shares)
            json.optional("quota", quota)
            json.optional("burst", burst)
            json.optional("period", period)
            json.optional("realtimeRuntime", realtimeRuntime)
            json.optional("realtimePeriod", realtimePeriod)
            json.optional("cpus", cpus)
            json.optional("mems", mems)
            json.optional("idle", idle)
        }
    }
}

extension RuntimeSpec.Resources.Pids: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        limit = try json.object().optional("limit")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in json.optional("limit", limit) }
    }
}

extension RuntimeSpec.Resources.BlockIO: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        weight = try json.optional("weight")
        leafWeight = try json.optional("leafWeight")
        weightDevice = try json.list("weightDevice")
        throttleReadBpsDevice = try json.list("throttleReadBpsDevice")
        throttleWriteBpsDevice = try json.list("throttleWriteBpsDevice")
        throttleReadIOPSDevice = try json.list("throttleReadIOPSDevice")
        throttleWriteIOPSDevice = try json.list("throttleWriteIOPSDevice")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("weight", weight)
            json.optional("leafWeight", leafWeight)
            json.nonEmpty("weightDevice", weightDevice)
            json.nonEmpty("throttleReadBpsDevice", throttleReadBpsDevice)
            json.nonEmpty("throttleWriteBpsDevice", throttleWriteBpsDevice)
            json.nonEmpty("throttleReadIOPSDevice", throttleReadIOPSDevice)
            json.nonEmpty("throttleWriteIOPSDevice", throttleWriteIOPSDevice)
        }
    }
}

extension RuntimeSpec.Resources.WeightDevice: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        major = try json.required("major")
        minor = try json.required("minor")
        weight = try json.optional("weight")
        leafWeight = try json.optional("leafWeight")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("major", major)
            json.member("minor", minor)
            json.optional("weight", weight)
            json.optional("leafWeight", leafWeight)
        }
    }
}

extension RuntimeSpec.Resources.ThrottleDevice: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        major = try json.required("major")
        minor = try json.required("minor")
        rate = try json.required("rate")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("major", major)
            json.member("minor", minor)
            json.member("rate", rate)
        }
    }
}

extension RuntimeSpec.Resources.HugepageLimit: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        pageSize = try json.required("pageSize")
        limit = try json.required("limit")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("pageSize", pageSize)
            json.member("limit", limit)
        }
    }
}

extension RuntimeSpec.Resources.Network: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        classID = try json.optional("classID")
        priorities = try json.list("priorities")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("classID", classID)
            json.nonEmpty("priorities", priorities)
        }
    }
}

extension RuntimeSpec.Resources.InterfacePriority: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        name = try json.required("name")
        priority = try json.required("priority")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("priority", priority)
        }
    }
}

extension RuntimeSpec.Resources.Rdma: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        hcaHandles = try json.optional("hcaHandles")
        hcaObjects = try json.optional("hcaObjects")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("hcaHandles", hcaHandles)
            json.optional("hcaObjects", hcaObjects)
        }
    }
}
