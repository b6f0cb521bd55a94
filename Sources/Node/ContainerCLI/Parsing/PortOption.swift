import LinuxKernel
import PodNetwork

/// Ports as `-p` gives them: `[[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL]`, where ports may be ranges.
public enum PortOption {
    /// - Returns: a mapping for each port of the container.
    public static func parse(_ text: String) throws(UsageError) -> [PortMapping] {
        func fail(_ reason: String) -> UsageError { UsageError("invalid port '\(text)': \(reason)") }
        var rest = text[...]
        var proto = PortProtocol.tcp
        if let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")) {
            let word = rest[slash...].dropFirst().lowercased()
            guard let known = PortProtocol.allCases.first(where: { $0.rawValue == word }) else {
                throw fail("the protocol must be tcp, udp or sctp")
            }
            proto = known
            rest = rest[..<slash]
        }
        var hostIP: IPAddress?
        if rest.utf8.first == UInt8(ascii: "[") {
            guard let end = rest.utf8.firstIndex(of: UInt8(ascii: "]")),
                let address = IPAddress(String(rest[..<end].dropFirst())), address.isVersion6
            else { throw fail("no IPv6 address in brackets") }
            hostIP = address
            rest = rest[end...].dropFirst()
            guard rest.utf8.first == UInt8(ascii: ":") else { throw fail("a port must follow the address") }
            rest = rest.dropFirst()
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if hostIP == nil, parts.count == 3 {
            guard let address = IPAddress(parts[0]), !address.isVersion6 else {
                throw fail("'\(parts[0])' is no IPv4 address of the host's")
            }
            hostIP = address
            parts.removeFirst()
        }
        guard parts.count <= 2, let last = parts.last, let podPorts = range(last), podPorts.lowerBound > 0
        else {
            throw fail("wanted is [[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL]")
        }
        var hostPorts: ClosedRange<UInt16> = 0...0
        if parts.count == 2, !parts[0].isEmpty {
            guard let range = range(parts[0]) else { throw fail("'\(parts[0])' is no port of the host's") }
            hostPorts = range
        }
        if podPorts.count == 1 || hostPorts == 0...0 {
            return podPorts.map {
                PortMapping(proto: proto, hostIP: hostIP, hostPorts: hostPorts, podPort: $0)
            }
        }
        guard podPorts.count == hostPorts.count else { throw fail("the ranges have different lengths") }
        return zip(hostPorts, podPorts).map {
            PortMapping(proto: proto, hostIP: hostIP, hostPorts: $0...$0, podPort: $1)
        }
    }

    private static func range(_ text: String) -> ClosedRange<UInt16>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2,
            ends.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        guard let first = UInt16(ends[0]), let last = UInt16(ends[ends.count - 1]), first <= last else {
            return nil
        }
        return first...last
    }

    /// A port of the host's for everything that an image exposes and the user did not name.
    static func all(of exposed: [String], but named: [PortMapping]) throws(UsageError) -> [PortMapping] {
        var found: [PortMapping] = []
        for text in exposed {
            found += try parse(text).filter { port in
                !named.contains { $0.podPort == port.podPort && $0.proto == port.proto }
            }
        }
        return found
    }

    /// As `ps` shows ports: `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`.
    /// - Parameter addresses: of the container; without one of version 6 nothing comes from there.
    public static func text(_ ports: [PortMapping], addresses: [IPAddress]) -> String {
        bindings(ports, addresses: addresses).map { binding in
            let address = binding.hostIP.isVersion6 ? "[\(binding.hostIP)]" : "\(binding.hostIP)"
            return "\(address):\(binding.hostPort)->\(binding.podPort)/\(binding.proto.rawValue)"
        }.joined(separator: ", ")
    }

    /// As `port` shows them, in the order of the container's ports: `80/tcp -> 0.0.0.0:8080`.
    /// - Parameter wanted: `80` or `80/tcp`, of which only the places on the host are shown; nil: all.
    /// - Throws: where the container has no such port.
    public static func lines(
        _ ports: [PortMapping], addresses: [IPAddress], of wanted: String?, container: String
    ) throws(UsageError) -> [String] {
        let found = bindings(ports, addresses: addresses).map { binding in
            let address = binding.hostIP.isVersion6 ? "[\(binding.hostIP)]" : "\(binding.hostIP)"
            return (port: binding.podPort, name: binding.name, place: "\(address):\(binding.hostPort)")
        }
        guard let wanted else {
            return found.sorted { ($0.port, $0.name) < ($1.port, $1.name) }.map {
                "\($0.name) -> \($0.place)"
            }
        }
        let parts = wanted.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let proto = parts.count > 1 ? parts[1].lowercased() : PortProtocol.tcp.rawValue
        guard let number = UInt16(parts[0]), PortProtocol.allCases.contains(where: { $0.rawValue == proto })
        else { throw UsageError("invalid port '\(wanted)': wanted is PORT[/PROTOCOL]") }
        let places = found.filter { $0.name == "\(number)/\(proto)" }.map(\.place)
        if places.isEmpty {
            throw UsageError("container \(container) has no port \(number)/\(proto) on the host")
        }
        return places
    }

    struct Binding {
        /// `80/tcp`
        var name: String { "\(podPort)/\(proto.rawValue)" }
        let proto: PortProtocol
        let hostIP: IPAddress
        let hostPort: UInt16
        let podPort: UInt16
    }

    /// One for each version of IP that a port is reached by.
    static func bindings(_ ports: [PortMapping], addresses: [IPAddress]) -> [Binding] {
        var found: [Binding] = []
        for port in ports {
            for address in addresses where port.hostIP.map({ $0.isVersion6 == address.isVersion6 }) ?? true {
                let any = IPAddress(bytes: [UInt8](repeating: 0, count: address.bytes.count))
                found.append(
                    Binding(
                        proto: port.proto, hostIP: port.hostIP ?? any, hostPort: port.hostPort,
                        podPort: port.podPort))
            }
        }
        return found
    }
}
