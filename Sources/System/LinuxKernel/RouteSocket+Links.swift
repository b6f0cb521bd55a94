import CLinux
import Glibc

// What makes two network namespaces reach each other: a pair of devices, addresses, routes, neighbours.

extension RouteSocket {
    /// A pair of devices of which each sends what the other receives (veth(4)).
    public struct VethPair: Sendable {
        /// Here.
        public var name: String
        /// Its link-layer address: 6 bytes.
        public var address: [UInt8]
        public var peerName: String
        public var peerAddress: [UInt8]
        /// Of both.
        public var mtu: UInt32

        public init(name: String, address: [UInt8], peerName: String, peerAddress: [UInt8], mtu: UInt32) {
            self.name = name
            self.address = address
            self.peerName = peerName
            self.peerAddress = peerAddress
            self.mtu = mtu
        }
    }

    /// Makes the pair, both ends switched off.
    /// - Parameter namespace: a descriptor of the network namespace in which the other end begins.
    /// - Throws: EEXIST when a device of the name is there, here or in the other namespace.
    public mutating func make(_ pair: VethPair, peerIn namespace: Int32) throws(KernelError) {
        var request = NetlinkMessage(type: RouteKind.newLink, flags: [.acknowledge, .create, .exclusive])
        request.append(header: LinkHeader())
        try request.append(deviceName: pair.name)
        try request.append(LinkAttribute.address, pair.address)
        try request.append(LinkAttribute.mtu, number: pair.mtu)
        try request.nest(LinkAttribute.information) { (request) throws(KernelError) in
            try request.append(LinkAttribute.kind, text: "veth")
            try request.nest(LinkAttribute.data) { (request) throws(KernelError) in
                try request.nest(LinkAttribute.peer) { (request) throws(KernelError) in
                    request.append(header: LinkHeader())
                    try request.append(deviceName: pair.peerName)
                    try request.append(LinkAttribute.address, pair.peerAddress)
                    try request.append(LinkAttribute.mtu, number: pair.mtu)
                    try request.append(
                        LinkAttribute.namespaceDescriptor, number: UInt32(bitPattern: namespace))
                }
            }
        }
        _ = try socket.exchange(request, "make network device", pair.name)
    }

    // MARK: Changes

    /// One of the steps that `apply` does.
    public enum Change: Sendable {
        case bringUp(Int32)
        /// An address of a device, without a route to others of its range.
        case address(IPAddress, device: Int32)
        /// A route to a range straight by a device; replaces one to the same range.
        case route(IPPrefix, device: Int32)
        /// The route for everything that no other is for, by way of a host that is taken to be on the device's
        /// link.
        case defaultRoute(via: IPAddress, device: Int32, source: IPAddress)
        /// Which link-layer address an address on a device's link has, for good.
        case neighbour(IPAddress, address: [UInt8], device: Int32)
        /// The route is gone, or was not there.
        case noRoute(IPPrefix)
    }

    /// Does the steps in order, in one system call.
    /// - Throws: the first one's error; those behind it are done all the same.
    public mutating func apply(_ changes: [Change]) throws(KernelError) {
        var messages: [NetlinkMessage] = []
        for change in changes { messages.append(try Self.message(change)) }
        do throws(KernelError) {
            try socket.run(messages, "set up network") { Self.text(changes[$0]) }
        } catch {
            // ESRCH: that is how the kernel says that there is no such route.
            if error.errno == .noProcess, changes.allSatisfy(\.isRemoval) { return }
            throw error
        }
    }

