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

    var ranges: [IPPrefix] { [range4, range6].compactMap(\.self) }

    /// - Throws: for ranges that cannot serve.
    func check() throws(NetworkError) {
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
