import OCISpec

// The protocol between a shim and its clients (`swiftlet`, later the daemon), over the socket `shim.sock` in
// the shim's run folder.
//
// The socket is of type SOCK_SEQPACKET: one packet is one message, a JSON object of at most 64 KB, with up to
// three descriptors beside it. On connecting the shim speaks first, with its greeting. After that the client
// sends requests, each with a number of its own choice, and the shim answers each one once, with that number, in
// any order: `wait` is answered when the process has exited. A client that subscribed gets events in between.
// A client that goes away takes its unanswered requests with it; what they began goes on, and an exec is not begun any more.

/// Numbers that both ends have to agree on.
public enum ShimProtocol {
    /// What this build speaks. Raised when a message changes its meaning; new members that an older peer may
    /// ignore do not raise it.
    public static let version = 1
    /// The oldest version that this build still understands.
    public static let oldestVersion = 1
    /// Longest message in bytes. Process descriptions, which may be longer, travel as descriptors.
    public static let maxMessage = 64 << 10
    /// Name of the socket in the run folder.
    public static let socketName = "shim.sock"
}

/// What a shim says first on every connection.
public struct ShimGreeting: Equatable, Sendable {
    public var version: Int
    public var oldestVersion: Int
    /// The shim's process id.
    public var pid: Int32

    public init(version: Int, oldestVersion: Int, pid: Int32) {
        self.version = version
        self.oldestVersion = oldestVersion
        self.pid = pid
    }

    /// The highest version that both ends speak, or nil.
    public var commonVersion: Int? {
        let highest = min(version, ShimProtocol.version)
        return highest >= max(oldestVersion, ShimProtocol.oldestVersion) ? highest : nil
    }
}

extension ShimGreeting: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        version = try object.required("version")
        oldestVersion = try object.required("oldestVersion")
        pid = try object.required("pid")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("version", version)
            json.member("oldestVersion", oldestVersion)
            json.member("pid", pid)
        }
    }
}