    private static func message(_ change: Change) throws(KernelError) -> NetlinkMessage {
        let create: NetlinkMessage.Flags = [.acknowledge, .create, .replace]
        switch change {
        case .bringUp(let index):
            var message = NetlinkMessage(type: RouteKind.newLink, flags: .acknowledge)
            message.append(header: LinkHeader(index: index, flags: 1, changed: 1))
            return message
        case .address(let address, let device):
            var message = NetlinkMessage(type: RouteKind.newAddress, flags: create)
            // IFA_F_NODAD: nobody else can have it, and waiting for the proof takes a second.
            message.append(
                header: AddressHeader(
                    family: address.family, prefixLength: address.width, flags: address.isVersion6 ? 2 : 0,
                    index: UInt32(bitPattern: device)))
            try message.append(AddressAttribute.local, address.bytes)
            try message.append(AddressAttribute.address, address.bytes)
            return message
        case .route(let range, let device):
            var message = NetlinkMessage(type: RouteKind.newRoute, flags: create)
            let scope = range.address.isVersion6 ? RouteHeader.universe : RouteHeader.link
            message.append(
                header: RouteHeader(
                    family: range.address.family, destinationLength: range.length, scope: scope))
            try message.append(RouteAttribute.destination, range.address.bytes)
            try message.append(RouteAttribute.device, number: device)
            return message
        case .defaultRoute(let gateway, let device, let source):
            var message = NetlinkMessage(type: RouteKind.newRoute, flags: create)
            message.append(
                header: RouteHeader(
                    family: gateway.family, scope: RouteHeader.universe, flags: RouteHeader.onLink))
            try message.append(RouteAttribute.gateway, gateway.bytes)
            try message.append(RouteAttribute.device, number: device)
            try message.append(RouteAttribute.preferredSource, source.bytes)
            return message
        case .neighbour(let address, let linkAddress, let device):
            var message = NetlinkMessage(type: RouteKind.newNeighbour, flags: create)
            let permanent: UInt16 = 0x80
            message.append(header: NeighbourHeader(family: address.family, index: device, state: permanent))
            try message.append(NeighbourAttribute.destination, address.bytes)
            try message.append(NeighbourAttribute.linkAddress, linkAddress)
            return message
        case .noRoute(let range):
            var message = NetlinkMessage(type: RouteKind.removeRoute, flags: .acknowledge)
            message.append(
                header: RouteHeader(
                    family: range.address.family, destinationLength: range.length, protocolNumber: 0,
                    scope: RouteHeader.nowhere, type: 0))
            try message.append(RouteAttribute.destination, range.address.bytes)
            return message
        }
    }

    private static func text(_ change: Change) -> String {
        switch change {
        case .bringUp(let index): "device \(index) up"
        case .address(let address, let device): "address \(address) of device \(device)"
        case .route(let range, let device): "route to \(range) by device \(device)"
        case .defaultRoute(let gateway, let device, _): "default route via \(gateway) by device \(device)"
        case .neighbour(let address, _, let device): "neighbour \(address) of device \(device)"
        case .noRoute(let range): "no route to \(range)"
        }
    }

    // MARK: Routes

    /// A route of the main or the local table.
    public struct Route: Equatable, Sendable {
        public let range: IPPrefix
        public let device: Int32?
        /// Those by whom packets go; none where it leads straight to a link.
        public let gateways: [IPAddress]
        /// It leads to this host itself.
        public let isLocal: Bool
    }

    /// All routes, but those of the kernel's own for every device (multicast, broadcast).
    public mutating func routes(version6: Bool) throws(KernelError) -> [Route] {
        var request = NetlinkMessage(type: RouteKind.getRoute, flags: .dump)
        let family = UInt8(version6 ? AF_INET6 : AF_INET)
        request.append(header: RouteHeader(family: family, protocolNumber: 0, scope: 0, type: 0))
        var found: [Route] = []
        for answer in try socket.exchange(request, "list", "routes") {
            guard let header = answer.header(RouteHeader.self), header.family == family,
                header.type == RouteHeader.unicast || header.type == RouteHeader.local,
                let route = Self.route(answer)
            else { continue }
            found.append(route)
        }
        return found
    }

    private static func route(_ answer: NetlinkAnswer) -> Route? {
        guard answer.type == RouteKind.newRoute, let header = answer.header(RouteHeader.self) else {
            return nil
        }
        let width = header.family == UInt8(AF_INET6) ? 16 : 4
        let attributes = answer.attributes(behind: MemoryLayout<RouteHeader>.size)
        let bytes =
            attributes.first { $0.type == RouteAttribute.destination }?.content
            ?? [UInt8](repeating: 0, count: width)
        guard bytes.count == width else { return nil }
        let address = IPAddress(bytes: bytes)
        let device = attributes.first { $0.type == RouteAttribute.device }?.number
        return Route(
            range: IPPrefix(address, length: min(header.destinationLength, address.width)),
            device: device.map { Int32(bitPattern: $0) }, gateways: gateways(attributes),
            isLocal: header.type == RouteHeader.local)
    }

