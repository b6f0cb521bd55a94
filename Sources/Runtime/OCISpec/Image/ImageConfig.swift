/// An image's configuration: what its layers make up and how containers of it run by default
/// (image-spec, config.md; Docker's is the same with more members, which are ignored).
public struct ImageConfig: Equatable, Sendable {
    /// RFC 3339.
    public var created: String?
    public var author: String?
    public var platform: Platform
    public var config = Defaults()
    /// Digests of the unpacked layers, the lowest first.
    public var diffIDs: [Digest]
    public var history: [History] = []

    public init(platform: Platform, diffIDs: [Digest]) {
        self.platform = platform
        self.diffIDs = diffIDs
    }

    /// Whether a document says what an image is made of, as the configuration of nothing else does.
    public static func isOne(_ bytes: [UInt8]) -> Bool {
        let has = try? JSON.read(bytes) { (value) throws(JSONError) in try value.object()["rootfs"] != nil }
        return has ?? false
    }

    /// How containers of the image run.
    public struct Defaults: Equatable, Sendable {
        /// `user`, `uid`, `user:group`, `uid:gid` …; nil: root.
        public var user: String?
        /// Sorted, as `80/tcp`.
        public var exposedPorts: [String] = []
        /// As `NAME=value`.
        public var env: [String] = []
        public var entrypoint: [String] = []
        public var cmd: [String] = []
        /// Sorted paths.
        public var volumes: [String] = []
        public var workingDir: String?
        public var labels: SortedMap<String> = [:]
        /// As `SIGTERM` or a number.
        public var stopSignal: String?
        /// Docker's.
        public var healthcheck: Healthcheck?
        /// Docker's: what runs commands of build files in shell form.
        public var shell: [String] = []

        public init() {}
    }

    /// How Docker finds out whether a container is healthy. Times in nanoseconds, 0: the default.
    public struct Healthcheck: Equatable, Sendable {
        /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`; empty: inherited.
        public var test: [String] = []
        public var interval: Int64 = 0
        public var timeout: Int64 = 0
        public var startPeriod: Int64 = 0
        public var startInterval: Int64 = 0
        /// Failures in a row that make a container unhealthy, 0: the default.
        public var retries: Int64 = 0

        public init() {}
    }

    /// How one layer came about.
    public struct History: Equatable, Sendable {
        public var created: String?
        public var createdBy: String?
        public var author: String?
        public var comment: String?
        /// The step changed no files, so there is no layer of it.
        public var emptyLayer = false

        public init() {}
    }
}

// MARK: - JSON

extension ImageConfig: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        platform = try Platform(from: json)
        let json = try json.object()
        created = try json.text("created")
        author = try json.text("author")
        config = try json.optional("config", default: Defaults())
        guard let rootfs = json["rootfs"] else { throw json.missing("rootfs") }
        let layers = try rootfs.object()
        // Left out by some builders, and looked at by no other tool; another word may mean other layers.
        if let type = try layers.text("type"), type != "layers" {
            throw rootfs.error("unknown type \(JSONError.quoted(type)), expected layers")
        }
        // Docker leaves the list out of images without layers.
        diffIDs = try layers.list("diff_ids")
        history = try json.list("history")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("created", created)
            json.optional("author", author)
            json.member("architecture", platform.architecture)
            json.optional("variant", platform.variant)
            json.member("os", platform.os)
            json.optional("os.version", platform.osVersion)
            json.nonEmpty("os.features", platform.osFeatures)
            json.member("config", config)
            json.key("rootfs")
            json.object { json in
                json.member("type", "layers")
                json.member("diff_ids", diffIDs)
            }
            json.nonEmpty("history", history)
        }
    }
}

extension ImageConfig.Defaults: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        user = try json.text("User")
        exposedPorts = try json.set("ExposedPorts")
        env = try json.list("Env")
        entrypoint = try json.list("Entrypoint")
        cmd = try json.list("Cmd")
        volumes = try json.set("Volumes")
        workingDir = try json.text("WorkingDir")
        labels = try json.map("Labels")
        stopSignal = try json.text("StopSignal")
        healthcheck = try json.optional("Healthcheck")
        shell = try json.list("Shell")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("User", user)
            json.set("ExposedPorts", exposedPorts)
            json.nonEmpty("Env", env)
            json.nonEmpty("Entrypoint", entrypoint)
            json.nonEmpty("Cmd", cmd)
            json.set("Volumes", volumes)
            json.optional("WorkingDir", workingDir)
            json.nonEmpty("Labels", labels)
            json.optional("StopSignal", stopSignal)
            json.optional("Healthcheck", healthcheck)
            json.nonEmpty("Shell", shell)
        }
    }
}

extension JSONObject {
    /// Names of the members of an object that Go has as `map[string]struct{}`, sorted.
    fileprivate func set(_ name: StaticString) throws(JSONError) -> [String] {
        guard let member = self[name] else { return [] }
        var names: [(key: String, value: Void)] = []
        for (key, value) in try member.object().members {
            if key.utf8.contains(0) { throw value.error("the key contains a NUL character") }
            names.append((key, ()))
        }
        return SortedMap(names).map(\.key)
    }
}

extension JSONWriter {
    fileprivate mutating func set(_ name: StaticString, _ names: [String]) {
        if names.isEmpty { return }
        key(name)
        object { json in
            for name in names {
                json.key(name)
                json.object { _ in }
            }
        }
    }
}

extension ImageConfig.Healthcheck: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        test = try json.list("Test")
        interval = try json.optional("Interval", default: 0)
        timeout = try json.optional("Timeout", default: 0)
        startPeriod = try json.optional("StartPeriod", default: 0)
        startInterval = try json.optional("StartInterval", default: 0)
        retries = try json.optional("Retries", default: 0)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.nonEmpty("Test", test)
            if interval != 0 { json.member("Interval", interval) }
            if timeout != 0 { json.member("Timeout", timeout) }
            if startPeriod != 0 { json.member("StartPeriod", startPeriod) }
            if startInterval != 0 { json.member("StartInterval", startInterval) }
            if retries != 0 { json.member("Retries", retries) }
        }
    }
}

extension ImageConfig.History: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        created = try json.text("created")
        createdBy = try json.text("created_by")
        author = try json.text("author")
        comment = try json.text("comment")
        emptyLayer = try json.flag("empty_layer")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("created", created)
            json.optional("created_by", createdBy)
            json.optional("author", author)
            json.optional("comment", comment)
            json.flag("empty_layer", emptyLayer)
        }
    }
}
