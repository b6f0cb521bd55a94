/// A message of the D-Bus protocol, version 1, with the header fields that this client writes or looks at.
package struct DBusMessage: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case call = 1
        case reply = 2
        case error = 3
        case signal = 4
    }

    package var kind: Kind
    package var serial: UInt32
    package var replySerial: UInt32?
    package var path: String?
    package var interface: String?
    package var member: String?
    package var errorName: String?
    package var destination: String?
    /// Set by the bus, or by a service that is its own.
    package var sender: String?
    /// Of the body; empty without one.
    package var signature = ""
    package var body: [UInt8] = []

    package init(_ kind: Kind, serial: UInt32) {
        self.kind = kind
        self.serial = serial
    }

    /// Codes of header fields; a receiver has to accept others.
    private enum Field {
        static let path = UInt8(1)
        static let interface = UInt8(2)
        static let member = UInt8(3)
        static let errorName = UInt8(4)
        static let replySerial = UInt8(5)
        static let destination = UInt8(6)
        static let sender = UInt8(7)
        static let signature = UInt8(8)
    }

    private static let fixedLength = 16
    private static let littleEndian = UInt8(ascii: "l")
    /// The protocol allows 128 MiB; systemd's longest signals have some kilobytes.
    private static let longest = 16 << 20

    // MARK: Writing

    package func encoded() -> [UInt8] {
        var writer = DBusWriter()
        writer.number(Self.littleEndian)
        writer.number(kind.rawValue)
        writer.number(UInt8(0))  // flags
        writer.number(UInt8(1))  // protocol version
        writer.number(UInt32(body.count))
        writer.number(serial)
        writer.array(alignment: 8) { fields in
            func add(_ code: UInt8, _ value: DBusValue?) {
                guard let value else { return }
                fields.structure {
                    $0.number(code)
                    $0.variant(value)
                }
            }
            add(Field.path, path.map(DBusValue.objectPath))
            add(Field.interface, interface.map(DBusValue.string))
            add(Field.member, member.map(DBusValue.string))
            add(Field.errorName, errorName.map(DBusValue.string))
            add(Field.replySerial, replySerial.map(DBusValue.uint32))
            add(Field.destination, destination.map(DBusValue.string))
            add(Field.sender, sender.map(DBusValue.string))
            add(Field.signature, signature.isEmpty ? nil : .signature(signature))
        }
        writer.align(to: 8)
        return writer.bytes + body
    }

    // MARK: Reading

    /// How long the message is that `bytes` begin with.
    /// - Returns: nil while there are too few bytes to know.
    package static func length(_ bytes: [UInt8]) throws(DBusError) -> Int? {
        guard bytes.count >= fixedLength else { return nil }
        // Peers on one machine have one byte order, and a message of the other is not what it seems.
        guard bytes[0] == littleEndian else { throw .malformed("byte order \(bytes[0])") }
        guard bytes[3] == 1 else { throw .malformed("protocol version \(bytes[3])") }
        var head = DBusReader(bytes, 4..<fixedLength)
        let body = Int(try head.number(UInt32.self))
        _ = try head.number(UInt32.self)
        let fields = Int(try head.number(UInt32.self))
        guard body <= longest, fields <= longest else { throw .malformed("\(body + fields) bytes") }
        return fixedLength + (fields + 7) / 8 * 8 + body
    }

    /// - Parameter bytes: the message and nothing else.
    package init(_ bytes: [UInt8]) throws(DBusError) {
        guard let length = try Self.length(bytes), length == bytes.count else {
            throw .malformed("its length is not what it says")
        }
        guard let kind = Kind(rawValue: bytes[1]) else { throw .malformed("type \(bytes[1])") }
        var head = DBusReader(bytes, 4..<Self.fixedLength)
        let bodyLength = Int(try head.number(UInt32.self))
        self.init(kind, serial: try head.number(UInt32.self))
        let fieldsLength = Int(try head.number(UInt32.self))
        var fields = DBusReader(bytes, Self.fixedLength..<(Self.fixedLength + fieldsLength))
        while !fields.isAtEnd {
            try fields.align(to: 8)
            let code = try fields.number(UInt8.self)
            try take(code, try fields.variant())
        }
        body = Array(bytes[(length - bodyLength)...])
        if body.isEmpty != signature.isEmpty { throw .malformed("a body without its signature, or none") }
        try checkFields()
    }

    private mutating func take(_ code: UInt8, _ value: DBusValue) throws(DBusError) {
        switch (code, value) {
        case (Field.path, .objectPath(let text)): path = text
        case (Field.interface, .string(let text)): interface = text
        case (Field.member, .string(let text)): member = text
        case (Field.errorName, .string(let text)): errorName = text
        case (Field.replySerial, .uint32(let number)): replySerial = number
        case (Field.destination, .string(let text)): destination = text
        case (Field.sender, .string(let text)): sender = text
        case (Field.signature, .signature(let text)): signature = text
        case (Field.path...Field.signature, _):
            throw .malformed("header field \(code) has type '\(value.signature)'")
        default: return
        }
    }

    private func checkFields() throws(DBusError) {
        let isComplete =
            switch kind {
            case .call: path != nil && member != nil
            case .reply: replySerial != nil
            case .error: replySerial != nil && errorName != nil
            case .signal: path != nil && interface != nil && member != nil
            }
        if !isComplete { throw .malformed("a header field is missing") }
    }

    /// The body's values.
    /// - Parameter expected: the signature it must have: basic types and variants of them.
    package func arguments(_ expected: String) throws(DBusError) -> [DBusValue] {
        guard signature == expected else {
            throw .malformed("\(member ?? "the answer") has type '\(signature)', not '\(expected)'")
        }
        var reader = DBusReader(body, 0..<body.count)
        var values: [DBusValue] = []
        for code in expected.utf8 { values.append(try reader.value(code)) }
        guard reader.isAtEnd else { throw .malformed("bytes behind the last value") }
        return values
    }

    /// Of a message of kind `error`: its name, and its text where it has one.
    func failure() -> DBusError {
        var text = ""
        if signature.utf8.first == UInt8(ascii: "s") {
            var reader = DBusReader(body, 0..<body.count)
            text = (try? reader.string()) ?? ""
        }
        // One line, whatever the peer sent.
        text = String(decoding: text.utf8.map { $0 < 32 ? 32 : $0 }, as: UTF8.self)
        return .answer(name: errorName ?? "", text: text)
    }
}