    /// Of one way, or of several that share the packets (struct rtnexthop, each with attributes of its own).
    private static func gateways(_ attributes: [NetlinkMessage.Attribute]) -> [IPAddress] {
        var found: [IPAddress] = []
        for attribute in attributes {
            switch attribute.type {
            case RouteAttribute.gateway where [4, 16].contains(attribute.content.count):
                found.append(IPAddress(bytes: attribute.content))
            case RouteAttribute.severalWays:
                var rest = attribute.content[...]
                while rest.count >= 8 {
                    let length = Int(
                        rest.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) })
                    guard length >= 8, length <= rest.count else { break }
                    found += gateways(NetlinkMessage.attributes(in: Array(rest.prefix(length)), behind: 8))
                    rest = rest.dropFirst((length + 3) & ~3)
                }
            default: break
            }
        }
        return found
    }

    /// The route that decides about an address; nil when there is none.
    public mutating func route(to address: IPAddress) throws(KernelError) -> Route? {
        try look(towards: address, flags: RouteHeader.wholeRoute).flatMap(Self.route)
    }

    /// The device by which packets to an address leave; nil when there is no way.
    public mutating func device(towards address: IPAddress) throws(KernelError) -> Int32? {
        try attribute(RouteAttribute.device, towards: address)?.number.map { Int32(bitPattern: $0) }
    }

    /// The address that packets to another one come from; nil when there is no way.
    public mutating func source(towards address: IPAddress) throws(KernelError) -> IPAddress? {
        let content = try attribute(RouteAttribute.preferredSource, towards: address)?.content
        guard let content, [4, 16].contains(content.count) else { return nil }
        return IPAddress(bytes: content)
    }

    private mutating func attribute(
        _ type: UInt16, towards address: IPAddress
    ) throws(KernelError) -> NetlinkMessage.Attribute? {
        try look(towards: address)?.attributes(behind: MemoryLayout<RouteHeader>.size).first {
            $0.type == type
        }
    }

    private mutating func look(
        towards address: IPAddress, flags: UInt32 = 0
    ) throws(KernelError) -> NetlinkAnswer? {
        var request = NetlinkMessage(type: RouteKind.getRoute)
        request.append(
            header: RouteHeader(
                family: address.family, destinationLength: address.width, protocolNumber: 0, scope: 0,
                type: 0, flags: flags))
        try request.append(RouteAttribute.destination, address.bytes)
        do throws(KernelError) {
            return try socket.exchange(request, "find route to", "\(address)").first
        } catch {
            // None, or one that says so: unreachable, prohibit, blackhole.
            if [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL].contains(error.errno.rawValue) { return nil }
            throw error
        }
    }
}

extension RouteSocket.Change {
    fileprivate var isRemoval: Bool {
        if case .noRoute = self { true } else { false }
    }
}

/// RTA_…
private enum RouteAttribute {
    static let destination: UInt16 = 1
    static let device: UInt16 = 4
    static let gateway: UInt16 = 5
    static let preferredSource: UInt16 = 7
    static let severalWays: UInt16 = 9
}

/// NDA_…
private enum NeighbourAttribute {
    static let destination: UInt16 = 1
    static let linkAddress: UInt16 = 2
}

/// struct rtmsg.
private struct RouteHeader {
    static let universe: UInt8 = 0
    static let link: UInt8 = 253
    static let nowhere: UInt8 = 255
    static let unicast: UInt8 = 1
    static let local: UInt8 = 2
    /// RTNH_F_ONLINK: the gateway is taken to be on the link though no address says so.
    static let onLink: UInt32 = 4
    /// RTM_F_FIB_MATCH: not what becomes of one address's packets, but the route that they take.
    static let wholeRoute: UInt32 = 0x2000

    var family: UInt8
    var destinationLength: UInt8 = 0
    var sourceLength: UInt8 = 0
    var typeOfService: UInt8 = 0
    /// RT_TABLE_MAIN.
    var table: UInt8 = 254
    /// RTPROT_STATIC: an administrator's, not the kernel's.
    var protocolNumber: UInt8 = 4
    var scope: UInt8
    var type: UInt8 = unicast
    var flags: UInt32 = 0
}

/// struct ndmsg.
private struct NeighbourHeader {
    var family: UInt8
    var padding1: UInt8 = 0
    var padding2: UInt16 = 0
    var index: Int32
    var state: UInt16
    var flags: UInt8 = 0
    var type: UInt8 = 0
}
