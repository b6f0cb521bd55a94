import CLinux
import Glibc

/// A conversation with the kernel about network devices, addresses and routes (rtnetlink(7)), in the network
/// namespace in which it was begun.
public struct RouteSocket: ~Copyable {
    var socket: NetlinkSocket

    public init() throws(KernelError) {
        socket = try NetlinkSocket(.route)
    }

    // MARK: Devices

    /// A network device.
    public struct Device: Equatable, Sendable {
        public let index: Int32
        public let isUp: Bool
        /// Bytes that fit into a packet.
        public let mtu: UInt32
    }

    /// - Throws: ENODEV when there is none of that name.
    public mutating func device(named name: String) throws(KernelError) -> Device {
        var request = NetlinkMessage(type: RouteKind.getLink)
        request.append(header: LinkHeader())
        try request.append(deviceName: name)
        return try device(request, name)
    }

    /// - Throws: ENODEV when there is none of that number.
    public mutating func device(_ index: Int32) throws(KernelError) -> Device {
        var request = NetlinkMessage(type: RouteKind.getLink)
        request.append(header: LinkHeader(index: index))
        return try device(request, "number \(index)")
    }

    private mutating func device(
        _ request: NetlinkMessage, _ name: @autoclosure () -> String
    ) throws(KernelError) -> Device {
        for answer in try socket.exchange(request, "find network device", name()) {
            guard answer.type == RouteKind.newLink, let header = answer.header(LinkHeader.self) else {
                continue
            }
            let mtu = answer.attributes(behind: MemoryLayout<LinkHeader>.size)
                .first { $0.type == LinkAttribute.mtu }?.number
            return Device(index: header.index, isUp: header.flags & 1 != 0, mtu: mtu ?? 1500)
        }
        throw KernelError("find network device", name(), Errno(rawValue: ENODEV))
    }

    /// Moves a device into another network namespace, where it gets a name in the same step.
    public mutating func move(
        _ index: Int32, toNamespace descriptor: Int32, name: String
    ) throws(KernelError) {
        var request = NetlinkMessage(type: RouteKind.newLink, flags: .acknowledge)
        request.append(header: LinkHeader(index: index))
        try request.append(deviceName: name)
        try request.append(LinkAttribute.namespaceDescriptor, number: UInt32(bitPattern: descriptor))
        _ = try socket.exchange(request, "move network device", name)
    }

    /// Switches a device on.
    public mutating func bringUp(_ index: Int32) throws(KernelError) {
        try apply([.bringUp(index)])
    }

    /// Removes a device, a veth with its other end.
    public mutating func remove(device index: Int32) throws(KernelError) {
        var request = NetlinkMessage(type: RouteKind.removeLink, flags: .acknowledge)
        request.append(header: LinkHeader(index: index))
        _ = try socket.exchange(request, "remove", "network device \(index)")
    }

    // MARK: Addresses

    /// An address of a device, as the kernel describes it: only where it is kept is changed here.
    public struct Address: Equatable, Sendable {
        fileprivate var header: AddressHeader
        /// Type and content.
        fileprivate var attributes: [NetlinkMessage.Attribute]
    }

    /// The addresses that somebody has given to a device for all to see: neither those of its own making, nor
    /// those that hold on its link alone.
    public mutating func permanentAddresses(of index: Int32) throws(KernelError) -> [Address] {
        var request = NetlinkMessage(type: RouteKind.getAddress, flags: .dump)
        request.append(header: AddressHeader())
        var found: [Address] = []
        for answer in try socket.exchange(request, "list addresses of", "network device \(index)") {
            guard answer.type == RouteKind.newAddress,
                let header = answer.header(AddressHeader.self), header.index == UInt32(bitPattern: index)
            else { continue }
            let attributes = answer.attributes(behind: MemoryLayout<AddressHeader>.size)
            // The flags' attribute has more bits than the header.
            let flags =
                attributes.first { $0.type == AddressAttribute.flags }?.number ?? UInt32(header.flags)
            let permanent: UInt32 = 0x80
            let universe: UInt8 = 0
            if flags & permanent != 0, header.scope == universe {
                found.append(Address(header: header, attributes: attributes))
            }
        }
        return found
    }

    /// Gives a device an address that another one had.
    public mutating func add(_ address: Address, to index: Int32) throws(KernelError) {
        var request = NetlinkMessage(type: RouteKind.newAddress, flags: [.acknowledge, .create])
        var header = address.header
        header.index = UInt32(bitPattern: index)
        request.append(header: header)
        // Without its label, which bears the old name, and without counters of its life.
        let kept: Set<UInt16> = [
            AddressAttribute.address, AddressAttribute.local, AddressAttribute.broadcast,
            AddressAttribute.anycast, AddressAttribute.flags, AddressAttribute.priority,
        ]
        for attribute in address.attributes where kept.contains(attribute.type) {
            try request.append(attribute.type, attribute.content)
        }
        do throws(KernelError) {
            _ = try socket.exchange(request, "add an address to", "network device \(index)")
        } catch {
            if error.errno != .exists { throw error }
        }
    }
}

// MARK: Numbers and structures of rtnetlink(7)

enum RouteKind {
    static let newLink: UInt16 = 16
    static let removeLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24
    static let removeRoute: UInt16 = 25
    static let getRoute: UInt16 = 26
    static let newNeighbour: UInt16 = 28
}

/// IFLA_…
enum LinkAttribute {
    static let address: UInt16 = 1
    static let name: UInt16 = 3
    static let mtu: UInt16 = 4
    static let information: UInt16 = 18
    static let namespaceDescriptor: UInt16 = 28
    // In `information`.
    static let kind: UInt16 = 1
    static let data: UInt16 = 2
    /// In the data of a veth: its other end.
    static let peer: UInt16 = 1
}

/// IFA_…
enum AddressAttribute {
    static let address: UInt16 = 1
    static let local: UInt16 = 2
    static let broadcast: UInt16 = 4
    static let anycast: UInt16 = 5
    static let flags: UInt16 = 8
    static let priority: UInt16 = 9
}

/// struct ifinfomsg.
struct LinkHeader {
    var family: UInt8 = 0
    var padding: UInt8 = 0
    var type: UInt16 = 0
    var index: Int32 = 0
    var flags: UInt32 = 0
    var changed: UInt32 = 0
}

/// struct ifaddrmsg.
struct AddressHeader: Equatable, Sendable {
    var family: UInt8 = 0
    var prefixLength: UInt8 = 0
    var flags: UInt8 = 0
    var scope: UInt8 = 0
    var index: UInt32 = 0
}

extension NetlinkMessage {
    mutating func append(deviceName text: String) throws(KernelError) {
        // The kernel takes no longer one.
        guard (1...15).contains(text.utf8.count) else {
            throw KernelError("name network device", text, .invalidArgument)
        }
        try append(LinkAttribute.name, text: text)
    }
}
