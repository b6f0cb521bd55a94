/// A container's `config.json`: the OCI runtime specification 1.3 for Linux (config.md,
/// config-linux.md).
///
/// Decoding refuses wrong types, unknown words and missing required members with their JSON path,
/// and ignores members it does not know (the specification asks for it, and so the sections of other
/// platforms are skipped). What the members mean together is checked by `validate()`.
///
/// As in Go, where most such files come from: `null` is absent, and where the specification makes a
/// text or a list optional, empty is absent too.
public struct RuntimeSpec: Equatable, Sendable {
    /// The version of the specification that this module implements.
    public static let version = "1.3.0"

    public var ociVersion: String
    /// Needed when the container is started.
    public var process: Process?
    public var root: Root?
    public var hostname: String?
    public var domainname: String?
    /// In the order in which they are mounted.
    public var mounts: [Mount] = []
    public var hooks = Hooks()
    public var annotations = SortedMap<String>()
    public var linux: Linux?

    public init(ociVersion: String = RuntimeSpec.version) { self.ociVersion = ociVersion }

    /// The container's root filesystem.
    public struct Root: Equatable, Sendable {
        /// Absolute, or relative to the bundle.
        public var path: String
        public var readonly: Bool

        public init(path: String, readonly: Bool = false) {
            self.path = path
            self.readonly = readonly
        }
    }

    /// One mount inside the container.
    public struct Mount: Equatable, Sendable {
        /// Path inside the container. Absolute; a relative one is taken from `/`, with a warning.
        public var destination: String
        /// Filesystem type; for bind mounts without meaning.
        public var type: String?
        /// Device, or for bind mounts a path, absolute or relative to the bundle.
        public var source: String?
        public var options: [String]
        /// Mapping of an id-mapped mount; empty: none, or with option `idmap` the container's own.
        public var uidMappings: [IDMapping]
        public var gidMappings: [IDMapping]

        public init(
            destination: String, type: String? = nil, source: String? = nil, options: [String] = [],
            uidMappings: [IDMapping] = [], gidMappings: [IDMapping] = []
        ) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
        }

        /// A bind mount is one whose options say so, whatever its type.
        public var isBind: Bool { !isRemount && options.contains { $0 == "bind" || $0 == "rbind" } }

        /// What is mounted there is changed; with `bind`, without its file system.
        public var isRemount: Bool { options.contains("remount") }
    }

    /// Programs to run at points of the container's life (config.md, POSIX-platform Hooks).
    public struct Hooks: Equatable, Sendable {
        /// Deprecated in favour of `createRuntime`, and run before it.
        public var prestart: [Hook] = []
        public var createRuntime: [Hook] = []
        public var createContainer: [Hook] = []
        public var startContainer: [Hook] = []
        public var poststart: [Hook] = []
        public var poststop: [Hook] = []

        public init() {}

        public var isEmpty: Bool {
            prestart.isEmpty && createRuntime.isEmpty && createContainer.isEmpty && startContainer.isEmpty
                && poststart.isEmpty && poststop.isEmpty
        }
    }

    public struct Hook: Equatable, Sendable {
        /// Absolute path of the program.
        public var path: String
        /// Including the program's name; empty: the path alone.
        public var args: [String]
        public var env: [String]
        /// Seconds until the hook is killed.
        public var timeout: Int?

        public init(path: String, args: [String] = [], env: [String] = [], timeout: Int? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }
    }
}

// MARK: - JSON

extension RuntimeSpec: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) { try self.init(from: json, decodingSeccomp: true) }

    /// - Parameter decodingSeccomp: false leaves `linux.seccomp` nil, whatever the document says.
    init(from json: JSONValue, decodingSeccomp: Bool) throws(JSONError) {
        let json = try json.object()
        ociVersion = try json.required("ociVersion")
        process = try json.optional("process")
        root = try json.optional("root")
        hostname = try json.text("hostname")
        domainname = try json.text("domainname")
        mounts = try json.list("mounts")
        hooks = try json.optional("hooks", default: Hooks())
        annotations = try json.map("annotations")
        if let linux = json["linux"] { self.linux = try Linux(from: linux, decodingSeccomp: decodingSeccomp) }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("ociVersion", ociVersion)
            json.optional("process", process)
            json.optional("root", root)
            json.optional("hostname", hostname)
            json.optional("domainname", domainname)
            json.nonEmpty("mounts", mounts)
            if !hooks.isEmpty { json.member("hooks", hooks) }
            json.nonEmpty("annotations", annotations)
            json.optional("linux", linux)
        }
    }
}

extension RuntimeSpec.Root: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        path = try json.required("path")
        readonly = try json.flag("readonly")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("path", path)
            json.flag("readonly", readonly)
        }
    }
}

extension RuntimeSpec.Mount: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        destination = try json.required("destination")
        type = try json.text("type")
        source = try json.text("source")
        options = try json.list("options")
        uidMappings = try json.list("uidMappings")
        gidMappings = try json.list("gidMappings")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("destination", destination)
            json.optional("type", type)
            json.optional("source", source)
            json.nonEmpty("options", options)
            json.nonEmpty("uidMappings", uidMappings)
            json.nonEmpty("gidMappings", gidMappings)
        }
    }
}

extension RuntimeSpec.Hooks: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        prestart = try json.list("prestart")
        createRuntime = try json.list("createRuntime")
        createContainer = try json.list("createContainer")
        startContainer = try json.list("startContainer")
        poststart = try json.list("poststart")
        poststop = try json.list("poststop")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.nonEmpty("prestart", prestart)
            json.nonEmpty("createRuntime", createRuntime)
            json.nonEmpty("createContainer", createContainer)
            json.nonEmpty("startContainer", startContainer)
            json.nonEmpty("poststart", poststart)
            json.nonEmpty("poststop", poststop)
        }
    }
}

extension RuntimeSpec.Hook: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        path = try json.required("path")
        args = try json.list("args")
        env = try json.list("env")
        timeout = try json.optional("timeout")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("path", path)
            json.nonEmpty("args", args)
            json.nonEmpty("env", env)
            json.optional("timeout", timeout)
        }
    }
}
