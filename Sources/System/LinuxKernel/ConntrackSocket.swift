import CLinux
import Glibc

/// What the kernel remembers of flows of packets (connection tracking, linux/netfilter/nfnetlink_conntrack.h), in the
/// network namespace in which the conversation was begun.
public struct ConntrackSocket: ~Copyable {
    private var socket: NetlinkSocket

    public init() throws(KernelError) {
        socket = try NetlinkSocket(.netfilter)
    }

    /// One that is on record.
    public struct Flow: Sendable {
        /// To whom its packets were sent.
        public let target: IPAddress
        public let targetPort: UInt16
        /// Who gets them: another one where the address was translated.
        public let receiver: IPAddress
        public let receiverPort: UInt16
        /// By which the kernel finds it again, and nothing that came into its place.
        fileprivate let key: [NetlinkMessage.Attribute]
    }

    /// Whether there is any. To list them is work for the kernel even then: it goes through the whole table.
    /// - Throws: where the kernel has no connection tracking, or none that can be asked.
    public mutating func isEmpty() throws(KernelError) -> Bool {
        var request = NetlinkMessage(type: MessageKind.statistics)
        request.append(header: Header(family: 0))
        let answers = try socket.exchange(request, "count", "flows")
        let count = answers.first?.attributes(behind: MemoryLayout<Header>.size)
            .first { $0.type == StatisticsAttribute.entries }?.number
        return count == 0
    }

    /// Removes flows of a protocol: their next packet is as if it were the first.
    /// - Parameters:
    ///   - port: to which they were sent; nil for all.
    ///   - isUnwanted: asked for each of them.
    /// - Throws: where the kernel has no connection tracking, or none that can be asked.
    public mutating func remove(
        proto: UInt8, version6: Bool, port: UInt16? = nil,
        where isUnwanted: (Flow) throws(KernelError) -> Bool
    ) throws(KernelError) {
        let family = UInt8(version6 ? AF_INET6 : AF_INET)
        var request = NetlinkMessage(type: MessageKind.get, flags: .dump)
        request.append(header: Header(family: family))
        // Kernels before 5.8 pass over the filter, and tell of all flows.
        try request.nest(FlowAttribute.original) { (request) throws(KernelError) in
            try request.nest(TupleAttribute.ports) { (request) throws(KernelError) in
                try request.append(PortAttribute.proto, [proto])
                if let port { try request.append(PortAttribute.target, bigEndian: port) }
            }
        }
        let wanted: UInt32 = port == nil ? Filter.proto : Filter.proto | Filter.targetPort
        try request.nest(FlowAttribute.filter) { (request) throws(KernelError) in
            try request.append(Filter.original, number: wanted)
        }
        // Removed while they are listed: a table may be larger than what one wants to keep of it.
        var changes = try NetlinkSocket(.netfilter)
        try socket.exchange(request, "list", "flows") { (answer) throws(KernelError) in
            guard answer.type == MessageKind.new, answer.header(Header.self)?.family == family,
                let flow = Flow(answer, proto), port == nil || flow.targetPort == port, try isUnwanted(flow)
            else { return }
            try Self.remove(flow, family, &changes)
        }
    }

    private static func remove(
        _ flow: Flow, _ family: UInt8, _ socket: inout NetlinkSocket
    ) throws(KernelError) {
        var request = NetlinkMessage(type: MessageKind.delete, flags: .acknowledge)
        request.append(header: Header(family: family))
        for attribute in flow.key { try request.append(attribute.type, attribute.content) }
        do throws(KernelError) {
            _ = try socket.exchange(request, "remove", "a flow to \(flow.target) port \(flow.targetPort)")
        } catch {
            // It has ended meanwhile.
            if error.errno != .noEntry { throw error }
        }
    }
}

extension ConntrackSocket.Flow {
    /// - Returns: nil for one of another protocol, or without ports.
    fileprivate init?(_ answer: NetlinkAnswer, _ proto: UInt8) {
        let attributes = answer.attributes(behind: MemoryLayout<Header>.size)
        func find(_ type: UInt16) -> NetlinkMessage.Attribute? { attributes.first { $0.type == type } }
        guard let original = find(FlowAttribute.original), let reply = find(FlowAttribute.reply),
            let id = find(FlowAttribute.id),
            let there = Self.end(of: original, proto, TupleAttribute.targets, PortAttribute.target),
            let back = Self.end(of: reply, proto, TupleAttribute.sources, PortAttribute.source)
        else { return nil }
        (target, targetPort) = there
        (receiver, receiverPort) = back
        key =
            [.init(type: original.type | NetlinkMessage.nestedBit, content: original.content), id]
            + [find(FlowAttribute.zone)].compactMap(\.self)
    }

    /// - Parameter addresses: types of the end's address, of one version of IP each.
    private static func end(
        of tuple: NetlinkMessage.Attribute, _ proto: UInt8, _ addresses: ClosedRange<UInt16>, _ port: UInt16
    ) -> (IPAddress, UInt16)? {
        let parts = tuple.nested
        guard
            let ports = parts.first(where: { $0.type == TupleAttribute.ports })?.nested,
            ports.first(where: { $0.type == PortAttribute.proto })?.content == [proto],
            let number = ports.first(where: { $0.type == port })?.content, number.count == 2,
            let address = parts.first(where: { $0.type == TupleAttribute.addresses })?.nested
                .first(where: { $0.type == addresses.lowerBound || $0.type == addresses.upperBound })?
                .content,
            address.count == 4 || address.count == 16
        else { return nil }
        return (IPAddress(bytes: address), UInt16(number[0]) << 8 | UInt16(number[1]))
    }
}

private enum MessageKind {
    static let subsystem: UInt16 = 1
    static let new = subsystem << 8 | 0
    static let get = subsystem << 8 | 1
    static let delete = subsystem << 8 | 2
    static let statistics = subsystem << 8 | 5
}

/// CTA_…
private enum FlowAttribute {
    static let original: UInt16 = 1
    static let reply: UInt16 = 2
    static let id: UInt16 = 12
    static let zone: UInt16 = 18
    static let filter: UInt16 = 25
}

/// CTA_TUPLE_…, CTA_IP_…
private enum TupleAttribute {
    static let addresses: UInt16 = 1
    static let ports: UInt16 = 2
    /// Of version 4, and of version 6 two behind it.
    static let sources: ClosedRange<UInt16> = 1...3
    static let targets: ClosedRange<UInt16> = 2...4
}

/// CTA_PROTO_…
private enum PortAttribute {
    static let proto: UInt16 = 1
    static let source: UInt16 = 2
    static let target: UInt16 = 3
}

/// CTA_FILTER_…, and which fields of the tuple count.
private enum Filter {
    static let original: UInt16 = 1
    static let proto: UInt32 = 1 << 3
    static let targetPort: UInt32 = 1 << 5
}

/// CTA_STATS_GLOBAL_…
private enum StatisticsAttribute {
    static let entries: UInt16 = 1
}

/// struct nfgenmsg.
private struct Header {
    var family: UInt8
    var version: UInt8 = 0
    var resource: UInt16 = 0
}
