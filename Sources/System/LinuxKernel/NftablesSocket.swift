import CLinux
import Glibc

/// Changes of what sets and maps of nftables hold, and a look at its chains (linux/netfilter/nf_tables.h), in the
/// network namespace in which the conversation was begun. Tables and rules are made by nft(8).
public struct NftablesSocket: ~Copyable {
    private var socket: NetlinkSocket

    public init() throws(KernelError) {
        socket = try NetlinkSocket(.netfilter)
    }

    /// An element of a set, or with data of a map.
    public struct Element: Hashable, Sendable {
        public let set: String
        /// In the network's order; of a concatenation each part is filled up to a multiple of four bytes.
        public let key: [UInt8]
        public let data: [UInt8]

        public init(set: String, key: [UInt8], data: [UInt8] = []) {
            self.set = set
            self.key = key
            self.data = data
        }
    }

    // MARK: Elements

    /// Adds elements to sets of a table of family inet, all or none of every 256. Those that are there already are no error.
    /// - Throws: ENOENT when the table or a set is missing.
    public mutating func add(_ elements: [Element], table: String) throws(KernelError) {
        try change(elements, table: table, kind: MessageKind.newElement, flags: [.acknowledge, .create])
    }

    /// Removes elements; those that are not there are no error.
    public mutating func remove(_ elements: [Element], table: String) throws(KernelError) {
        do throws(KernelError) {
            try change(elements, table: table, kind: MessageKind.removeElement, flags: .acknowledge)
        } catch {
            guard error.errno == .noEntry else { throw error }
            // All or none: one of them is missing, so each for itself.
            for element in elements where elements.count > 1 { try remove([element], table: table) }
        }
    }

    /// The first of the elements that its set does not hold; nil when all are there.
    public mutating func firstMissing(
        of elements: [Element], table: String
    ) throws(KernelError) -> Element? {
        for element in elements {
            let message = try Self.message(element, table: table, kind: MessageKind.getElement, flags: [])
            do throws(KernelError) {
                _ = try socket.exchange(message, "look into nftables", "set \(element.set) of table \(table)")
            } catch {
                if error.errno == .noEntry { return element }
                throw error
            }
        }
        return nil
    }

    /// The elements of a set; none where the table or the set is missing.
    public mutating func elements(of set: String, table: String) throws(KernelError) -> [Element] {
        var request = NetlinkMessage(type: MessageKind.getElement, flags: .dump)
        request.append(header: Header(family: Header.inet))
        try request.append(ElementAttribute.table, text: table)
        try request.append(ElementAttribute.set, text: set)
        let answers: [NetlinkAnswer]
        do throws(KernelError) {
            answers = try socket.exchange(request, "list", "set \(set) of table \(table)")
        } catch {
            if error.errno == .noEntry { return [] }
            throw error
        }
        var found: [Element] = []
        for answer in answers where answer.type == MessageKind.newElement {
            for list in answer.attributes(behind: MemoryLayout<Header>.size)
            where list.type == ElementAttribute.elements {
                found += list.nested.map { item in
                    let parts = item.nested
                    func value(_ type: UInt16) -> [UInt8] {
                        parts.first { $0.type == type }?.nested
                            .first { $0.type == ElementAttribute.value }?.content ?? []
                    }
                    return Element(
                        set: set, key: value(ElementAttribute.key), data: value(ElementAttribute.data))
                }
            }
        }
        return found
    }

    private mutating func change(
        _ elements: [Element], table: String, kind: UInt16, flags: NetlinkMessage.Flags
    ) throws(KernelError) {
        // More would not fit into the socket's buffer at once.
        let most = 256
        if elements.count > most {
            try change(Array(elements[..<most]), table: table, kind: kind, flags: flags)
            return try change(Array(elements[most...]), table: table, kind: kind, flags: flags)
        }
        if elements.isEmpty { return }
        var messages = [Self.batchMark(MessageKind.batchBegin)]
        for element in elements {
            messages.append(try Self.message(element, table: table, kind: kind, flags: flags))
        }
        messages.append(Self.batchMark(MessageKind.batchEnd))
        try socket.run(messages, "change nftables") { index in
            elements.indices.contains(index - 1)
                ? "set \(elements[index - 1].set) of table \(table)" : "table \(table)"
        }
    }

