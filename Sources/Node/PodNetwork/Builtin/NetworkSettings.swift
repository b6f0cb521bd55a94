import LinuxKernel
import OCISpec

/// How the built-in network is set up: a file that survives reboots, made by the first pod, changed by an
/// administrator or by the cluster (`UpdateRuntimeConfig`). Pods keep the addresses that they have.
public struct NetworkSettings: Equatable, Sendable {
    /// Addresses of version 4 for pods; nil for none.
    public var range4: IPPrefix?
    /// Addresses of version 6 for pods; nil for none.
    public var range6: IPPrefix?

    public init(range4: IPPrefix?, range6: IPPrefix? = nil) {
        self.range4 = range4
        self.range6 = range6
    }

    /// - Parameter ranges: one of each family at most.
    public init(_ ranges: [IPPrefix]) {
        self.init(
            range4: ranges.first { !$0.address.isVersion6 }, range6: ranges.first { $0.address.isVersion6 })
    }

    package var ranges: [IPPrefix] { [range4, range6].compactMap(\.self) }

    /// - Throws: for ranges that cannot serve.
    package func check() throws(NetworkError) {
        if ranges.isEmpty { throw NetworkError("the built-in network has neither an IPv4 nor an IPv6 range") }
        if let range4, range4.address.isVersion6 || range4.length < 8 {
            throw NetworkError("\(range4) is no range of IPv4 addresses for pods: at most a /8")
        }
        if let range6, !range6.address.isVersion6 || range6.length < 48 {
            throw NetworkError("\(range6) is no range of IPv6 addresses for pods: at most a /48")
        }
        for range in ranges where range.contains(PodLink.gateway4) || range.contains(PodLink.gateway6) {
            throw NetworkError("\(range) contains the pods' gateway, a link-local address")
        }
        for range in ranges { if let reason = range.reasonAgainstPods { throw NetworkError(reason) } }
    }

    // MARK: Rebuilding

    /// The settings that have given these addresses to pods, where they are of a kind that is chosen here.
    /// - Returns: nil where the addresses do not tell.
    init?(servedTo addresses: [IPAddress]) {
        let (of6, of4) = (addresses.filter(\.isVersion6), addresses.filter { !$0.isVersion6 })
        if addresses.isEmpty { return nil }
        self.init(range4: Self.candidates.first { of4.allSatisfy($0.contains) })
        if of4.isEmpty { range4 = nil } else if range4 == nil { return nil }
        guard let first = of6.first else { return }
        let range = IPPrefix(
            IPAddress(bytes: first.bytes.prefix(8) + [UInt8](repeating: 0, count: 8)), length: 64)
        guard IPPrefix.uniqueLocalRange.contains(first), of6.allSatisfy(range.contains) else { return nil }
        range6 = range
    }

    // MARK: Choosing

    /// Private ranges, in the order in which they are tried. 10.88 is podman's, too, and known to be seldom used
    /// otherwise; the middle of 10/8 and the end of 172.16/12 rarely belong to a site's own network.
    static let candidates: [IPPrefix] =
        (88...127).map { IPPrefix(IPAddress(bytes: [10, $0, 0, 0]), length: 16) }
        + (24...31).reversed().map { IPPrefix(IPAddress(bytes: [172, $0, 0, 0]), length: 16) }
        + (200...250).map { IPPrefix(IPAddress(bytes: [192, 168, $0, 0]), length: 24) }

    /// The first range that none of the host's routes leads into.
    static func choose(avoiding routes: [RouteSocket.Route]) throws(NetworkError) -> NetworkSettings {
        // A default route, or half of one as VPNs set it, leads everywhere.
        let taken = routes.map(\.range).filter { $0.length > 1 }
        guard let free = candidates.first(where: { candidate in !taken.contains { $0.overlaps(candidate) } })
        else {
            throw NetworkError(
                "the host has routes into all private ranges that pods could have: choose one for \"ipv4\" in the network's settings"
            )
        }
        return NetworkSettings(range4: free)
    }
}

extension IPPrefix {
    /// Ranges that no host sends to another one (RFC 6890, RFC 5771, RFC 4291).
    private static let special: [(range: IPPrefix, name: String)] = [
        ("0.0.0.0/8", "of this network"), ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local"),
        ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"), ("::/128", "unspecified"),
        ("::1/128", "loopback"), ("fe80::/10", "link-local"), ("ff00::/8", "multicast"),
    ].map { (IPPrefix($0)!, $1) }

    /// Why pods cannot have addresses of it; nil where they can.
    package var reasonAgainstPods: String? {
        Self.special
            .first { $0.range.address.isVersion6 == address.isVersion6 && overlaps($0.range) }
            .map { "\(self) is no range for pods: addresses of \($0.range) are \($0.name)" }
    }

    static let uniqueLocalRange = IPPrefix(
        IPAddress(bytes: [0xfd] + [UInt8](repeating: 0, count: 15)), length: 8)

    /// A range that nobody else has, of the addresses for private networks (RFC 4193).
    static func uniqueLocal() -> IPPrefix {
        let random = (0..<5).map { _ in UInt8.random(in: 0...255) }
        return IPPrefix(
            IPAddress(bytes: [0xfd] + random + [UInt8](repeating: 0, count: 10)), length: 64)
    }
}

extension NetworkSettings: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        range4 = try object.optional("ipv4")
        range6 = try object.optional("ipv6")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("ipv4", range4)
            json.optional("ipv6", range6)
        }
    }
}
