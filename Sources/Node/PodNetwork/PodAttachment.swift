import LinuxKernel
import OCISpec

/// What a pod, or a container of its own, wants of the network.
public struct PodAttachment: Equatable, Sendable {
    /// The pod's id: whatever a file name may be.
    public var id: String
    /// The path at which its network namespace is pinned. It is made where there is none.
    public var namespace: String
    public var ports: [PortMapping] = []
    /// Addresses that it must have: at most one of each version.
    public var addresses: [IPAddress] = []
    /// A hosts(5) file in which the addresses are written down, and the names for them.
    public var hostsFile: String?
    public var hostNames: [String] = []
    /// Parameters of the network namespace, by name, where this makes it.
    public var sysctls: SortedMap<String> = [:]

    public init(id: String, namespace: String) {
        self.id = id
        self.namespace = namespace
    }
}

/// What a pod has of the network.
public struct NetworkResult: Equatable, Sendable {
    public var addresses: [IPAddress]
    /// In the pod.
    public var interface: String
    /// On the host.
    public var hostInterface: String
    public var gateways: [IPAddress]
    /// The link-layer address of the interface in the pod.
    public var linkAddress: [UInt8]
    /// With the host ports that were chosen.
    public var ports: [PortMapping]
    public var namespace: String
}

extension PodAttachment: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        namespace = try object.required("namespace")
        ports = try object.list("ports")
        addresses = try object.list("addresses")
        hostsFile = try object.text("hostsFile")
        hostNames = try object.list("hostNames")
        sysctls = try object.map("sysctls")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("namespace", namespace)
            json.nonEmpty("ports", ports)
            json.nonEmpty("addresses", addresses)
            json.optional("hostsFile", hostsFile)
            json.nonEmpty("hostNames", hostNames)
            json.nonEmpty("sysctls", sysctls)
        }
    }
}
