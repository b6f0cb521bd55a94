import LinuxKernel
import OCISpec

/// A transport protocol that has ports.
public enum PortProtocol: String, JSONWord {
    public static let noun: StaticString = "protocol"
    case tcp, udp, sctp

    /// IPPROTO_…
    var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }
}

/// A port of the host's that leads into a pod.
public struct PortMapping: Hashable, Sendable {
    public var proto: PortProtocol
    /// The host's address; nil for all of them, `0.0.0.0` or `::` for all of one version.
    public var hostIP: IPAddress?
    /// The host's port: the first free one of these. 0 alone stands for any that is free.
    public var hostPorts: ClosedRange<UInt16>
    public var podPort: UInt16

    public init(
        proto: PortProtocol = .tcp, hostIP: IPAddress? = nil, hostPorts: ClosedRange<UInt16>,
        podPort: UInt16
    ) {
        self.proto = proto
        self.hostIP = hostIP
        self.hostPorts = hostPorts
        self.podPort = podPort
    }

    /// The port, once it is settled.
    public var hostPort: UInt16 { hostPorts.lowerBound }

    /// As messages name it: `[::1]:8080/tcp`.
    package var hostPlace: String {
        let address = hostIP.map { $0.isVersion6 ? "[\($0)]:" : "\($0):" } ?? ""
        return "\(address)\(hostPort)/\(proto.rawValue)"
    }

    /// Whether one port cannot be two pods'.
    package func conflicts(with other: PortMapping) -> Bool {
        guard proto == other.proto, hostPort == other.hostPort else { return false }
        guard let hostIP, let otherIP = other.hostIP else { return true }
        guard hostIP.isVersion6 == otherIP.isVersion6 else { return false }
        return hostIP == otherIP || hostIP.isUnspecified || otherIP.isUnspecified
    }

    /// Whether packets to one of them could be for the other. Of one pod, a port of all addresses and the same of one
    /// address are two: the latter goes first.
    func isAmbiguous(with other: PortMapping) -> Bool {
        guard conflicts(with: other) else { return false }
        return hostIP == other.hostIP
            || (hostIP?.isUnspecified ?? true) && (other.hostIP?.isUnspecified ?? true)
    }

    /// Whether both name the same port of the same addresses.
    package func isSamePlace(as other: PortMapping) -> Bool {
        proto == other.proto && hostIP == other.hostIP && hostPort == other.hostPort
    }

    /// Whether it is for addresses of that version.
    func serves(version6: Bool) -> Bool { hostIP.map { $0.isVersion6 == version6 } ?? true }
}

extension PortMapping: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        proto = try object.required("protocol")
        hostIP = try object.optional("hostIP")
        let first: UInt16 = try object.required("hostPort")
        let last: UInt16 = try object.optional("hostPortEnd") ?? first
        guard first <= last else { throw json.error("hostPortEnd is less than hostPort") }
        hostPorts = first...last
        podPort = try object.required("podPort")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("protocol", proto)
            json.optional("hostIP", hostIP)
            json.member("hostPort", hostPorts.lowerBound)
            if hostPorts.count > 1 { json.member("hostPortEnd", hostPorts.upperBound) }
            json.member("podPort", podPort)
        }
    }
}

extension IPAddress: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        guard let address = IPAddress(try json.string()) else { throw json.error("not an IP address") }
        self = address
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }
}

extension IPPrefix: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        guard let prefix = IPPrefix(try json.string()) else {
            throw json.error("not a range of IP addresses")
        }
        self = prefix
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }
}
