import Glibc
import LinuxKernel

/// The nftables table of the built-in network. Its rules are loaded once, by nft(8), for the ranges of the pods'
/// addresses. What pods change is what its maps hold, and only those with host ports do: the kernel makes whoever
/// has removed an element wait for 10 ms at the end.
struct Ruleset {
    let table: String

    /// What distinguishes these rules from those of other versions of this program: it is in the marks.
    private static let revision: UInt8 = 1

    /// - Parameter state: the network's folder. Instances with folders of their own have tables of their own.
    init(state: String) {
        if state == "/run/swiftlet/network" {
            table = Self.mainTable
            return
        }
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in state.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        table = Self.otherTables + String(hash, radix: 16)
    }

    private static let mainTable = "swiftlet"
    private static let otherTables = "swiftlet-"

    /// Whether a table is that of an instance with another folder.
    func isAnothers(_ name: String) -> Bool {
        name != table && (name == Self.mainTable || name.hasPrefix(Self.otherTables))
    }

    /// Loaded in one transaction: from here on the rules hold, with empty maps.
    ///
    /// - `source`: pods send from no address but one that leads back to them, and never to 127.0.0.1, whatever the
    ///   host's rp_filter is set to. Before connection tracking: answers to connections of the host's own are not
    ///   for 127.0.0.1 yet.
    /// - `ports`: for packets to an address of this host, whoever sends them, the host itself included. Not for ::1:
    ///   the kernel lets no packet of that source leave, and a program that is refused at ::1 tries 127.0.0.1.
    /// - `leaving`: the world outside sees the host's address. What comes from the host's 127.0.0.1, or from the pod
    ///   that it goes to, must come back by way of the host, so it comes from the gateway.
    func text(ranges: [IPPrefix]) -> String {
        let sets = [("range4", "ipv4_addr", false), ("range6", "ipv6_addr", true)].map {
            name, type, version6 in
            let members = ranges.filter { $0.address.isVersion6 == version6 }.map(\.description)
            let elements = members.isEmpty ? "" : " elements = { \(members.joined(separator: ", ")) };"
            return "  set \(name) { type \(type); flags interval; auto-merge;\(elements) }\n"
        }.joined()
        return """
            table inet \(table)
            delete table inet \(table)
            table inet \(table) {
            \(sets)
              set loaded4 { type ipv4_addr . inet_proto . inet_proto; }
              set loaded6 { type ipv6_addr . inet_proto . inet_proto; }
              set self4 { type ipv4_addr . ipv4_addr; }
              set self6 { type ipv6_addr . ipv6_addr; }
              map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
              map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
              map host4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
              map host6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
              chain source {
                type filter hook prerouting priority raw; policy accept;
                iifname != "\(PodLink.prefix)*" accept
                ip daddr 127.0.0.0/8 drop
                ip6 saddr { fe80::/10, :: } accept
                fib saddr . iif oif missing drop
              }
              chain ports {
                ip6 daddr ::1 return
                meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport map @host4
                meta l4proto { tcp, udp, sctp } dnat ip to meta l4proto . th dport map @any4
                meta l4proto { tcp, udp, sctp } dnat ip6 to ip6 daddr . meta l4proto . th dport map @host6
                meta l4proto { tcp, udp, sctp } dnat ip6 to meta l4proto . th dport map @any6
              }
              chain arriving {
                type nat hook prerouting priority dstnat; policy accept;
                fib daddr type local jump ports
              }
              chain own {
                type nat hook output priority -100; policy accept;
                fib daddr type local jump ports
              }
              chain leaving {
                type nat hook postrouting priority srcnat; policy accept;
                oifname "\(PodLink.prefix)*" ip saddr 127.0.0.0/8 snat ip to \(PodLink.gateway4)
                ip saddr . ip daddr @self4 snat ip to \(PodLink.gateway4)
                ip6 saddr . ip6 daddr @self6 masquerade
                ip saddr @range4 ip daddr != @range4 masquerade
                ip6 saddr @range6 ip6 daddr != @range6 masquerade
              }
            }

            """
    }

