import ContainerShim
import LinuxKernel
import OCISpec
import PodNetwork

/// What the user wants of a new container: the words of `run` and `create`, checked one by one.
public struct ContainerRequest: Equatable, Sendable {
    public enum Network: Equatable, Sendable {
        /// A network namespace with nothing but its loopback.
        case none
        /// The host's network.
        case host
        /// The built-in one: an address of its own, the way out, and ports of the host's.
        case builtin
        /// That of another container, by its id; in what the user asks for, as it is typed.
        case container(String)

        /// By the names that users of other programs have for it, too.
        public init?(option: String) {
            switch option {
            case "none": self = .none
            case "host": self = .host
            case "builtin", "bridge", "default": self = .builtin
            default:
                guard let container = Self.container(in: option) else { return nil }
                self = .container(container)
            }
        }

        private static func container(in text: String) -> String? {
            let prefix = "container:"
            return text.hasPrefix(prefix) && text != prefix ? String(text.dropFirst(prefix.utf8.count)) : nil
        }

        public var text: String {
            switch self {
            case .none: "none"
            case .host: "host"
            case .builtin: "builtin"
            case .container(let container): "container:" + container
            }
        }

        /// Whether the container's namespace is of its own, and so what is set in it.
        var isOwn: Bool { self == .builtin || self == .none }
    }

    /// As typed.
    public var image: String
    /// What follows the image.
    public var command: [String] = []
    /// nil: the image's. An empty list: none.
    public var entrypoint: [String]?
    public var name: String?
    public var platform: Platform?

    public var terminal = false
    public var interactive = false
    public var detached = false
    /// For `inspect`.
    public var attached = AttachOption()
    /// The container goes with everything it wrote once it has ended.
    public var removeAfterwards = false

    /// `NAME=value`.
    public var environment: [String] = []
    public var labels: [KeyValue] = []
    public var annotations: [KeyValue] = []
    public var workingDirectory: String?
    public var user: String?
    public var additionalGroups: [String] = []
    public var hostname: String?
    public var domainName: String?
    /// `name:address`.
    public var hosts: [HostEntry] = []
    public var nameServers: [String] = []
    public var searchDomains: [String] = []
    public var resolverOptions: [String] = []

    public var mounts: [MountRequest] = []
    /// Containers whose volumes and host paths it shares.
    public var volumesFrom: [VolumesFromOption] = []
    public var devices: [DeviceOption] = []
    /// Bytes of /dev/shm.
    public var sharedMemory: Int64 = 64 << 20
    public var readOnlyRoot = false
    /// Bytes that its writable layer may hold; nil for no limit.
    public var storageSize: Int64?

    public var network = Network.builtin
    /// Ports of the host's that lead into the container.
    public var ports: [PortMapping] = []
    /// All ports that the image exposes get one of the host's.
    public var publishesAll = false
    /// Addresses that it must have.
    public var addresses: [IPAddress] = []
    /// Namespaces that are the host's own.
    public var hostPID = false
    public var hostIPC = false
    public var hostUTS = false
    public var hostCgroup = false
    public var userNamespace = UserNamespaceOption.host

    public var addedCapabilities: [String] = []
    public var droppedCapabilities: [String] = []
    public var security = SecurityOptions()
    /// The same as typed, for `inspect`.
    public var securityOptions: [String] = []
    public var privileged = false

    public var resources = ResourceRequest()
    public var ulimits: [UlimitOption] = []
    public var sysctls: [KeyValue] = []
    public var oomScoreAdjustment: Int32?

    /// A small init as the first process.
    public var usesInit = false
    /// nil: the image's, or SIGTERM.
    public var stopSignal: Int32?
    /// Seconds.
    public var stopTimeout: Int?
    public var restart = RestartPolicy.no
    public var logDriver = LogDriver.file
    public var logOptions: [String] = []

    public init(image: String) {
        self.image = image
    }