    private static func message(
        _ element: Element, table: String, kind: UInt16, flags: NetlinkMessage.Flags
    ) throws(KernelError) -> NetlinkMessage {
        var message = NetlinkMessage(type: kind, flags: flags)
        message.append(header: Header(family: Header.inet))
        try message.append(ElementAttribute.table, text: table)
        try message.append(ElementAttribute.set, text: element.set)
        try message.nest(ElementAttribute.elements) { (message) throws(KernelError) in
            try message.nest(ElementAttribute.item) { (message) throws(KernelError) in
                try message.nest(ElementAttribute.key) { (message) throws(KernelError) in
                    try message.append(ElementAttribute.value, element.key)
                }
                if element.data.isEmpty || kind != MessageKind.newElement { return }
                try message.nest(ElementAttribute.data) { (message) throws(KernelError) in
                    try message.append(ElementAttribute.value, element.data)
                }
            }
        }
        return message
    }

    private static func batchMark(_ type: UInt16) -> NetlinkMessage {
        var message = NetlinkMessage(type: type)
        message.append(header: Header(family: 0, resource: UInt16(MessageKind.subsystem).bigEndian))
        return message
    }

    // MARK: Tables

    /// The names of the tables of family inet.
    public mutating func tables() throws(KernelError) -> [String] {
        var request = NetlinkMessage(type: MessageKind.getTable, flags: .dump)
        request.append(header: Header(family: Header.inet))
        return try socket.exchange(request, "list", "tables of nftables").compactMap { answer in
            guard answer.type == MessageKind.newTable else { return nil }
            return answer.attributes(behind: MemoryLayout<Header>.size)
                .first { $0.type == TableAttribute.name }?.text
        }
    }

    // MARK: Chains

    /// A chain that the kernel sends packets through.
    public struct BaseChain: Equatable, Sendable {
        /// `ip`, `ip6`, `inet`, `bridge`, or the family's number.
        public let family: String
        public let table: String
        public let name: String
        /// NF_INET_… of the hook.
        public let hook: UInt32
        /// What happens to packets that no rule decides on.
        public let drops: Bool
    }

    /// NF_INET_FORWARD.
    public static let forwardHook: UInt32 = 2

    public mutating func baseChains() throws(KernelError) -> [BaseChain] {
        var request = NetlinkMessage(type: MessageKind.getChain, flags: .dump)
        request.append(header: Header(family: 0))
        var found: [BaseChain] = []
        for answer in try socket.exchange(request, "list", "chains of nftables") {
            guard answer.type == MessageKind.newChain, let header = answer.header(Header.self) else {
                continue
            }
            let attributes = answer.attributes(behind: MemoryLayout<Header>.size)
            func attribute(_ type: UInt16) -> NetlinkMessage.Attribute? {
                attributes.first { $0.type == type }
            }
            guard
                let hook = attribute(ChainAttribute.hook)?.nested
                    .first(where: { $0.type == ChainAttribute.hookNumber })?.number
            else { continue }
            found.append(
                BaseChain(
                    family: Header.name(header.family),
                    table: attribute(ChainAttribute.table)?.text ?? "",
                    name: attribute(ChainAttribute.name)?.text ?? "",
                    hook: UInt32(bigEndian: hook), drops: attribute(ChainAttribute.policy)?.number == 0))
        }
        return found
    }
}

private enum MessageKind {
    static let subsystem: UInt16 = 10
    static let newTable = subsystem << 8 | 0
    static let getTable = subsystem << 8 | 1
    static let newChain = subsystem << 8 | 3
    static let getChain = subsystem << 8 | 4
    static let newElement = subsystem << 8 | 12
    static let getElement = subsystem << 8 | 13
    static let removeElement = subsystem << 8 | 14
    static let batchBegin: UInt16 = 16
    static let batchEnd: UInt16 = 17
}

/// NFTA_SET_ELEM_LIST_…, NFTA_SET_ELEM_…, NFTA_DATA_…
private enum ElementAttribute {
    static let table: UInt16 = 1
    static let set: UInt16 = 2
    static let elements: UInt16 = 3
    static let item: UInt16 = 1
    static let key: UInt16 = 1
    static let data: UInt16 = 2
    static let value: UInt16 = 1
}

/// NFTA_TABLE_…
private enum TableAttribute {
    static let name: UInt16 = 1
}

/// NFTA_CHAIN_…, NFTA_HOOK_…
private enum ChainAttribute {
    static let table: UInt16 = 1
    static let name: UInt16 = 3
    static let hook: UInt16 = 4
    static let policy: UInt16 = 5
    static let hookNumber: UInt16 = 1
}

/// struct nfgenmsg.
private struct Header {
    static let inet: UInt8 = 1

    var family: UInt8
    var version: UInt8 = 0
    var resource: UInt16 = 0

    static func name(_ family: UInt8) -> String {
        switch family {
        case 1: "inet"
        case 2: "ip"
        case 7: "bridge"
        case 10: "ip6"
        default: "\(family)"
        }
    }
}
