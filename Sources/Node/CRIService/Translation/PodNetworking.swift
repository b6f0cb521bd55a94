import CRIProtocol
import LinuxKernel
import OCISpec
import PodNetwork

/// What a pod's configuration says to the network.
enum PodNetworking {
    /// What CNI's plugins and the built-in network get.
    static func capabilities(_ config: CRIPodSandboxConfig) throws(TranslationError) -> CNICapabilities {
        var capabilities = CNICapabilities()
        capabilities.ports = try ports(config.portMappings)
        let ingress = try rate(config, "kubernetes.io/ingress-bandwidth")
        let egress = try rate(config, "kubernetes.io/egress-bandwidth")
        if ingress != nil || egress != nil {
            var bandwidth = CNICapabilities.Bandwidth()
            // As much at once as the plugin takes, as containerd asks for: the rate alone limits.
            let burst = UInt64(UInt32.max)
            if let ingress { (bandwidth.ingressRate, bandwidth.ingressBurst) = (ingress, burst) }
            if let egress { (bandwidth.egressRate, bandwidth.egressBurst) = (egress, burst) }
            capabilities.bandwidth = bandwidth
        }
        if config.hasDnsConfig {
            var dns = CNICapabilities.DNS()
            dns.servers = config.dnsConfig.servers
            dns.searches = config.dnsConfig.searches
            dns.options = config.dnsConfig.options
            capabilities.dns = dns
        }
        return capabilities
    }

    private static func ports(_ mappings: [CRIPortMapping]) throws(TranslationError) -> [PortMapping] {
        var ports: [PortMapping] = []
        for (index, mapping) in mappings.enumerated() {
            let field = "config.port_mappings[\(index)]"
            // A container's port without one of the host's is only a remark.
            if mapping.hostPort == 0 { continue }
            guard let podPort = UInt16(exactly: mapping.containerPort), podPort > 0 else {
                throw .invalid(
                    field + ".container_port", "\(mapping.containerPort) is out of range, 1 to 65535")
            }
            guard let hostPort = UInt16(exactly: mapping.hostPort) else {
                throw .invalid(field + ".host_port", "\(mapping.hostPort) is out of range, 1 to 65535")
            }
            let proto: PortProtocol
            switch mapping.protocol {
            case .tcp: proto = .tcp
            case .udp: proto = .udp
            case .sctp: proto = .sctp
            case .UNRECOGNIZED(let number): throw .invalid(field + ".protocol", "\(number) is unknown")
            }
            var address: IPAddress?
            if !mapping.hostIp.isEmpty {
                guard let given = IPAddress(mapping.hostIp) else {
                    throw .invalid(
                        field + ".host_ip", "\(JSONError.quoted(mapping.hostIp)) is not an IP address")
                }
                address = given
            }
            let port = PortMapping(
                proto: proto, hostIP: address, hostPorts: hostPort...hostPort, podPort: podPort)
            if hostPort != 0, ports.contains(where: { $0.isSamePlace(as: port) }) {
                throw .invalid(field + ".host_port", "\(hostPort) is given twice")
            }
            ports.append(port)
        }
        return ports
    }

    /// Bits per second, by Kubernetes' annotations; the limits are those of the kubelet's network plugins.
    private static func rate(
        _ config: CRIPodSandboxConfig, _ annotation: String
    ) throws(TranslationError) -> UInt64? {
        guard let text = config.annotations[annotation] else { return nil }
        let field = "config.annotations[\"\(annotation)\"]"
        guard let rate = Quantity(text)?.roundedUp else {
            throw .invalid(field, "\(JSONError.quoted(text)) is not a quantity like 10M")
        }
        guard 1_000...1_000_000_000_000_000 ~= rate else {
            throw .invalid(field, "\(text) is out of range, 1k to 1P")
        }
        return rate
    }
}

/// A number as Kubernetes writes it: `10M`, `1.5Gi`, `2e6`, `500m`.
package struct Quantity: Equatable {
    /// Up to the next whole number, as quantities are read everywhere.
    package let roundedUp: UInt64

    package init?(_ text: String) {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let number = rest.prefix { 48...57 ~= $0 || $0 == UInt8(ascii: ".") }
        guard number.contains(where: { 48...57 ~= $0 }), number.count <= 18,
            let value = Double(String(decoding: number, as: UTF8.self)),
            let scale = Self.scale(String(decoding: rest[number.endIndex...], as: UTF8.self))
        else { return nil }
        let product = (value * scale).rounded(.up)
        guard product < 0x1p63 else { return nil }
        roundedUp = UInt64(product)
    }

    private static func scale(_ suffix: String) -> Double? {
        switch suffix {
        case "": return 1
        case "n": return 1e-9
        case "u": return 1e-6
        case "m": return 1e-3
        case "k": return 1e3
        case "M": return 1e6
        case "G": return 1e9
        case "T": return 1e12
        case "P": return 1e15
        case "E": return 1e18
        case "Ki": return 0x1p10
        case "Mi": return 0x1p20
        case "Gi": return 0x1p30
        case "Ti": return 0x1p40
        case "Pi": return 0x1p50
        case "Ei": return 0x1p60
        default:
            guard suffix.first == "e" || suffix.first == "E", let power = Int(suffix.dropFirst()),
                -18...18 ~= power, let scale = Double("1e\(power)")
            else { return nil }
            return scale
        }
    }
}
