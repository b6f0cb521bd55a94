import CLinux
import Glibc

/// A conversation with the kernel about network devices and addresses (rtnetlink(7)), in the network namespace
/// in which it was begun.
public struct RouteSocket: ~Copyable {
    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    public init() throws(KernelError) {
        socket = FileDescriptor(
            owning: try check("socket", "NETLINK_ROUTE") {
                Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    // MARK: Devices

    /// A network device.
    public struct Device: Equatable, Sendable {
        public let index: Int32
        public let isUp: Bool
    }

    /// - Throws: ENODEV when there is none of that name.
    public mutating func device(named name: String) throws(KernelError) -> Device {
        var request = RouteMessage(type: .getLink, flags: 0)
        request.append(LinkHeader())
        try request.append(name: name)
        for answer in try exchange(&request, "find network device", name) {
            guard answer.type == RouteMessage.Kind.newLink.rawValue,
                let header = answer.header(LinkHeader.self)
            else { continue }
            return Device(index: header.index, isUp: header.flags & 1 != 0)
        }
        throw KernelError("find network device", name, Errno(rawValue: ENODEV))
    }

    /// Moves a device into another network namespace, where it gets a name in the same step.
    public mutating func move(
        _ index: Int32, toNamespace descriptor: Int32, name: String
    ) throws(KernelError) {
        var request = RouteMessage(type: .newLink, flags: RouteMessage.acknowledge)
        request.append(LinkHeader(index: index))
        try request.append(name: name)
        try request.append(attribute: .namespaceDescriptor, number: UInt32(bitPattern: descriptor))
        _ = try exchange(&request, "move network device", name)
    }

    /// Switches a device on.
    public mutating func bringUp(_ index: Int32) throws(KernelError) {
        var request = RouteMessage(type: .newLink, flags: RouteMessage.acknowledge)
        request.append(LinkHeader(index: index, flags: 1, changed: 1))
        _ = try exchange(&request, "bring up", "network device \(index)")
    }

    // MARK: Addresses

    /// An address of a device, as the kernel describes it: only where it is kept is changed here.
    public struct Address: Equatable, Sendable {
        fileprivate var header: AddressHeader
        /// Type and content.
        fileprivate var attributes: [RouteMessage.Attribute]
    }

    /// The addresses that somebody has given to a device for all to see: neither those of its own making, nor
    /// those that hold on its link alone.
    public mutating func permanentAddresses(of index: Int32) throws(KernelError) -> [Address] {
        var request = RouteMessage(type: .getAddress, flags: RouteMessage.dump)
        request.append(AddressHeader())
        var found: [Address] = []
        for answer in try exchange(&request, "list addresses of", "network device \(index)") {
            guard answer.type == RouteMessage.Kind.newAddress.rawValue,
                let header = answer.header(AddressHeader.self), header.index == UInt32(bitPattern: index)
            else { continue }
            let attributes = answer.attributes(behind: MemoryLayout<AddressHeader>.size)
            // The flags' attribute has more bits than the header.
            let flags =
                attributes.first { $0.type == RouteMessage.AttributeKind.addressFlags.rawValue }?.number
                ?? UInt32(header.flags)
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
        var request = RouteMessage(type: .newAddress, flags: RouteMessage.acknowledge | RouteMessage.create)
        var header = address.header
        header.index = UInt32(bitPattern: index)
        request.append(header)
        // Without its label, which bears the old name, and without counters of its life.
        let kept: [RouteMessage.AttributeKind] = [
            .address, .localAddress, .broadcast, .anycast, .addressFlags, .priority,
        ]
        for attribute in address.attributes where kept.contains(where: { $0.rawValue == attribute.type }) {
            try request.append(attribute)
        }
        do throws(KernelError) {
            _ = try exchange(&request, "add an address to", "network device \(index)")
        } catch {
            if error.errno != .exists { throw error }
        }
    }

    // MARK: Talking

    private mutating func exchange(
        _ request: inout RouteMessage, _ operation: StaticString, _ object: String
    ) throws(KernelError) -> [RouteMessage.Answer] {
        sequence += 1
        let message = request.finished(sequence: sequence)
        let number = socket.raw
        _ = try check(operation, object) {
            message.withUnsafeBytes { send(number, $0.baseAddress, $0.count, 0) }
        }
        var answers: [RouteMessage.Answer] = []
        let isDump = request.flags & RouteMessage.dump == RouteMessage.dump
        let isAcknowledged = request.flags & RouteMessage.acknowledge != 0
        while true {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = try check(operation, object) {
                buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            }
            for answer in RouteMessage.answers(in: buffer[..<count]) where answer.sequence == sequence {
                switch answer.type {
                case RouteMessage.done: return answers
                case RouteMessage.error:
                    let errno = answer.errno
                    if errno != 0 { throw KernelError("\(operation)", object, Errno(rawValue: errno)) }
                    return answers
                default:
                    answers.append(answer)
                    if !isDump, !isAcknowledged { return answers }
                }
            }
        }
    }
}

/// struct ifinfomsg (rtnetlink(7)).
private struct LinkHeader {
    var family: UInt8 = 0
    var padding: UInt8 = 0
    var type: UInt16 = 0
    var index: Int32 = 0
    var flags: UInt32 = 0
    var changed: UInt32 = 0
}

/// struct ifaddrmsg (rtnetlink(7)).
private struct AddressHeader: Equatable, Sendable {
    var family: UInt8 = 0
    var prefixLength: UInt8 = 0
    var flags: UInt8 = 0
    var scope: UInt8 = 0
    var index: UInt32 = 0
}

/// A message as it is written, field by field (netlink(7)).
private struct RouteMessage {
    enum Kind: UInt16 {
        case newLink = 16
        case getLink = 18
        case newAddress = 20
        case getAddress = 22
    }

    enum AttributeKind: UInt16 {
        // Of addresses.
        case address = 1
        case localAddress = 2
        case broadcast = 4
        case anycast = 5
        case addressFlags = 8
        case priority = 9
        // Of devices.
        case namespaceDescriptor = 28

        /// Of devices: the name. Of addresses the same number is a label.
        case interfaceName = 3
    }

    static let error: UInt16 = 2
    static let done: UInt16 = 3
    static let request: UInt16 = 1
    static let acknowledge: UInt16 = 4
    static let dump: UInt16 = 0x300
    static let create: UInt16 = 0x400

    struct Attribute: Equatable, Sendable {
        let type: UInt16
        let content: [UInt8]

        var number: UInt32? {
            content.count == 4 ? content.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } : nil
        }
    }

    let flags: UInt16
    private let type: Kind
    private var bytes = [UInt8](repeating: 0, count: 16)

    init(type: Kind, flags: UInt16) {
        self.type = type
        self.flags = flags
    }

    mutating func append<Header: BitwiseCopyable>(_ header: Header) {
        withUnsafeBytes(of: header) { bytes.append(contentsOf: $0) }
    }

    mutating func append(name text: String) throws(KernelError) {
        // The kernel takes no longer one; and a length that does not fit its field would let the rest be read
        // as attributes of their own.
        guard (1...15).contains(text.utf8.count) else {
            throw KernelError("name network device", text, .invalidArgument)
        }
        try append(
            Attribute(type: AttributeKind.interfaceName.rawValue, content: Array(text.utf8) + [0]))
    }

    mutating func append(attribute type: AttributeKind, number: UInt32) throws(KernelError) {
        try append(Attribute(type: type.rawValue, content: withUnsafeBytes(of: number) { Array($0) }))
    }

    mutating func append(_ attribute: Attribute) throws(KernelError) {
        guard let length = UInt16(exactly: attribute.content.count + 4) else {
            throw KernelError("build netlink message", "attribute \(attribute.type)", .nameTooLong)
        }
        withUnsafeBytes(of: length) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: attribute.type) { bytes.append(contentsOf: $0) }
        bytes += attribute.content
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// With the head (struct nlmsghdr) filled in.
    func finished(sequence: UInt32) -> [UInt8] {
        var message = bytes
        let length = UInt32(message.count)
        message.withUnsafeMutableBytes {
            $0.storeBytes(of: length, toByteOffset: 0, as: UInt32.self)
            $0.storeBytes(of: type.rawValue, toByteOffset: 4, as: UInt16.self)
            $0.storeBytes(of: flags | Self.request, toByteOffset: 6, as: UInt16.self)
            $0.storeBytes(of: sequence, toByteOffset: 8, as: UInt32.self)
        }
        return message
    }

    // MARK: Answers

    struct Answer {
        let type: UInt16
        let sequence: UInt32
        /// Behind the head.
        let content: [UInt8]

        /// Of an error message; 0 is an acknowledgement.
        var errno: Int32 {
            content.count >= 4 ? -content.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) } : EBADMSG
        }

        func header<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
            guard content.count >= MemoryLayout<Header>.size else { return nil }
            return content.withUnsafeBytes { $0.loadUnaligned(as: Header.self) }
        }

        func attributes(behind size: Int) -> [Attribute] {
            var found: [Attribute] = []
            var position = size
            while position + 4 <= content.count {
                let (length, type) = content.withUnsafeBytes {
                    (
                        Int($0.loadUnaligned(fromByteOffset: position, as: UInt16.self)),
                        $0.loadUnaligned(fromByteOffset: position + 2, as: UInt16.self)
                    )
                }
                guard length >= 4, position + length <= content.count else { break }
                // The upper two bits say how the content is to be read.
                found.append(
                    Attribute(
                        type: type & 0x3fff, content: Array(content[(position + 4)..<(position + length)])))
                position += (length + 3) & ~3
            }
            return found
        }
    }

    static func answers(in bytes: ArraySlice<UInt8>) -> [Answer] {
        var found: [Answer] = []
        var rest = bytes
        while rest.count >= 16 {
            let (length, type, sequence) = rest.withUnsafeBytes {
                (
                    Int($0.loadUnaligned(as: UInt32.self)),
                    $0.loadUnaligned(fromByteOffset: 4, as: UInt16.self),
                    $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
                )
            }
            guard length >= 16, length <= rest.count else { break }
            let content = rest[(rest.startIndex + 16)..<(rest.startIndex + length)]
            found.append(Answer(type: type, sequence: sequence, content: Array(content)))
            rest = rest.dropFirst(min(rest.count, (length + 3) & ~3))
        }
        return found
    }
}
