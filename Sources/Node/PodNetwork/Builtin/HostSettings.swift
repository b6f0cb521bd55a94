import Glibc
import LinuxKernel

// What the built-in network needs of the host, and what of the host's stands in its way.

extension BuiltinNetwork {
    /// A host that passes no packets on keeps pods to themselves. It stays so when the last pod is gone: others may
    /// have begun to count on it.
    static func allowForwarding(version6: Bool) throws {
        if sysctl("ipv4/ip_forward") == "0" { try PodLink.setSysctl("ipv4/ip_forward", "1") }
        guard version6, sysctl("ipv6/conf/all/forwarding") == "0" else { return }
        // A host that forwards ignores its router's advertisements, and so loses its own addresses, unless it is told
        // not to (2).
        let folder = "/proc/sys/net/ipv6/conf"
        for device in try StateFiles.names(in: folder) where sysctl("ipv6/conf/\(device)/accept_ra") == "1" {
            try PodLink.setSysctl("ipv6/conf/\(device)/accept_ra", "2")
        }
        try PodLink.setSysctl("ipv6/conf/all/forwarding", "1")
    }

    static func sysctl(_ name: String) -> String? {
        guard let bytes = try? FileDescriptor.readFile("/proc/sys/net/" + name, limit: 256) else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    }

    static func explained(_ error: any Error) -> any Error {
        guard let error = error as? KernelError, error.operation != PinnedNamespace.settingSysctl else {
            return error
        }
        switch error.errno {
        case .notPermitted, .accessDenied, .readOnly:
            return NetworkError(
                "\(error): the built-in network needs the right to set up the host's network (CAP_NET_ADMIN, a writable /proc/sys); without it, run the container with --network none or host"
            )
        case .notSupported, Errno(rawValue: EPROTONOSUPPORT):
            return NetworkError(
                "\(error): the kernel lacks a part of the built-in network (veth, nftables with NAT); without it, run the container with --network none or host"
            )
        default: return error
        }
    }

    /// The host, as pods see it.
    public static var hostGateway: IPAddress { PodLink.gateway4 }

    /// Routes of others' making that lead into the pods' ranges.
    public func foreignRoutes(into ranges: [IPPrefix]) throws -> [RouteSocket.Route] {
        var socket = try RouteSocket()
        var found: [RouteSocket.Route] = []
        for range in ranges {
            for route in try socket.routes(version6: range.address.isVersion6)
            where route.range.length > 1 && route.range.overlaps(range)
                && route.range.length < route.range.address.width
            {
                found.append(route)
            }
        }
        return found
    }

    /// The nft(8) that loads the rules; nil when it is not there.
    public static var rulesProgram: String? { Ruleset.program }

    /// Chains of others that drop what nobody lets through on the way to and from pods.
    public static func foreignForwardDrops() throws(KernelError) -> [NftablesSocket.BaseChain] {
        var socket = try NftablesSocket()
        return try socket.baseChains().filter {
            $0.hook == NftablesSocket.forwardHook && $0.drops && $0.family != "bridge"
        }
    }
}
