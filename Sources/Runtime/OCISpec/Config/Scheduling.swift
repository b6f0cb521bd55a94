extension RuntimeSpec {
    /// How the process is scheduled, sched_setattr(2).
    public struct Scheduler: Equatable, Sendable {
        public enum Policy: String, JSONWord {
            public static let noun: StaticString = "scheduling policy"
            case other = "SCHED_OTHER"
            case fifo = "SCHED_FIFO"
            case roundRobin = "SCHED_RR"
            case batch = "SCHED_BATCH"
            case iso = "SCHED_ISO"
            case idle = "SCHED_IDLE"
            case deadline = "SCHED_DEADLINE"

            /// The kernel's number, linux/sched.h.
            public var number: UInt32 {
                switch self {
                case .other: 0
                case .fifo: 1
                case .roundRobin: 2
                case .batch: 3
                case .iso: 4
                case .idle: 5
                case .deadline: 6
                }
            }
        }

        public enum Flag: String, JSONWord {
            public static let noun: StaticString = "scheduling flag"
            case resetOnFork = "SCHED_FLAG_RESET_ON_FORK"
            case reclaim = "SCHED_FLAG_RECLAIM"
            case deadlineOverrun = "SCHED_FLAG_DL_OVERRUN"
            case keepPolicy = "SCHED_FLAG_KEEP_POLICY"
            case keepParams = "SCHED_FLAG_KEEP_PARAMS"
            case clampUtilizationMin = "SCHED_FLAG_UTIL_CLAMP_MIN"
            case clampUtilizationMax = "SCHED_FLAG_UTIL_CLAMP_MAX"

            /// The kernel's bit, linux/sched.h.
            public var bit: UInt64 {
                switch self {
                case .resetOnFork: 0x01
                case .reclaim: 0x02
                case .deadlineOverrun: 0x04
                case .keepPolicy: 0x08
                case .keepParams: 0x10
                case .clampUtilizationMin: 0x20
                case .clampUtilizationMax: 0x40
                }
            }
        }

        public var policy: Policy
        /// -20 to 19.
        public var nice: Int32 = 0
        /// Only for `fifo` and `roundRobin`.
        public var priority: Int32 = 0
        public var flags: [Flag] = []
        /// Nanoseconds, as the next two; only for `deadline`.
        public var runtime: UInt64 = 0
        public var deadline: UInt64 = 0
        public var period: UInt64 = 0

        public init(policy: Policy) { self.policy = policy }
    }

    /// I/O scheduling class and priority, ioprio_set(2).
    public struct IOPriority: Equatable, Sendable {
        public enum Class: String, JSONWord {
            public static let noun: StaticString = "I/O priority class"
            case realtime = "IOPRIO_CLASS_RT"
            case bestEffort = "IOPRIO_CLASS_BE"
            case idle = "IOPRIO_CLASS_IDLE"

            /// The kernel's number, linux/ioprio.h.
            public var number: Int32 {
                switch self {
                case .realtime: 1
                case .bestEffort: 2
                case .idle: 3
                }
            }
        }

        public var `class`: Class
        /// 0 (highest) to 7.
        public var priority: Int32

        public init(class: Class, priority: Int32 = 0) {
            self.class = `class`
            self.priority = priority
        }
    }

    /// Processors that a process entering the container may use, as lists like `0-3,7`.
    public struct CPUAffinity: Equatable, Sendable {
        /// While it moves into the container's cgroup.
        public var initial: String?
        /// From then on.
        public var final: String?

        public init(initial: String? = nil, final: String? = nil) {
            self.initial = initial
            self.final = final
        }
    }
}

// MARK: - JSON

extension RuntimeSpec.Scheduler: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        policy = try json.required("policy")
        nice = try json.optional("nice", default: 0)
        priority = try json.optional("priority", default: 0)
        flags = try json.list("flags")
        runtime = try json.optional("runtime", default: 0)
        deadline = try json.optional("deadline", default: 0)
        period = try json.optional("period", default: 0)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("policy", policy)
            if nice != 0 { json.member("nice", nice) }
            if priority != 0 { json.member("priority", priority) }
            json.nonEmpty("flags", flags)
            if runtime != 0 { json.member("runtime", runtime) }
            if deadline != 0 { json.member("deadline", deadline) }
            if period != 0 { json.member("period", period) }
        }
    }
}

extension RuntimeSpec.IOPriority: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        `class` = try json.required("class")
        priority = try json.optional("priority", default: 0)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("class", `class`)
            json.member("priority", priority)
        }
    }
}

extension RuntimeSpec.CPUAffinity: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        initial = try json.text("initial")
        final = try json.text("final")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("initial", initial)
            json.optional("final", final)
        }
    }
}
