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

    public var name: String
    public var namespace: String
    public var uid: String
    public var attempt: UInt32
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// Which runtime its containers have; empty for the built-in one.
    public var runtimeHandler = ""

    public var hostname = ""
    public var network = Network.pod
    public var ports: [Port] = []
    /// Bits per second, and bits; as annotations ask for them.
    public var ingressBandwidth: UInt64?
    public var egressBandwidth: UInt64?
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
    /// Those of the network namespace.
    var networkSysctls: SortedMap<String> {
        SortedMap(sysctls.filter { Self.isOfNetwork($0.key) }.map { (key: $0.key, value: $0.value) })
    }

    /// Files that are made for the pod belong to its root, whichever id that has on the host.
    func giveToRoot(_ paths: [String]) throws(KernelError) {
        guard let user = userMappings.first(where: { $0.containerID == 0 }),
            let group = groupMappings.first(where: { $0.containerID == 0 })
        else { return }
        for path in paths {
            _ = try check("chown", path) { lchown(path, user.hostID, group.hostID) }
        }
    }
}
