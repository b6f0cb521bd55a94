import Glibc
import LinuxKernel
import OCISpec

/// What a pod's sandbox is to be: names, namespaces, network, files. Kept in the database as long as the sandbox.
public struct SandboxSpec: Codable, Equatable, Sendable {
    /// A range of user or group ids of a user namespace (user_namespaces(7)).
    public struct IDRange: Codable, Equatable, Sendable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32

        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }

        var mapping: RuntimeSpec.IDMapping {
            RuntimeSpec.IDMapping(containerID: containerID, hostID: hostID, size: size)
        }
    }

    /// Which network the pod is in.
    public enum Network: Codable, Equatable, Sendable {
        case host
        case pod
    }

    /// A port of the host's that leads into the pod.
    public struct Port: Codable, Equatable, Sendable {
        public var proto: String
        public var hostIP: String?
        public var hostPort: UInt16
        public var podPort: UInt16

        public init(proto: String, hostIP: String?, hostPort: UInt16, podPort: UInt16) {
            self.proto = proto
            self.hostIP = hostIP
            self.hostPort = hostPort
            self.podPort = podPort
        }
    }

    /// What a pod's resolver is told, for networks that want to know.
    public struct Resolver: Codable, Equatable, Sendable {
        public var servers: [String]
        public var searches: [String]
        public var options: [String]

        public init(servers: [String], searches: [String], options: [String]) {
            self.servers = servers
            self.searches = searches
            self.options = options
        }
    }

    public var name: String
    public var namespace: String
    public var uid: String
    public var attempt: UInt32
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// Which runtime its containers have; empty for the default one.
    public var runtimeHandler = ""

    public var hostname = ""
    public var network = Network.pod
    public var ports: [Port] = []
    /// Bits per second, and bits; as annotations ask for them.
    public var ingressBandwidth: UInt64?
    public var egressBandwidth: UInt64?
    public var resolver: Resolver?
    public var hasHostIPC = false
    /// Containers see each other's processes.
    public var sharesProcesses = false
    /// Empty: the host's user namespace.
    public var userMappings: [IDRange] = []
    public var groupMappings: [IDRange] = []
    public var sysctls: [String: String] = [:]
    public var cgroupParent = ""

    /// Texts of the files in /etc that the containers share.
    public var hostsFile = ""
    public var hostnameFile = ""
    public var resolverFile = ""
    /// Bytes of /dev/shm.
    public var sharedMemorySize: UInt64 = 64 << 20
    /// The SELinux context of all these; nil: as it comes.
    public var fileLabel: String?

    /// What the engine's user wants to find again; the engine does not look into it.
    public var details: [UInt8] = []

    public init(name: String, namespace: String, uid: String, attempt: UInt32) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.attempt = attempt
    }

    /// The name that no two sandboxes may have, as other runtimes build it.
    var reservedName: String { "\(name)_\(namespace)_\(uid)_\(attempt)" }
    var hasUserNamespace: Bool { !userMappings.isEmpty }
    /// The engine makes the pod's network namespace, and not the shim.
    var makesOwnNetwork: Bool { network == .pod && !hasUserNamespace }
    /// Nothing is to be done any more when the shim is there.
    var isCompleteWithShim: Bool { !sharesProcesses && (network == .host || makesOwnNetwork) }

    static func isOfNetwork(_ sysctl: String) -> Bool { SysctlName(sysctl)?.namespace == .network }

    /// Whether it is one of a network device's, `net.ipv4.conf.eth0.rp_filter`: such a parameter is there once the device
    /// is. The loopback device comes with the namespace, and what `all` and `default` say holds for devices to come.
    package static func isOfDevice(_ sysctl: String) -> Bool {
        let parts = SysctlName(sysctl)?.path.split(separator: "/") ?? []
        return parts.count > 4 && parts[0] == "net" && ["conf", "neigh"].contains(parts[2])
            && !["all", "default", "lo"].contains(parts[3])
    }

    /// Those of the network namespace itself.
    var networkSysctls: SortedMap<String> {
        sysctls { Self.isOfNetwork($0) && !Self.isOfDevice($0) }
    }
    /// Those of devices in the pod's network.
    var deviceSysctls: SortedMap<String> { sysctls(Self.isOfDevice) }

    private func sysctls(_ isWanted: (String) -> Bool) -> SortedMap<String> {
        SortedMap(sysctls.filter { isWanted($0.key) }.map { (key: $0.key, value: $0.value) })
    }

    /// On the host, of the root of the pod's user namespace; nil where it has none.
    var rootGroup: UInt32? { groupMappings.first { $0.containerID == 0 }?.hostID }

    /// Files that are made for the pod belong to its root, whichever id that has on the host.
    func giveToRoot(_ paths: [String]) throws(KernelError) {
        guard let user = userMappings.first(where: { $0.containerID == 0 }),
            let group = rootGroup
        else { return }
        for path in paths {
            _ = try check("chown", path) { lchown(path, user.hostID, group) }
        }
    }
}
