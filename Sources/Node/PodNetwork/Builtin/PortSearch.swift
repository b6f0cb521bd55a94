import CLinux
import Glibc
import LinuxKernel

/// Finds free ports of the host: neither another pod's nor one that a program of the host's listens on.
struct PortSearch {
    /// The host ports that other pods have, with whose they are, as messages say it.
    let taken: [(mapping: PortMapping, owner: String)]
    /// Those that the pod itself has been given.
    let own: [PortMapping]

    /// Ports that programs get who ask for any (ip(7), ip_local_port_range) where it cannot be read.
    private static let usualRange: ClosedRange<UInt16> = 32768...60999

    /// The mapping with one port of the host's.
    func settle(_ wanted: PortMapping) throws -> PortMapping {
        if wanted.hostPorts == 0...0 { return try anyFree(wanted) }
        if wanted.hostPorts.count == 1 {
            if let twin = own.first(where: { $0.isAmbiguous(with: wanted) && $0.podPort != wanted.podPort }) {
                throw NetworkError(
                    "host port \(wanted.hostPlace) is asked for twice: for port \(twin.podPort) and for port \(wanted.podPort)",
                    .invalid)
            }
            if let problem = problem(with: wanted) { throw NetworkError(problem, .taken) }
            return wanted
        }
        var reason = ""
        for port in wanted.hostPorts {
            let mapping = wanted.with(port)
            if own.contains(where: { $0.conflicts(with: mapping) }) { continue }
            guard let problem = problem(with: mapping) else { return mapping }
            if reason.isEmpty { reason = problem }
        }
        if reason.isEmpty { reason = "the others that are asked for have them" }
        throw NetworkError(
            "none of the host's \(wanted.proto.rawValue) ports \(wanted.hostPorts.lowerBound)-\(wanted.hostPorts.upperBound) is free: \(reason)",
            .taken)
    }

    private func anyFree(_ wanted: PortMapping) throws -> PortMapping {
        let range = Self.ephemeralRange
        let count = Int(range.upperBound - range.lowerBound) + 1
        let start = Int.random(in: 0..<count)
        for offset in 0..<count {
            let mapping = wanted.with(range.lowerBound + UInt16((start + offset) % count))
            if own.contains(where: { $0.conflicts(with: mapping) }) { continue }
            if problem(with: mapping) == nil { return mapping }
        }
        throw NetworkError("no \(wanted.proto.rawValue) port of the host is free", .taken)
    }

    private static var ephemeralRange: ClosedRange<UInt16> {
        guard let bytes = try? FileDescriptor.readFile("/proc/sys/net/ipv4/ip_local_port_range") else {
            return usualRange
        }
        let numbers = String(decoding: bytes, as: UTF8.self).split { $0 == "\t" || $0 == " " || $0 == "\n" }
            .compactMap { UInt16($0) }
        guard numbers.count == 2, numbers[0] > 0, numbers[0] <= numbers[1] else { return usualRange }
        return numbers[0]...numbers[1]
    }

    /// Why it cannot be; nil when it can.
    private func problem(with mapping: PortMapping) -> String? {
        let name = mapping.hostPlace
        if let other = taken.first(where: { $0.mapping.conflicts(with: mapping) }) {
            return "host port \(name) is in use by \(other.owner)"
        }
        for address in mapping.hostIP.map({ [$0] })
            ?? [IPAddress("0.0.0.0"), IPAddress("::")].compactMap(\.self)
        {
            switch Self.tryBinding(address, mapping) {
            case EADDRINUSE: return "host port \(name) is in use by another program of the host"
            case EADDRNOTAVAIL: return "the host has no address \(address) for port \(name)"
            default: continue
            }
        }
        return nil
    }

    /// A program that listens gets nothing any more once a pod has its port: so it is looked for before. The port is
    /// not kept bound: whoever binds it later gets no packets, as with other software that forwards in the kernel.
    /// - Returns: errno; 0 when it is free, or cannot be known.
    private static func tryBinding(_ address: IPAddress, _ mapping: PortMapping) -> Int32 {
        let type = mapping.proto == .udp ? SOCK_DGRAM : SOCK_STREAM
        let number = socket(
            Int32(address.family), Int32(type.rawValue | SOCK_CLOEXEC.rawValue),
            Int32(mapping.proto.number))
        // Without the protocol on this host nobody listens.
        if number < 0 { return 0 }
        let file = FileDescriptor(owning: number)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Connections that are waiting to be forgotten do not matter, listeners do.
        if type == SOCK_STREAM { setsockopt(file.raw, SOL_SOCKET, SO_REUSEADDR, &on, size) }
        if address.isVersion6 { setsockopt(file.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
        let result = address.withSocketAddress(port: mapping.hostPort) {
            (address: UnsafePointer<sockaddr>, size) in
            clinux_bind(file.raw, address, size)
        }
        return result == 0 ? 0 : Errno.current.rawValue
    }
}

extension PortMapping {
    func with(_ port: UInt16) -> PortMapping {
        var copy = self
        copy.hostPorts = port...port
        return copy
    }
}

extension IPAddress {
    func withSocketAddress<Result>(
        port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        if isVersion6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes) }
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
