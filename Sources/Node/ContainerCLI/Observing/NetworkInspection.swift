import ContainerShim
import LinuxKernel
import OCISpec
import PodNetwork

// What `ps` and `inspect` say of a container's network.

extension Engine {
    /// What a running container has of the built-in network; nil for one that does not run, or has another network.
    public func networkResult(
        of container: ContainerDefinition, _ status: LiveStatus
    ) throws -> NetworkResult? {
        guard container.network == .builtin, [.running, .paused].contains(status.phase) else { return nil }
        return try network.result(of: container.id)
    }

    /// The `NetworkSettings` of `inspect`.
    /// - Parameter result: what it has of the built-in network.
    func writeNetwork(
        _ container: ContainerDefinition, _ result: NetworkResult?, _ status: LiveStatus,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member(
                "SandboxKey", result?.namespace ?? status.process.map { "/proc/\($0.pid)/ns/net" } ?? "")
            json.key("Ports")
            json.object { json in
                if let result { Self.write(result.ports, result.addresses, to: &json) }
            }
            Self.writeAddresses(result, to: &json)
            json.key("Networks")
            json.object { json in
                // The other one has it.
                if case .container = container.network { return }
                json.key(container.network.text)
                json.object { json in Self.writeAddresses(result, to: &json) }
            }
        }
    }

    /// Templates ask for them whether there are any or not.
    private static func writeAddresses(_ result: NetworkResult?, to json: inout JSONWriter) {
        let (addresses, gateways) = (result?.addresses ?? [], result?.gateways ?? [])
        let address4 = addresses.first { !$0.isVersion6 }
        let address6 = addresses.first(where: \.isVersion6)
        json.member("IPAddress", address4?.description ?? "")
        json.member("IPPrefixLen", address4 == nil ? 0 : 32)
        json.member("Gateway", gateways.first { !$0.isVersion6 }?.description ?? "")
        json.member("GlobalIPv6Address", address6?.description ?? "")
        json.member("GlobalIPv6PrefixLen", address6 == nil ? 0 : 128)
        json.member("IPv6Gateway", gateways.first(where: \.isVersion6)?.description ?? "")
        let linkAddress = (result?.linkAddress ?? []).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        json.member("MacAddress", linkAddress.joined(separator: ":"))
    }

    /// The ports that the container has.
    private static func write(_ ports: [PortMapping], _ addresses: [IPAddress], to json: inout JSONWriter) {
        let bindings = PortOption.bindings(ports, addresses: addresses)
        write(bindings.map { ($0.podPort, $0.proto, "\($0.hostIP)", "\($0.hostPort)") }, to: &json)
    }

    /// The ports that the user asked for: an empty text stands for all addresses, and for any port.
    static func writeWishes(_ ports: [PortMapping], to json: inout JSONWriter) {
        let wishes = ports.map { port in
            let range = port.hostPorts
            let text =
                range == 0...0
                ? "" : "\(range.lowerBound)" + (range.count > 1 ? "-\(range.upperBound)" : "")
            return (port.podPort, port.proto, port.hostIP?.description ?? "", text)
        }
        write(wishes, to: &json)
    }

    /// As docker groups them: a list of places on the host for each port of the container.
    private static func write(
        _ ports: [(podPort: UInt16, proto: PortProtocol, hostIP: String, hostPort: String)],
        to json: inout JSONWriter
    ) {
        let named = ports.map { (name: "\($0.podPort)/\($0.proto.rawValue)", port: $0) }
        var names: [String] = []
        for entry in named where !names.contains(entry.name) { names.append(entry.name) }
        for name in names {
            json.key(name)
            json.array { json in
                for entry in named where entry.name == name {
                    json.object { json in
                        json.member("HostIp", entry.port.hostIP)
                        json.member("HostPort", entry.port.hostPort)
                    }
                }
            }
        }
    }
}
