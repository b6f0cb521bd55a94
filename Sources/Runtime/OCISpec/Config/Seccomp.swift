extension RuntimeSpec {
    /// The filter of system calls (config-linux.md, Seccomp).
    public struct Seccomp: Equatable, Sendable {
        public enum Action: String, JSONWord {
            public static let noun: StaticString = "seccomp action"
            /// Kills the thread, as `killThread`: the name from before processes could be killed.
            case kill = "SCMP_ACT_KILL"
            case killProcess = "SCMP_ACT_KILL_PROCESS"
            case killThread = "SCMP_ACT_KILL_THREAD"
            case trap = "SCMP_ACT_TRAP"
            case errno = "SCMP_ACT_ERRNO"
            case trace = "SCMP_ACT_TRACE"
            case allow = "SCMP_ACT_ALLOW"
            case log = "SCMP_ACT_LOG"
            case notify = "SCMP_ACT_NOTIFY"
        }

        public enum Architecture: String, JSONWord {
            public static let noun: StaticString = "seccomp architecture"
            case x86 = "SCMP_ARCH_X86"
            case x86_64 = "SCMP_ARCH_X86_64"
            case x32 = "SCMP_ARCH_X32"
            case arm = "SCMP_ARCH_ARM"
            case aarch64 = "SCMP_ARCH_AARCH64"
            case loongarch64 = "SCMP_ARCH_LOONGARCH64"
            case m68k = "SCMP_ARCH_M68K"
            case mips = "SCMP_ARCH_MIPS"
            case mips64 = "SCMP_ARCH_MIPS64"
            case mips64n32 = "SCMP_ARCH_MIPS64N32"
            case mipsel = "SCMP_ARCH_MIPSEL"
            case mipsel64 = "SCMP_ARCH_MIPSEL64"
            case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
            case ppc = "SCMP_ARCH_PPC"
            case ppc64 = "SCMP_ARCH_PPC64"
            case ppc64le = "SCMP_ARCH_PPC64LE"
            case s390 = "SCMP_ARCH_S390"
            case s390x = "SCMP_ARCH_S390X"
            case sh = "SCMP_ARCH_SH"
            case sheb = "SCMP_ARCH_SHEB"
            case parisc = "SCMP_ARCH_PARISC"
            case parisc64 = "SCMP_ARCH_PARISC64"
            case riscv64 = "SCMP_ARCH_RISCV64"
        }

        /// Flags of seccomp(2).
        public enum Flag: String, JSONWord {
            public static let noun: StaticString = "seccomp flag"
            case threadSync = "SECCOMP_FILTER_FLAG_TSYNC"
            case log = "SECCOMP_FILTER_FLAG_LOG"
            case allowSpeculation = "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
            case waitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
        }

        public enum Operator: String, JSONWord {
            public static let noun: StaticString = "seccomp operator"
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        /// A condition on one argument of a system call.
        public struct Argument: Equatable, Sendable {
            /// 0 to 5.
            public var index: UInt32
            /// For `maskedEqual` the mask.
            public var value: UInt64
            /// For `maskedEqual` the value under the mask; else without meaning.
            public var valueTwo: UInt64
            public var op: Operator

            public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: Operator) {
                self.index = index
                self.value = value
                self.valueTwo = valueTwo
                self.op = op
            }
        }

        /// What happens to some system calls, if all conditions on their arguments hold.
        public struct Syscall: Equatable, Sendable {
            public var names: [String]
            public var action: Action
            /// For `errno` and `trace`; nil: EPERM.
            public var errnoRet: UInt32?
            public var args: [Argument]

            public init(names: [String], action: Action, errnoRet: UInt32? = nil, args: [Argument] = []) {
                self.names = names
                self.action = action
                self.errnoRet = errnoRet
                self.args = args
            }
        }

        public var defaultAction: Action
        public var defaultErrnoRet: UInt32?
        /// Architectures beside the native one.
        public var architectures: [Architecture] = []
        /// Nil: the runtime's default flags; empty: none.
        public var flags: [Flag]?
        /// Unix socket of the agent that answers `notify`.
        public var listenerPath: String?
        public var listenerMetadata: String?
        public var syscalls: [Syscall] = []

        public init(defaultAction: Action) { self.defaultAction = defaultAction }
    }
}

// MARK: - JSON

extension RuntimeSpec.Seccomp {
    /// The filter of a `linux` object. One that neither names a default action nor has rules is none, as for every
    /// version of runc.
    static func member(of linux: JSONObject) throws(JSONError) -> JSONValue? {
        guard let filter = linux["seccomp"] else { return nil }
        let members = try filter.object()
        if try members.text("defaultAction") != nil { return filter }
        guard let rules = members["syscalls"] else { return nil }
        for _ in try rules.elements() { return filter }
        return nil
    }
}

extension RuntimeSpec.Seccomp: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        defaultAction = try json.required("defaultAction")
        defaultErrnoRet = try json.optional("defaultErrnoRet")
        architectures = try json.list("architectures")
        flags = try json.optional("flags")
        listenerPath = try json.text("listenerPath")
        listenerMetadata = try json.text("listenerMetadata")
        syscalls = try json.list("syscalls")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("defaultAction", defaultAction)
            json.optional("defaultErrnoRet", defaultErrnoRet)
            json.nonEmpty("architectures", architectures)
            json.optional("flags", flags)
            json.optional("listenerPath", listenerPath)
            json.optional("listenerMetadata", listenerMetadata)
            json.nonEmpty("syscalls", syscalls)
        }
    }
}

extension RuntimeSpec.Seccomp.Syscall: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        names = try json.required("names")
        action = try json.required("action")
        errnoRet = try json.optional("errnoRet")
        args = try json.list("args")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("names", names)
            json.member("action", action)
            json.optional("errnoRet", errnoRet)
            json.nonEmpty("args", args)
        }
    }
}

extension RuntimeSpec.Seccomp.Argument: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        index = try json.required("index")
        value = try json.required("value")
        valueTwo = try json.optional("valueTwo", default: 0)
        op = try json.required("op")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("index", index)
            json.member("value", value)
            if valueTwo != 0 { json.member("valueTwo", valueTwo) }
            json.member("op", op)
        }
    }
}
