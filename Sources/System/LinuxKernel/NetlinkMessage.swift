/// A message to the kernel as it is written, field by field (netlink(7)): a head, a fixed header that its kind
/// defines, and attributes, which may hold others.
public struct NetlinkMessage: Sendable {
    /// Bits of the head's flags.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        static let request = Flags(rawValue: 1)
        public static let acknowledge = Flags(rawValue: 4)
        public static let dump = Flags(rawValue: 0x300)
        public static let replace = Flags(rawValue: 0x100)
        public static let exclusive = Flags(rawValue: 0x200)
        public static let create = Flags(rawValue: 0x400)
    }

    /// One attribute, without its length.
    public struct Attribute: Equatable, Sendable {
        public let type: UInt16
        public let content: [UInt8]

        /// In the machine's order.
        public var number: UInt32? {
            content.count == 4 ? content.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } : nil
        }

        /// A text with or without its NUL.
        public var text: String { String(decoding: content.prefix { $0 != 0 }, as: UTF8.self) }

        /// The attributes in it.
        public var nested: [Attribute] { NetlinkMessage.attributes(in: content, behind: 0) }
    }

    private static let headSize = 16
    /// Says that an attribute holds attributes.
    static let nestedBit: UInt16 = 0x8000

    public let type: UInt16
    let flags: Flags
    private var bytes: [UInt8]

    public init(type: UInt16, flags: Flags = []) {
        self.type = type
        self.flags = flags
        bytes = [UInt8](repeating: 0, count: Self.headSize)
        bytes.reserveCapacity(256)
    }

    public mutating func append<Header: BitwiseCopyable>(header: Header) {
        withUnsafeBytes(of: header) { bytes.append(contentsOf: $0) }
    }

    /// - Throws: when the content is too long for the attribute's length: the rest would be read as attributes of
    ///   their own.
    public mutating func append(_ type: UInt16, _ content: [UInt8]) throws(KernelError) {
        try close(type, from: open()) { $0.bytes += content }
    }

    /// A number in the machine's order.
    public mutating func append(_ type: UInt16, number: some FixedWidthInteger & Sendable) throws(KernelError)
    {
        try append(type, withUnsafeBytes(of: number) { Array($0) })
    }

    /// A number in the network's order.
    public mutating func append(
        _ type: UInt16, bigEndian number: some FixedWidthInteger & Sendable
    ) throws(KernelError) {
        try append(type, number: number.bigEndian)
    }

    /// A text with a NUL at its end.
    public mutating func append(_ type: UInt16, text: String) throws(KernelError) {
        try append(type, Array(text.utf8) + [0])
    }

    /// An attribute that holds those that `body` appends.
    public mutating func nest(
        _ type: UInt16, _ body: (inout NetlinkMessage) throws(KernelError) -> Void
    ) throws(KernelError) {
        try close(type | Self.nestedBit, from: open(), body)
    }

    private mutating func open() -> Int {
        let start = bytes.count
        bytes += [0, 0, 0, 0]
        return start
    }

    private mutating func close(
        _ type: UInt16, from start: Int, _ body: (inout NetlinkMessage) throws(KernelError) -> Void
    ) throws(KernelError) {
        try body(&self)
        guard let length = UInt16(exactly: bytes.count - start) else {
            throw KernelError("build netlink message", "attribute \(type & ~Self.nestedBit)", .nameTooLong)
        }
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length, toByteOffset: start, as: UInt16.self)
            $0.storeBytes(of: type, toByteOffset: start + 2, as: UInt16.self)
        }
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// With the head (struct nlmsghdr) filled in.
    func finished(sequence: UInt32) -> [UInt8] {
        var message = bytes
        let length = UInt32(message.count)
        message.withUnsafeMutableBytes {
            $0.storeBytes(of: length, toByteOffset: 0, as: UInt32.self)
            $0.storeBytes(of: type, toByteOffset: 4, as: UInt16.self)
            $0.storeBytes(of: flags.union(.request).rawValue, toByteOffset: 6, as: UInt16.self)
            $0.storeBytes(of: sequence, toByteOffset: 8, as: UInt32.self)
        }
        return message
    }

    static func attributes(in content: [UInt8], behind size: Int) -> [Attribute] {
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

/// One message of the kernel's.
public struct NetlinkAnswer: Sendable {
    static let errorType: UInt16 = 2
    static let doneType: UInt16 = 3

    public let type: UInt16
    let sequence: UInt32
    /// Behind the head.
    let content: [UInt8]

    /// Of an error message; 0 is an acknowledgement.
    var errno: Int32 {
        content.count >= 4 ? -content.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) } : 74  // EBADMSG
    }

    public func header<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
        guard content.count >= MemoryLayout<Header>.size else { return nil }
        return content.withUnsafeBytes { $0.loadUnaligned(as: Header.self) }
    }

    /// - Parameter size: of the fixed header.
    public func attributes(behind size: Int) -> [NetlinkMessage.Attribute] {
        NetlinkMessage.attributes(in: content, behind: size)
    }

    static func answers(in bytes: ArraySlice<UInt8>) -> [NetlinkAnswer] {
        var found: [NetlinkAnswer] = []
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
            found.append(NetlinkAnswer(type: type, sequence: sequence, content: Array(content)))
            rest = rest.dropFirst(min(rest.count, (length + 3) & ~3))
        }
        return found
    }
}
