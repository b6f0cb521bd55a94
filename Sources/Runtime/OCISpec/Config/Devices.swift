extension RuntimeSpec {
    /// A device node in the container.
    public struct Device: Equatable, Sendable {
        public enum Kind: String, JSONWord {
            public static let noun: StaticString = "device type"
            case character = "c"
            /// As `c`, by its name in mknod(1).
            case unbuffered = "u"
            case block = "b"
            case fifo = "p"
        }

        /// Absolute path in the container.
        public var path: String
        public var type: Kind
        /// As the next, -1 for a fifo that has none.
        public var major: Int64
        public var minor: Int64
        /// Permission bits; nil: the runtime's default.
        public var fileMode: UInt32?
        public var uid: UInt32?
        public var gid: UInt32?

        public init(
            path: String, type: Kind, major: Int64, minor: Int64, fileMode: UInt32? = nil, uid: UInt32? = nil,
            gid: UInt32? = nil
        ) {
            self.path = path
            self.type = type
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }
    }

    /// What the container may do with devices; later rules win over earlier ones.
    public struct DeviceRule: Equatable, Sendable {
        public enum Kind: String, JSONWord {
            public static let noun: StaticString = "type of devices"
            case all = "a"
            case character = "c"
            case block = "b"
        }

        /// Kinds of access, in the file a text like `rwm`.
        public struct Access: OptionSet, Hashable, Sendable {
            public let rawValue: UInt8
            public init(rawValue: UInt8) { self.rawValue = rawValue }

            public static let read = Access(rawValue: 1)
            public static let write = Access(rawValue: 2)
            public static let makeNode = Access(rawValue: 4)
            public static let all: Access = [.read, .write, .makeNode]
        }

        public var allow: Bool
        public var type: Kind
        /// Nil: every number, as -1 in the file.
        public var major: Int64?
        public var minor: Int64?
        public var access: Access

        public init(
            allow: Bool, type: Kind = .all, major: Int64? = nil, minor: Int64? = nil, access: Access = .all
        ) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    /// A network device to move into the container.
    public struct NetDevice: Equatable, Sendable {
        /// Its name inside; nil: the name it has.
        public var name: String?

        public init(name: String? = nil) { self.name = name }
    }
}

// MARK: - JSON

extension RuntimeSpec.Device: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        path = try json.required("path")
        type = try json.required("type")
        if type == .fifo {
            major = try json.optional("major", default: -1)
            minor = try json.optional("minor", default: -1)
        } else {
            major = try json.required("major")
            minor = try json.required("minor")
        }
        fileMode = try json.optional("fileMode")
        uid = try json.optional("uid")
        gid = try json.optional("gid")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("path", path)
            json.member("type", type)
            if type != .fifo || major >= 0 { json.member("major", major) }
            if type != .fifo || minor >= 0 { json.member("minor", minor) }
            json.optional("fileMode", fileMode)
            json.optional("uid", uid)
            json.optional("gid", gid)
        }
    }
}

extension RuntimeSpec.DeviceRule: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        allow = try json.required("allow")
        type = try json.word("type") ?? .all
        major = try json.optional("major")
        minor = try json.optional("minor")
        if major == -1 { major = nil }
        if minor == -1 { minor = nil }
        access = try json.optional("access", default: .all)
        if access.isEmpty { access = .all }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("allow", allow)
            if type != .all { json.member("type", type) }
            json.optional("major", major)
            json.optional("minor", minor)
            json.member("access", access)
        }
    }
}

extension RuntimeSpec.DeviceRule.Access: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        self = []
        let text = try json.string()
        for letter in text.utf8 {
            switch letter {
            case UInt8(ascii: "r"): insert(.read)
            case UInt8(ascii: "w"): insert(.write)
            case UInt8(ascii: "m"): insert(.makeNode)
            default: throw json.error("unknown access in \(JSONError.quoted(text)), expected letters of rwm")
            }
        }
    }

    public func encode(to json: inout JSONWriter) {
        let letters =
            (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.makeNode) ? "m" : "")
        json.string(letters)
    }
}

extension RuntimeSpec.NetDevice: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        name = try json.object().text("name")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in json.optional("name", name) }
    }
}
