extension RuntimeSpec {
    /// The container's process, also the document that `exec --process` reads (config.md, Process).
    public struct Process: Equatable, Sendable {
        /// Whether the process gets a pseudoterminal.
        public var terminal = false
        /// Size of the terminal; ignored without one.
        public var consoleSize: ConsoleSize?
        public var user = User()
        /// The program, looked up in `PATH` of `env`, and its arguments.
        public var args: [String]
        public var env: [String] = []
        /// Absolute path inside the container.
        public var cwd: String
        /// Nil: the runtime changes no capability set.
        public var capabilities: Capabilities?
        public var rlimits: [Rlimit] = []
        public var noNewPrivileges = false
        public var apparmorProfile: String?
        /// -1000 to 1000; nil: not written.
        public var oomScoreAdj: Int32?
        public var scheduler: Scheduler?
        public var selinuxLabel: String?
        public var ioPriority: IOPriority?
        public var execCPUAffinity: CPUAffinity?

        public init(args: [String], cwd: String = "/") {
            self.args = args
            self.cwd = cwd
        }
    }

    /// Size of a terminal in characters.
    public struct ConsoleSize: Equatable, Sendable {
        public var height: UInt16
        public var width: UInt16

        public init(height: UInt16, width: UInt16) {
            self.height = height
            self.width = width
        }
    }

    /// Ids inside the container's user namespace.
    public struct User: Equatable, Sendable {
        public var uid: UInt32
        public var gid: UInt32
        /// Nil: 0022 for a container's first process, the caller's for an exec.
        public var umask: UInt32?
        public var additionalGids: [UInt32]
        /// For Windows by the specification; kept so that it is not lost.
        public var username: String?

        public init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }
    }

    /// The five capability sets, by the kernel's names, `CAP_CHOWN`. Names stay text: one that this
    /// kernel does not know is a warning for the runtime, not an error.
    public struct Capabilities: Equatable, Sendable {
        public var bounding: [String] = []
        public var effective: [String] = []
        public var inheritable: [String] = []
        public var permitted: [String] = []
        public var ambient: [String] = []

        public init() {}
    }

    /// A resource limit, setrlimit(2).
    public struct Rlimit: Equatable, Sendable {
        public enum Resource: String, JSONWord {
            public static let noun: StaticString = "rlimit"
            case cpu = "RLIMIT_CPU"
            case fileSize = "RLIMIT_FSIZE"
            case data = "RLIMIT_DATA"
            case stack = "RLIMIT_STACK"
            case core = "RLIMIT_CORE"
            case residentSet = "RLIMIT_RSS"
            case processes = "RLIMIT_NPROC"
            case openFiles = "RLIMIT_NOFILE"
            case lockedMemory = "RLIMIT_MEMLOCK"
            case addressSpace = "RLIMIT_AS"
            case locks = "RLIMIT_LOCKS"
            case pendingSignals = "RLIMIT_SIGPENDING"
            case messageQueues = "RLIMIT_MSGQUEUE"
            case nice = "RLIMIT_NICE"
            case realtimePriority = "RLIMIT_RTPRIO"
            case realtimeTime = "RLIMIT_RTTIME"

            /// The kernel's number, asm-generic/resource.h (x86-64, arm64, riscv64).
            public var number: Int32 {
                switch self {
                case .cpu: 0
                case .fileSize: 1
                case .data: 2
                case .stack: 3
                case .core: 4
                case .residentSet: 5
                case .processes: 6
                case .openFiles: 7
                case .lockedMemory: 8
                case .addressSpace: 9
                case .locks: 10
                case .pendingSignals: 11
                case .messageQueues: 12
                case .nice: 13
                case .realtimePriority: 14
                case .realtimeTime: 15
                }
            }
        }

        public var type: Resource
        /// `UInt64.max`: unlimited.
        public var hard: UInt64
        public var soft: UInt64

        public init(type: Resource, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }
}

// MARK: - JSON

extension RuntimeSpec.Process: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        terminal = try json.flag("terminal")
        consoleSize = try json.optional("consoleSize")
        user = try json.optional("user", default: RuntimeSpec.User())
        args = try json.list("args")
        env = try json.list("env")
        cwd = try json.required("cwd")
        capabilities = try json.optional("capabilities")
        rlimits = try json.list("rlimits")
        noNewPrivileges = try json.flag("noNewPrivileges")
        apparmorProfile = try json.text("apparmorProfile")
        oomScoreAdj = try json.optional("oomScoreAdj")
        scheduler = try json.optional("scheduler")
        selinuxLabel = try json.text("selinuxLabel")
        ioPriority = try json.optional("ioPriority")
        execCPUAffinity = try json.optional("execCPUAffinity")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.flag("terminal", terminal)
            json.optional("consoleSize", consoleSize)
            json.member("user", user)
            json.nonEmpty("args", args)
            json.nonEmpty("env", env)
            json.member("cwd", cwd)
            json.optional("capabilities", capabilities)
            json.nonEmpty("rlimits", rlimits)
            json.flag("noNewPrivileges", noNewPrivileges)
            json.optional("apparmorProfile", apparmorProfile)
            json.optional("oomScoreAdj", oomScoreAdj)
            json.optional("scheduler", scheduler)
            json.optional("selinuxLabel", selinuxLabel)
            json.optional("ioPriority", ioPriority)
            json.optional("execCPUAffinity", execCPUAffinity)
        }
    }
}

extension RuntimeSpec.ConsoleSize: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        height = try json.required("height")
        width = try json.required("width")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("height", height)
            json.member("width", width)
        }
    }
}

extension RuntimeSpec.User: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        uid = try json.optional("uid", default: 0)
        gid = try json.optional("gid", default: 0)
        umask = try json.optional("umask")
        additionalGids = try json.list("additionalGids")
        username = try json.text("username")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("uid", uid)
            json.member("gid", gid)
            json.optional("umask", umask)
            json.nonEmpty("additionalGids", additionalGids)
            json.optional("username", username)
        }
    }
}

extension RuntimeSpec.Capabilities: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        bounding = try json.list("bounding")
        effective = try json.list("effective")
        inheritable = try json.list("inheritable")
        permitted = try json.list("permitted")
        ambient = try json.list("ambient")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.nonEmpty("bounding", bounding)
            json.nonEmpty("effective", effective)
            json.nonEmpty("inheritable", inheritable)
            json.nonEmpty("permitted", permitted)
            json.nonEmpty("ambient", ambient)
        }
    }
}

extension RuntimeSpec.Rlimit: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        type = try json.required("type")
        hard = try json.required("hard")
        soft = try json.required("soft")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", type)
            json.member("hard", hard)
            json.member("soft", soft)
        }
    }
}