    /// Where nft(8) is; nil when it is nowhere.
    static var program: String? {
        let places: [String] = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"]
        return places.first { (path: String) in access(path, X_OK) == 0 }
    }

    /// Loads the rules; elements that were there are gone.
    func load(ranges: [IPPrefix]) throws {
        guard let program = Self.program else {
            throw NetworkError(
                "nft was not found: the built-in network needs it (Debian's package nftables); run the container with --network none or host"
            )
        }
        let command = Command(
            path: program, arguments: ["nft", "-f", "-"], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            input: Array(text(ranges: ranges).utf8), timeout: 30_000)
        let (outcome, output) = try command.run()
        guard outcome == .ended(.exited(0)) else {
            let text = String(decoding: output, as: UTF8.self)
            let line = text.split(separator: "\n").first.map(String.init) ?? "\(outcome)"
            let right =
                text.contains("not permitted")
                ? ": the built-in network needs CAP_NET_ADMIN; without it, run the container with --network none or host"
                : ""
            throw NetworkError("\(program) does not load the rules of the built-in network: \(line)\(right)")
        }
    }

    // MARK: Elements

    /// They are there when these rules are loaded for these ranges.
    func marks(of settings: NetworkSettings) -> [NftablesSocket.Element] {
        settings.ranges.map { range in
            NftablesSocket.Element(
                set: range.address.isVersion6 ? "loaded6" : "loaded4",
                key: range.address.bytes + [range.length, 0, 0, 0] + [Self.revision, 0, 0, 0])
        }
    }

    /// What a pod has in the sets and maps: nothing unless it has host ports.
    func elements(of record: NetworkRecord) -> [NftablesSocket.Element] {
        record.addresses.flatMap { address in elements(of: record, address) }
    }

    private func elements(
        of record: NetworkRecord, _ address: IPAddress
    ) -> [NftablesSocket.Element] {
        let version = address.isVersion6 ? "6" : "4"
        var found: [NftablesSocket.Element] = []
        for port in record.ports where port.serves(version6: address.isVersion6) {
            let place = [port.proto.number, 0, 0, 0] + Self.padded(port.hostPort)
            let target = address.bytes + Self.padded(port.podPort)
            let element =
                if let hostIP = port.hostIP, !hostIP.isUnspecified {
                    NftablesSocket.Element(set: "host" + version, key: hostIP.bytes + place, data: target)
                } else {
                    NftablesSocket.Element(set: "any" + version, key: place, data: target)
                }
            // All addresses, and all of this version, are the same here.
            if !found.contains(element) { found.append(element) }
        }
        if !found.isEmpty { found.append(.init(set: "self" + version, key: address.bytes + address.bytes)) }
        return found
    }

    static let portMaps = ["any4", "any6", "host4", "host6"]

    /// What an element of one of these maps says: which host port leads to which address.
    /// - Returns: nil for one of another shape.
    static func port(_ element: NftablesSocket.Element) -> (mapping: PortMapping, pod: IPAddress)? {
        let width = element.set.hasSuffix("6") ? 16 : 4
        let isOfOne = element.set.hasPrefix("host")
        guard element.key.count == (isOfOne ? width : 0) + 8, element.data.count == width + 4 else {
            return nil
        }
        let (place, target) = (element.key.suffix(8).map(\.self), element.data[width...].map(\.self))
        guard let proto = PortProtocol.allCases.first(where: { $0.number == place[0] }) else { return nil }
        let hostIP = isOfOne ? Array(element.key.prefix(width)) : [UInt8](repeating: 0, count: width)
        let hostPort = UInt16(place[4]) << 8 | UInt16(place[5])
        return (
            PortMapping(
                proto: proto, hostIP: IPAddress(bytes: hostIP), hostPorts: hostPort...hostPort,
                podPort: UInt16(target[0]) << 8 | UInt16(target[1])),
            IPAddress(bytes: Array(element.data.prefix(width)))
        )
    }

    private static func padded(_ port: UInt16) -> [UInt8] {
        [UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0]
    }
}
