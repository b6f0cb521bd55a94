import Glibc

/// The node's own addresses.
package enum NodeAddresses {
    /// One of IPv4 and one of IPv6, the one first that the node uses towards others; loopback where it has none.
    package static func own() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return ["127.0.0.1"] }
        defer { freeifaddrs(list) }
        var found: [Int32: String] = [:]
        var entry = list
        while let current = entry {
            defer { entry = current.pointee.ifa_next }
            let flags = current.pointee.ifa_flags
            guard let address = current.pointee.ifa_addr, flags & UInt32(IFF_UP) != 0,
                flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            let name = String(cString: current.pointee.ifa_name)
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6, found[family] == nil, !isOfPods(name) else {
                continue
            }
            guard let text = text(address, family), !text.hasPrefix("fe80:"), !text.hasPrefix("169.254.")
            else {
                continue
            }
            found[family] = text
        }
        let result = [AF_INET, AF_INET6].compactMap { found[$0] }
        return result.isEmpty ? ["127.0.0.1"] : result
    }

    /// Devices that lead to pods and containers.
    private static func isOfPods(_ name: String) -> Bool {
        ["veth", "cni", "docker", "swl", "br-", "virbr", "flannel", "cali"].contains { name.hasPrefix($0) }
    }

    private static func text(_ address: UnsafePointer<sockaddr>, _ family: Int32) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        guard
            getnameinfo(address, socklen_t(size), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
