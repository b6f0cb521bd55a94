/// What a container does (runtime.md, State).
public enum ContainerStatus: String, JSONWord {
    public static let noun: StaticString = "container status"
    case creating, created, running, stopped
    /// Not a word of the specification, which lets runtimes add some: frozen, as runc has it.
    case paused
}

/// A container's state as hooks get it on standard input (runtime.md, State).
public struct ContainerState: Equatable, Sendable {
    public var ociVersion: String
    public var id: String
    public var status: ContainerStatus
    /// Of the container's process, as the runtime sees it; for hooks that run inside, as the container does. Nil
    /// without a process.
    public var pid: Int32?
    /// Absolute path of the bundle.
    public var bundle: String
    public var annotations: SortedMap<String>

    public init(
        id: String, status: ContainerStatus, pid: Int32?, bundle: String,
        annotations: SortedMap<String> = [:],
        ociVersion: String = RuntimeSpec.version
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }
}

/// What a seccomp agent gets with the listener's descriptor (config-linux.md, The Container Process
/// State).
public struct ContainerProcessState: Equatable, Sendable {
    public var ociVersion: String
    /// Names of the descriptors in the message, in their order; `seccompFd` is the listener.
    public var fds: [String]
    /// Of the process that installed the filter, in the runtime's pid namespace.
    public var pid: Int32
    /// `listenerMetadata` of the configuration.
    public var metadata: String?
    public var state: ContainerState

    public init(fds: [String], pid: Int32, metadata: String?, state: ContainerState) {
        self.ociVersion = state.ociVersion
        self.fds = fds
        self.pid = pid
        self.metadata = metadata
        self.state = state
    }
}

// MARK: - JSON

extension ContainerState: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        ociVersion = try json.required("ociVersion")
        id = try json.required("id")
        status = try json.required("status")
        // 0 is how Go's runtimes write that there is none.
        pid = try json.optional("pid")
        if pid == 0 { pid = nil }
        bundle = try json.required("bundle")
        annotations = try json.map("annotations")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("ociVersion", ociVersion)
            json.member("id", id)
            json.member("status", status)
            json.optional("pid", pid)
            json.member("bundle", bundle)
            json.nonEmpty("annotations", annotations)
        }
    }
}

extension ContainerProcessState: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        ociVersion = try json.required("ociVersion")
        fds = try json.list("fds")
        pid = try json.required("pid")
        metadata = try json.text("metadata")
        state = try json.required("state")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("ociVersion", ociVersion)
            json.member("fds", fds)
            json.member("pid", pid)
            json.optional("metadata", metadata)
            json.member("state", state)
        }
    }
}
