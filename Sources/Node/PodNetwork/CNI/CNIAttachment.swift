import LinuxKernel
import OCISpec

/// One interface of one container, as plugins are told of it.
public struct CNIAttachment: Equatable, Sendable {
    public var containerID: String
    /// Path of the network namespace; empty when it is gone, at DEL.
    public var namespace: String
    public var interface = "eth0"
    /// CNI_ARGS: `K8S_POD_NAME` and the like.
    public var arguments: [(key: String, value: String)] = []
    public var capabilities = CNICapabilities()

    public init(containerID: String, namespace: String) {
        self.containerID = containerID
        self.namespace = namespace
    }

    public static func == (left: CNIAttachment, right: CNIAttachment) -> Bool {
        left.containerID == right.containerID && left.namespace == right.namespace
            && left.interface == right.interface && left.argumentText == right.argumentText
            && left.capabilities == right.capabilities
    }

    var argumentText: String { arguments.map { "\($0.key)=\($0.value)" }.joined(separator: ";") }

    /// It becomes part of environment variables, and of file names, whose parts a '-' divides (`CNICache`).
    func check() throws(CNIError) {
        func isPlain(_ text: String) -> Bool {
            text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || [46, 95].contains($0)
            }
        }
        guard let first = containerID.utf8.first, first != UInt8(ascii: "."), isPlain(containerID),
            containerID.utf8.count <= 128
        else {
            throw .failed(type: "-", command: "ADD", reason: "invalid container id '\(containerID)'")
        }
        guard (1...15).contains(interface.utf8.count), isPlain(interface), interface != ".", interface != ".."
        else { throw .failed(type: "-", command: "ADD", reason: "invalid interface name '\(interface)'") }
        for (key, value) in arguments
        where (key + value).utf8.contains(where: { $0 == 0x3b || $0 == 0 || $0 == 0x0a }) {
            throw .failed(type: "-", command: "ADD", reason: "invalid argument '\(key)'")
        }
    }
}

/// What plugins get as `runtimeConfig` when their configuration says that they can use it (CNI's CONVENTIONS).
public struct CNICapabilities: Equatable, Sendable {
    public var ports: [PortMapping] = []
    public var bandwidth: Bandwidth?
    /// Ranges from which addresses come: a list of alternatives for each address.
    public var ranges: [[IPPrefix]] = []
    public var dns: DNS?
    public var mac: String?
    public var aliases: [String] = []
    /// The pod's group, as whoever makes the pod calls it.
    public var cgroupPath = ""
    /// Of the pod; not one of CNI's own, but what other runtimes of the CRI pass.
    public var podAnnotations: [String: String] = [:]

    /// Bits per second, and bits.
    public struct Bandwidth: Equatable, Sendable {
        public var ingressRate: UInt64 = 0
        public var ingressBurst: UInt64 = 0
        public var egressRate: UInt64 = 0
        public var egressBurst: UInt64 = 0
        public init() {}
    }

    public struct DNS: Equatable, Sendable {
        public var servers: [String] = []
        public var searches: [String] = []
        public var options: [String] = []
        public init() {}
    }

    public init() {}

    /// By the names of the capabilities; without those that nobody asked for.
    var tree: JSONTree { .members(members.map { ($0.name, $0.value) }) }

    /// By their names those of somebody's wishes that no plugin of a network is told, by which nothing fails. The rest is
    /// what plugins can know, and need not.
    public func missing(in network: NetworkList) -> [String] {
        var wanted: [String] = []
        if !ports.isEmpty { wanted.append("portMappings") }
        if bandwidth != nil { wanted.append("bandwidth") }
        return wanted.filter { !network.has(capability: $0) }
    }

    private var members: [(name: String, value: JSONTree)] {
        var members: [(name: String, value: JSONTree)] = []
        if !ports.isEmpty {
            members.append(
                (
                    "portMappings",
                    .array(
                        ports.map { port in
                            .members([
                                ("hostPort", .integer(port.hostPort)),
                                ("containerPort", .integer(port.podPort)),
                                ("protocol", .string(port.proto.rawValue)),
                                ("hostIP", port.hostIP.map { .string("\($0)") }),
                            ])
                        })
                ))
        }
        if let bandwidth {
            members.append(
                (
                    "bandwidth",
                    .members([
                        ("ingressRate", .integer(bandwidth.ingressRate)),
                        ("ingressBurst", .integer(bandwidth.ingressBurst)),
                        ("egressRate", .integer(bandwidth.egressRate)),
                        ("egressBurst", .integer(bandwidth.egressBurst)),
                    ])
                ))
        }
        if !ranges.isEmpty {
            members.append(
                (
                    "ipRanges",
                    .array(
                        ranges.map { set in
                            .array(set.map { .members([("subnet", .string("\($0)"))]) })
                        })
                ))
        }
        if let dns {
            members.append(
                (
                    "dns",
                    .members([
                        ("servers", .strings(dns.servers)), ("searches", .strings(dns.searches)),
                        ("options", .strings(dns.options)),
                    ])
                ))
        }
        if let mac { members.append(("mac", .string(mac))) }
        if !aliases.isEmpty { members.append(("aliases", .strings(aliases))) }
        if !cgroupPath.isEmpty { members.append(("cgroupPath", .string(cgroupPath))) }
        if !podAnnotations.isEmpty {
            let sorted = podAnnotations.sorted { $0.key < $1.key }
            members.append(
                ("io.kubernetes.cri.pod-annotations", .members(sorted.map { ($0.key, .string($0.value)) })))
        }
        return members
    }

    /// Those of a tree that a plugin's configuration asks for; nil for none.
    static func runtimeConfig(_ tree: JSONTree, for plugin: JSONTree) -> JSONTree? {
        guard case .object(let members) = tree else { return nil }
        let wanted = members.filter { plugin["capabilities"]?[$0.name]?.flag == true }
        return wanted.isEmpty ? nil : .object(wanted)
    }
}
