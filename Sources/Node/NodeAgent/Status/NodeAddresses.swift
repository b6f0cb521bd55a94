import CLinux
import Glibc
import LinuxKernel
import Synchronization

/// The addresses that the node is known by, the first one first. The network may come after the agent, and change.
package final class NodeAddresses: Sendable {
    private let find: @Sendable () -> [String]
    private let known: Mutex<[String]>

    package init(_ find: @escaping @Sendable () -> [String]) {
        self.find = find
        known = Mutex(find())
    }

    /// Loopback where there is none.
    package var all: [String] {
        let known = known.withLock { $0 }
        return known.isEmpty ? ["127.0.0.1"] : known
    }

    /// Looks again. What was found stays as long as there is nothing else.
    /// - Returns: whether they are others now.
    package func refresh() -> Bool {
        let found = find()
        return known.withLock { known in
            guard !found.isEmpty, found != known else { return false }
            known = found
            return true
        }
    }
}

/// Which of the node's addresses it is known by (`--node-ip`).
package enum NodeAddressChoice: Equatable, Sendable {
    /// One of each family.
    case found(prefersIPv6: Bool)
    case said([String])

    package struct Invalid: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter text: an address, or one of each family and a comma; `::` and `0.0.0.0` stand for a family.
    package init(_ text: String) throws(Invalid) {
        var addresses: [IPAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = IPAddress(String(part)) else {
                throw Invalid(description: "--node-ip: \"\(part)\" is not an address")
            }
            addresses.append(address)
        }
        if addresses.count == 1, addresses[0].isUnspecified {
            self = .found(prefersIPv6: addresses[0].isVersion6)
            return
        }
        guard
            addresses.count == 1 || addresses.map(\.isVersion6) == [false, true]
                || addresses.map(\.isVersion6) == [true, false]
        else {
            throw Invalid(description: "--node-ip: \(text): must be one address, or one of each family")
        }
        for address in addresses {
            guard let reason = address.whyNotOfNode else { continue }
            throw Invalid(description: "--node-ip: \(address) \(reason)")
        }
        self = .said(addresses.map(\.description))
    }

    /// Those by which the node reaches others first, then those that lead nowhere else.
    package func find() -> [String] {
        switch self {
        case .said(let addresses): return addresses
        case .found(let prefersIPv6):
            let families = prefersIPv6 ? [AF_INET6, AF_INET] : [AF_INET, AF_INET6]
            let routed = families.map { ($0, InterfaceAddress.towardsOthers($0)) }
            let rest = routed.filter { $0.1 == nil }.compactMap { InterfaceAddress.first(of: $0.0) }
            return routed.compactMap(\.1) + rest
        }
    }
}

extension IPAddress {
    /// As a kubelet has it.
    fileprivate var whyNotOfNode: String? {
        if isLoopback { return "is a loopback address" }
        if isUnspecified { return "is no address of a host" }
        if isLinkLocal { return "is a link-local address" }
        let isMulticast = isVersion6 ? bytes[0] == 0xff : bytes[0] & 0xf0 == 0xe0
        return isMulticast ? "is a multicast address" : nil
    }

    fileprivate var isLinkLocal: Bool {
        isVersion6 ? bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 : bytes[0] == 169 && bytes[1] == 254
    }
}

private enum InterfaceAddress {
    /// What the kernel would send from by the default route: nothing is sent to the root name server that is named.
    static func towardsOthers(_ family: Int32) -> String? {
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var storage = sockaddr_storage()
        let isConnected = withUnsafeMutableBytes(of: &storage) { bytes in
            if family == AF_INET {
                let other = bytes.assumingMemoryBound(to: sockaddr_in.self).baseAddress!
                other.pointee.sin_family = sa_family_t(family)
                other.pointee.sin_port = UInt16(53).bigEndian
                inet_pton(family, "198.41.0.4", &other.pointee.sin_addr)
            } else {
                // IPV6_ADDR_PREFERENCES (RFC 5014): not an address that is gone tomorrow.
                var isPublic: Int32 = 2
                setsockopt(descriptor, Int32(IPPROTO_IPV6), 72, &isPublic, 4)
                let other = bytes.assumingMemoryBound(to: sockaddr_in6.self).baseAddress!
                other.pointee.sin6_family = sa_family_t(family)
                other.pointee.sin6_port = UInt16(53).bigEndian
                inet_pton(family, "2001:503:ba3e::2:30", &other.pointee.sin6_addr)
            }
            let address = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            guard clinux_connect(descriptor, address, size(family)) == 0 else { return false }
            var length = socklen_t(bytes.count)
            return getsockname(descriptor, __SOCKADDR_ARG(__sockaddr__: address), &length) == 0
        }
        guard isConnected else { return nil }
        return withUnsafeBytes(of: &storage) {
            text($0.assumingMemoryBound(to: sockaddr.self).baseAddress!, family)
        }
    }

    /// Of the interfaces in their order.
    static func first(of wanted: Int32) -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0, let list else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0.pointee.ifa_next }) {
            let current = entry.pointee
            // Addresses of services may be on the loopback.
            guard let address = current.ifa_addr, current.ifa_flags & UInt32(IFF_UP) != 0,
                current.ifa_flags & UInt32(IFF_LOOPBACK) == 0, Int32(address.pointee.sa_family) == wanted,
                !leadsToPods(String(cString: current.ifa_name)), let text = text(address, wanted)
            else { continue }
            return text
        }
        return nil
    }

    private static func leadsToPods(_ device: String) -> Bool {
        ["veth", "cni", "docker", "swl", "br-", "virbr", "flannel", "cali"].contains {
            device.hasPrefix($0)
        }
    }

    private static func size(_ family: Int32) -> socklen_t {
        socklen_t(family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    }

    /// - Returns: nil for one that others cannot reach.
    private static func text(_ address: UnsafePointer<sockaddr>, _ family: Int32) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(address, size(family), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        // Link-local ones have a device's name at the end, which makes them no address here.
        let text = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let found = IPAddress(text), found.whyNotOfNode == nil else { return nil }
        return text
    }
}
