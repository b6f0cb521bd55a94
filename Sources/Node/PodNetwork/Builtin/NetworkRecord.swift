import LinuxKernel
import OCISpec

/// What one pod holds of the built-in network: written before anything of it is made, removed after everything of
/// it is gone, so that whoever finds it can undo it whatever its maker was killed at.
public struct NetworkRecord: Equatable, Sendable {
    public var id: String
    /// The boot in which it was made: after another one nothing of it is there but this file.
    public var bootID: String
    /// The process whose end makes it a leftover: a container's shim. nil: its owner has other means to know.
    public var owner: ProcessIdentity?
    /// The host's end of the pair of devices.
    public var device: String
    public var namespace: String
    /// The namespace was pinned for this pod, and goes with it.
    public var ownsNamespace: Bool
    public var addresses: [IPAddress]
    public var ports: [PortMapping]

    /// Whether whom it is for may still be there.
    func isCurrent(bootID: String) throws(KernelError) -> Bool {
        guard self.bootID == bootID else { return false }
        guard let owner else { return true }
        return try owner.isAlive
    }

    /// The pod's link-layer address, locally administered, made of its first address.
    var linkAddress: [UInt8] { [0x0a, 0x58] + (addresses.first?.bytes.suffix(4) ?? [0, 0, 0, 0]) }

    var result: NetworkResult {
        NetworkResult(
            addresses: addresses, interface: PodLink.podInterface, hostInterface: device,
            gateways: addresses.map { $0.isVersion6 ? PodLink.gateway6 : PodLink.gateway4 },
            linkAddress: linkAddress, ports: ports, namespace: namespace)
    }
}

extension NetworkRecord: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        bootID = try object.required("bootId")
        if let pid: Int32 = try object.optional("ownerPid") {
            owner = ProcessIdentity(pid: pid, start: try object.required("ownerStart"))
        }
        device = try object.required("device")
        namespace = try object.required("namespace")
        ownsNamespace = try object.flag("ownsNamespace")
        addresses = try object.list("addresses")
        ports = try object.list("ports")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("bootId", bootID)
            json.optional("ownerPid", owner?.pid)
            json.optional("ownerStart", owner?.start)
            json.member("device", device)
            json.member("namespace", namespace)
            json.flag("ownsNamespace", ownsNamespace)
            json.nonEmpty("addresses", addresses)
            json.nonEmpty("ports", ports)
        }
    }
}
