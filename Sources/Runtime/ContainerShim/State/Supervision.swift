import Glibc
import LinuxKernel
import OCISpec

/// What a shim has to know about a container beyond its OCI bundle: `supervision.json` in the container's
/// folder, written when the container is defined.
public struct Supervision: Equatable, Sendable {
    /// Standard input of the first process.
    public enum Input: String, JSONWord {
        public static let noun: StaticString = "input"
        /// /dev/null.
        case none
        /// Ends when the first client that attached to it leaves: `docker run -i`.
        case once
        /// Stays open for later clients: `docker run -d -i`.
        case keep
    }

    /// The first process gets a terminal; must agree with `process.terminal` of the bundle.
    public var terminal: Bool
    public var input: Input
    public var restart: RestartPolicy
    /// Where output is kept; nil for nowhere.
    public var log: LogOptions?
    /// Sent by `stop`.
    public var stopSignal: Int32
    /// Seconds between the stop signal and SIGKILL; negative for no limit.
    public var stopTimeout: Int
    /// The folder goes when the container has ended: `--rm`.
    public var remove: Bool
    /// What the shim mounts before a start and unmounts after the end; nil where the bundle's root is not
    /// a mount of ours.
    public var rootfs: RootfsMount?
    /// What the shim makes before the root is mounted and takes away after the end; nil without a user namespace of
    /// the container's own.
    public var namespaces: OwnNamespaces?
    /// Of another container, pinned for as long as the container runs.
    public var joinedNetwork: JoinedNetwork?
    /// Another OCI runtime; nil for the one that the shim has in itself.
    public var runtime: RuntimeHandler?
    /// The built-in runtime has systemd make the groups.
    public var systemdCgroup: Bool

    public init(
        terminal: Bool = false, input: Input = .none, restart: RestartPolicy = .no,
        log: LogOptions? = nil, stopSignal: Int32 = SIGTERM, stopTimeout: Int = 10, remove: Bool = false,
        rootfs: RootfsMount? = nil, namespaces: OwnNamespaces? = nil,
        joinedNetwork: JoinedNetwork? = nil, runtime: RuntimeHandler? = nil,
        systemdCgroup: Bool = false
    ) {
        self.terminal = terminal
        self.input = input
        self.restart = restart
        self.log = log
        self.stopSignal = stopSignal
        self.stopTimeout = stopTimeout
        self.remove = remove
        self.rootfs = rootfs
        self.namespaces = namespaces
        self.joinedNetwork = joinedNetwork
        self.runtime = runtime
        self.systemdCgroup = systemdCgroup
    }

    public static let fileName = "supervision.json"

    public static func read(in folder: String) throws -> Supervision {
        let path = folder + "/" + fileName
        let bytes = try FileDescriptor.readFile(path, limit: 1 << 20)
        do throws(JSONError) {
            return try Supervision(json: bytes)
        } catch {
            throw StateFileError(path: path, reason: error)
        }
    }

    /// For those who clean up. Of a file that is missing or damaged, what every container's maker does: the root lies
    /// in the folder, and so do pins of namespaces, where there are any. Without this, nobody could ever remove the
    /// container.
    /// - Parameter runtime: what a damaged file cannot say.
    static func forCleanup(in folder: String, runtime: RuntimeHandler? = nil) throws -> Supervision {
        do {
            return try read(in: folder)
        } catch is StateFileError {
        } catch let error as KernelError where error.errno == .noEntry {
        }
        return Supervision(
            rootfs: RootfsMount(
                lower: [], upper: folder + "/upper", work: folder + "/work", target: folder + "/rootfs"),
            namespaces: OwnNamespaces(in: folder), runtime: runtime)
    }

    /// Replaces the file in one step. While a shim lives, change the restart policy through it.
    public func write(in folder: String) throws(KernelError) {
        try replaceFile(folder + "/" + Self.fileName, with: json())
    }
}

/// The container's log file and its limits.
public struct LogOptions: Equatable, Sendable {
    /// The newest file; older ones have `.1`, `.2` … behind it, the highest the oldest. Its folder exists.
    public var path: String
    /// Bytes after which a new file is begun; 0 for no limit.
    public var maxSize: Int
    /// How many files are kept, the newest included; at least 1.
    public var maxFiles: Int

    public static let defaultMaxSize = 10 << 20
    public static let defaultMaxFiles = 5

    public init(path: String, maxSize: Int = defaultMaxSize, maxFiles: Int = defaultMaxFiles) {
        self.path = path
        self.maxSize = maxSize
        self.maxFiles = maxFiles
    }
}

extension Supervision: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        terminal = try object.flag("terminal")
        input = try object.optional("input") ?? .none
        restart = try object.optional("restart") ?? .no
        log = try object.optional("log")
        stopSignal = try object.optional("stopSignal") ?? SIGTERM
        stopTimeout = try object.optional("stopTimeout") ?? 10
        remove = try object.flag("remove")
        rootfs = try object.optional("rootfs")
        namespaces = try object.optional("namespaces")
        joinedNetwork = try object.optional("joinedNetwork")
        runtime = try object.optional("runtime")
        systemdCgroup = try object.flag("systemdCgroup")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.flag("terminal", terminal)
            json.member("input", input)
            json.member("restart", restart)
            json.optional("log", log)
            json.member("stopSignal", stopSignal)
            json.member("stopTimeout", stopTimeout)
            json.flag("remove", remove)
            json.optional("rootfs", rootfs)
            json.optional("namespaces", namespaces)
            json.optional("joinedNetwork", joinedNetwork)
            json.optional("runtime", runtime)
            json.flag("systemdCgroup", systemdCgroup)
        }
    }
}

extension LogOptions: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        path = try object.required("path")
        maxSize = try object.required("maxSize")
        maxFiles = try object.required("maxFiles")
        guard maxSize >= 0 else { throw json.error("maxSize is negative") }
        guard maxFiles >= 1 else { throw json.error("maxFiles is less than 1") }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("path", path)
            json.member("maxSize", maxSize)
            json.member("maxFiles", maxFiles)
        }
    }
}
