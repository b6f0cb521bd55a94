import Glibc
import LinuxKernel

/// The pair of devices between the host and one pod, with addresses and routes at both ends.
///
/// The pod has its address with a whole-length prefix and sends everything to a gateway that is link-local, the same
/// for all pods, and an address of the host's end of every pair. So no address of the pods' range is spent on the
/// host, nothing depends on proxy ARP and its delays, and on settings like `arp_ignore`; and both ends know each
/// other's link-layer address for good: there is no ARP on the first packet, and the table of neighbours, which ends
/// at a thousand by default, does not count what is permanent.
enum PodLink {
    static let podInterface = "eth0"
    static let gateway4 = IPAddress(bytes: [169, 254, 1, 1])
    static let gateway6 = IPAddress(bytes: [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1])
    /// Of the host's end of every pair.
    static let hostAddress: [UInt8] = [0xee, 0xee, 0xee, 0xee, 0xee, 0xee]
    /// What the names of the host's ends begin with; the rules go by it.
    static let prefix = "sw"

    /// The name of the host's end, made of the pod's address, which no other pod has.
    static func deviceName(for addresses: [IPAddress]) -> String {
        let bytes = addresses.first?.bytes.suffix(6) ?? []
        return prefix
            + bytes.map { (byte: UInt8) in
                let digits = String(byte, radix: 16)
                return byte < 16 ? "0" + digits : digits
            }.joined()
    }

    /// Another pod has the device of the name: one with addresses of another range, or of another node.
    struct Occupied: Error {
        let device: String
    }

    /// Makes everything of the pair. What an ended pod has left of a pair with the same name goes first.
    static func make(_ record: NetworkRecord) throws {
        let hasVersion6 = record.addresses.contains(where: \.isVersion6)
        var host = try RouteSocket()
        let pair = RouteSocket.VethPair(
            name: record.device, address: hostAddress, peerName: podInterface,
            peerAddress: record.linkAddress, mtu: try uplinkMTU(&host))
        var pod = try PinnedNamespace.enter(record.namespace) { () throws(KernelError) -> RouteSocket in
            // Before the device is made: it takes these over. Without an address of version 6 it has none at all,
            // and with one it need not prove that nobody else has it, and takes no advice from routers.
            try setSysctl("ipv6/conf/default/disable_ipv6", hasVersion6 ? "0" : "1")
            if hasVersion6 {
                try setSysctl("ipv6/conf/default/accept_dad", "0")
                try setSysctl("ipv6/conf/default/accept_ra", "0")
            }
            return try RouteSocket()
        }
        let namespace = try FileDescriptor.open(record.namespace, O_RDONLY | O_NOFOLLOW)
        try make(pair, &host, namespace)
        try configureHost(record, hasVersion6, &host)
        try configurePod(record, hasVersion6, &pod)
    }

    private static func make(
        _ pair: RouteSocket.VethPair, _ host: inout RouteSocket, _ namespace: borrowing FileDescriptor
    ) throws {
        do throws(KernelError) {
            try host.make(pair, peerIn: namespace.raw)
        } catch {
            guard error.errno == .exists else { throw error }
            var isInUse = false
            do throws(KernelError) {
                // The address's last owner is gone, its namespace is just being taken apart by the kernel.
                let old = try host.device(named: pair.name).index
                isInUse = try self.isInUse(old, &host)
                if !isInUse { try host.remove(device: old) }
            } catch {
                if error.errno != .noDevice { throw error }
            }
            if isInUse { throw Occupied(device: pair.name) }
            try host.make(pair, peerIn: namespace.raw)
        }
    }

    /// Whether a route leads to somebody behind the device: pods take theirs back when they end.
    private static func isInUse(_ device: Int32, _ host: inout RouteSocket) throws(KernelError) -> Bool {
        for version6 in [false, true] {
            for route in try host.routes(version6: version6) where route.device == device {
                let address = route.range.address
                // The kernel makes one to the device's own address of version 6.
                if !route.isLocal, route.range.length == address.width, address != gateway6 { return true }
            }
        }
        return false
    }

    private static func configureHost(
        _ record: NetworkRecord, _ hasVersion6: Bool, _ host: inout RouteSocket
    ) throws {
        let device = try host.device(named: record.device).index
        // Connections of the host to its own 127.0.0.1 that a port mapping sends to the pod: their answers come
        // back by this device and are for 127.0.0.1 again. The rules let nothing else for 127.0.0.1 in.
        try setSysctl("ipv4/conf/\(record.device)/route_localnet", "1")
        if !hasVersion6 { try setSysctl("ipv6/conf/\(record.device)/disable_ipv6", "1") }
        var changes: [RouteSocket.Change] = [.bringUp(device)]
        for address in record.addresses {
            changes.append(.address(address.isVersion6 ? gateway6 : gateway4, device: device))
            changes.append(.route(IPPrefix(address, length: address.width), device: device))
            changes.append(.neighbour(address, address: record.linkAddress, device: device))
        }
        try host.apply(changes)
    }

    private static func configurePod(
        _ record: NetworkRecord, _ hasVersion6: Bool, _ pod: inout RouteSocket
    ) throws {
        let device = try pod.device(named: podInterface).index
        let loopback: Int32 = 1
        var changes: [RouteSocket.Change] = [.bringUp(loopback), .bringUp(device)]
        for address in record.addresses {
            let gateway = address.isVersion6 ? gateway6 : gateway4
            changes.append(.address(address, device: device))
            changes.append(.neighbour(gateway, address: hostAddress, device: device))
            changes.append(.defaultRoute(via: gateway, device: device, source: address))
        }
        try pod.apply(changes)
    }

    /// Takes the routes back at once; the devices go with the namespace, which the kernel takes apart when it has
    /// time for it. Removing them here would wait for that, some 10 ms.
    static func remove(_ record: NetworkRecord) throws(KernelError) {
        var host = try RouteSocket()
        for address in record.addresses {
            try host.apply([.noRoute(IPPrefix(address, length: address.width))])
        }
        guard !record.ownsNamespace else { return }
        // Somebody else's namespace may live on.
        do throws(KernelError) {
            let device = try host.device(named: record.device).index
            if try !isInUse(device, &host) { try host.remove(device: device) }
        } catch {
            if error.errno != .noDevice { throw error }
        }
    }

    /// The device by which packets leave the host decides how long they may be: a tunnel's or a cloud's is shorter
    /// than usual, and too long packets of pods would be lost where nobody hears of it.
    private static func uplinkMTU(_ host: inout RouteSocket) throws(KernelError) -> UInt32 {
        // Any address of the world will do; nothing is sent.
        let outside = IPAddress(bytes: [1, 1, 1, 1])
        guard let index = try host.device(towards: outside) else { return 1500 }
        // The loopback's would be 65536: such a host has no way out.
        let mtu = try host.device(index).mtu
        return mtu > 9216 ? 1500 : mtu
    }

    /// - Parameter name: below /proc/sys/net of the network namespace that the thread is in. A file that the kernel
    ///   lacks (no IPv6) is passed over.
    static func setSysctl(_ name: String, _ value: String) throws(KernelError) {
        do throws(KernelError) {
            try FileDescriptor.writeFile("/proc/sys/net/" + name, value)
        } catch {
            if error.errno != .noEntry { throw error }
        }
    }
}
