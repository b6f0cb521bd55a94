/// What a runtime can do, whatever the host it runs on (features.md, features-linux.md). Nil says
/// that it is unknown, not that it is missing.
public struct RuntimeFeatures: Equatable, Sendable {
    public var ociVersionMin: String
    public var ociVersionMax: String
    public var hooks: [String]?
    public var mountOptions: [String]?
    public var linux: Linux?
    public var annotations: SortedMap<String> = [:]
    /// Annotations of a configuration that may harm the host; an entry that ends in `.` is a prefix.
    public var potentiallyUnsafeConfigAnnotations: [String] = []

    public init(ociVersionMin: String, ociVersionMax: String) {
        self.ociVersionMin = ociVersionMin
        self.ociVersionMax = ociVersionMax
    }

    public struct Linux: Equatable, Sendable {
        public var namespaces: [String]?
        public var capabilities: [String]?
        public var cgroup: Cgroup?
        public var seccomp: Seccomp?
        public var apparmor: Switch?
        public var selinux: Switch?
        public var intelRdt: IntelRdt?
        public var memoryPolicy: MemoryPolicy?
        public var mountExtensions: MountExtensions?
        public var netDevices: Switch?

        public init() {}
    }

    /// A feature with nothing to say but whether it is there.
    public struct Switch: Equatable, Sendable {
        public var enabled: Bool?

        public init(enabled: Bool?) { self.enabled = enabled }
    }

    public struct Cgroup: Equatable, Sendable {
        public var v1: Bool?
        public var v2: Bool?
        public var systemd: Bool?
        public var systemdUser: Bool?
        public var rdma: Bool?

        public init() {}
    }

    public struct Seccomp: Equatable, Sendable {
        public var enabled: Bool?
        public var actions: [String]?
        public var operators: [String]?
        public var archs: [String]?
        public var knownFlags: [String]?
        /// Those that the kernel and the library at hand support.
        public var supportedFlags: [String]?

        public init() {}
    }

    public struct IntelRdt: Equatable, Sendable {
        public var enabled: Bool?
        public var schemata: Bool?
        public var monitoring: Bool?

        public init(enabled: Bool?, schemata: Bool? = nil, monitoring: Bool? = nil) {
            self.enabled = enabled
            self.schemata = schemata
            self.monitoring = monitoring
        }
    }

    public struct MemoryPolicy: Equatable, Sendable {
        public var modes: [String]?
        public var flags: [String]?

        public init(modes: [String]?, flags: [String]?) {
            self.modes = modes
            self.flags = flags
        }
    }

    public struct MountExtensions: Equatable, Sendable {
        public var idmap: Switch?

        public init(idmap: Switch?) { self.idmap = idmap }
    }
}

// MARK: - JSON

extension RuntimeFeatures: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("ociVersionMin", ociVersionMin)
            json.member("ociVersionMax", ociVersionMax)
            json.optional("hooks", hooks)
            json.optional("mountOptions", mountOptions)
            json.optional("linux", linux)
            json.nonEmpty("annotations", annotations)
            json.nonEmpty("potentiallyUnsafeConfigAnnotations", potentiallyUnsafeConfigAnnotations)
        }
    }
}

extension RuntimeFeatures.Linux: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("namespaces", namespaces)
            json.optional("capabilities", capabilities)
            json.optional("cgroup", cgroup)
            json.optional("seccomp", seccomp)
            json.optional("apparmor", apparmor)
            json.optional("selinux", selinux)
            json.optional("intelRdt", intelRdt)
            json.optional("memoryPolicy", memoryPolicy)
            json.optional("mountExtensions", mountExtensions)
            json.optional("netDevices", netDevices)
        }
    }
}

extension RuntimeFeatures.Switch: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in json.optional("enabled", enabled) }
    }
}

extension RuntimeFeatures.Cgroup: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("v1", v1)
            json.optional("v2", v2)
            json.optional("systemd", systemd)
            json.optional("systemdUser", systemdUser)
            json.optional("rdma", rdma)
        }
    }
}

extension RuntimeFeatures.Seccomp: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("enabled", enabled)
            json.optional("actions", actions)
            json.optional("operators", operators)
            json.optional("archs", archs)
            json.optional("knownFlags", knownFlags)
            json.optional("supportedFlags", supportedFlags)
        }
    }
}

extension RuntimeFeatures.IntelRdt: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("enabled", enabled)
            json.optional("schemata", schemata)
            json.optional("monitoring", monitoring)
        }
    }
}

extension RuntimeFeatures.MemoryPolicy: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("modes", modes)
            json.optional("flags", flags)
        }
    }
}

extension RuntimeFeatures.MountExtensions: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in json.optional("idmap", idmap) }
    }
}
