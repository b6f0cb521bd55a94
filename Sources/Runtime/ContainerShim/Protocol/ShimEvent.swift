import OCISpec

/// Something that happened to a container, told to clients that subscribed.
public struct ShimEvent: Equatable, Sendable {
    public enum Kind: String, JSONWord {
        public static let noun: StaticString = "event"
        case created, started, exited, oom, paused, resumed, restarting, deleted
        /// The first process of a pod's shared pid namespace has ended, and with it every process in that; the
        /// event bears the pod's id.
        case initExited
    }

    public var kind: Kind
    public var container: String
    public var time: Timestamp
    /// With `created` and `started` the process id.
    public var pid: Int32?
    /// With `exited` and `initExited` the exit code.
    public var exitCode: Int32?
    /// With `exited`: the kernel's OOM killer ended a process of the container.
    public var oomKilled: Bool

    public init(
        _ kind: Kind, container: String, time: Timestamp, pid: Int32? = nil, exitCode: Int32? = nil,
        oomKilled: Bool = false
    ) {
        self.kind = kind
        self.container = container
        self.time = time
        self.pid = pid
        self.exitCode = exitCode
        self.oomKilled = oomKilled
    }
}

extension ShimEvent: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        kind = try object.required("kind")
        container = try object.required("container")
        time = try object.required("time")
        pid = try object.optional("pid")
        exitCode = try object.optional("exitCode")
        oomKilled = try object.flag("oomKilled")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind)
            json.member("container", container)
            json.member("time", time)
            json.optional("pid", pid)
            json.optional("exitCode", exitCode)
            json.flag("oomKilled", oomKilled)
        }
    }
}