    /// What contradicts itself is refused.
    public func check() throws(UsageError) {
        try resources.check()
        if logDriver == .none, !logOptions.isEmpty {
            throw UsageError("--log-driver none and --log-opt exclude each other")
        }
        if removeAfterwards, restart != .no { throw UsageError("--rm and --restart exclude each other") }
        if let name { try checkContainerName(name) }
        if let hostname {
            if !isHostName(hostname) {
                throw UsageError("invalid host name '\(hostname)': it must be a word of at most 64 bytes")
            }
            if hostUTS { throw UsageError("--hostname and --uts host exclude each other") }
        }
        if let workingDirectory, !workingDirectory.hasPrefix("/") {
            throw UsageError("invalid working directory '\(workingDirectory)': it must be an absolute path")
        }
        if let adjustment = oomScoreAdjustment, !(-1000...1000).contains(adjustment) {
            throw UsageError("--oom-score-adj must be between -1000 and 1000")
        }
        try checkNetwork()
        try checkUserNamespace()
        try checkSysctls()
        var targets: Set<String> = []
        for mount in mounts where !targets.insert(mount.target).inserted {
            throw UsageError("two mounts at '\(mount.target)'")
        }
    }
}

extension ContainerRequest.Network: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let text = try json.string()
        guard let network = Self(option: text), network.text == text else {
            throw json.error("unknown network \(JSONError.quoted(text))")
        }
        self = network
    }

    public func encode(to json: inout JSONWriter) { json.string(text) }
}

extension ContainerRequest {
    private func checkNetwork() throws(UsageError) {
        var given: [(String, Bool)] = [
            ("--publish", !ports.isEmpty), ("--publish-all", publishesAll), ("--ip", !addresses.isEmpty),
        ]
        if case .container = network {
            // All of that is the other one's.
            given += [
                ("--hostname", hostname != nil), ("--domainname", domainName != nil),
                ("--add-host", !hosts.isEmpty), ("--dns", !nameServers.isEmpty),
                ("--dns-search", !searchDomains.isEmpty), ("--dns-option", !resolverOptions.isEmpty),
                ("--userns", userNamespace != .host),
            ]
        }
        if network != .builtin, let option = given.first(where: \.1) {
            throw UsageError("\(option.0) and --network \(network.text) exclude each other")
        }
        for server in nameServers where IPAddress(server) == nil {
            throw UsageError("invalid name server '\(server)': it must be an IP address")
        }
    }
}

extension ContainerRequest {
    /// The root of a user namespace may mount what shows the container's own namespaces, and nothing of the host's.
    private func checkUserNamespace() throws(UsageError) {
        if userNamespace == .host { return }
        let given = [("--pid", hostPID), ("--ipc", hostIPC), ("--cgroupns", hostCgroup)]
        if let option = given.first(where: \.1) {
            throw UsageError("a user namespace and \(option.0) host exclude each other")
        }
    }
}

extension ContainerRequest {
    /// Only settings that belong to a namespace of the container's own: others would change the host.
    private func checkSysctls() throws(UsageError) {
        for sysctl in sysctls {
            let option = "--sysctl \(sysctl.key)"
            guard let name = SysctlName(sysctl.key) else {
                throw UsageError("invalid \(option): it is not the name of a kernel setting")
            }
            if name.name == "kernel.hostname" { throw UsageError("\(option): --hostname sets it") }
            guard let kind = name.namespace else {
                throw UsageError("\(option) would change the host: it belongs to no namespace")
            }
            let isHosts: Bool
            switch kind {
            case .ipc: isHosts = hostIPC
            case .uts: isHosts = hostUTS
            case .network: isHosts = network == .host
            default: isHosts = false
            }
            if isHosts {
                throw UsageError("\(option) would change the host, whose \(kind.rawValue) namespace it has")
            }
        }
    }
}

/// Whether a container may call itself this: sethostname(2) takes 64 bytes, and the rest keeps it one word of a line of
/// hosts(5).
public func isHostName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
        && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/#".utf8.contains($0) }
}

/// `NAME:ADDRESS` of `--add-host`.
public struct HostEntry: Equatable, Sendable {
    public let name: String
    public let address: String

    public init(parsing text: String) throws(UsageError) {
        // The address may hold colons itself, so the first one (or `=`) separates; brackets are taken off.
        guard
            let separator = text.utf8.firstIndex(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") }
            )
        else {
            throw UsageError("invalid host '\(text)': wanted is NAME:ADDRESS")
        }
        name = String(text[..<separator])
        var address = text[separator...].dropFirst()
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        self.address = String(address)
        let plain = (name + self.address).utf8.allSatisfy { $0 > 32 && $0 != 127 }
        if name.isEmpty || self.address.isEmpty || !plain {
            throw UsageError("invalid host '\(text)': wanted is NAME:ADDRESS")
        }
    }
}
