/// A protocol buffers message (wire format, proto2), as much of it as criu's messages need: integers, strings
/// and messages in messages.
package struct WireMessage {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func add(_ field: Int, _ value: UInt64) {
        addVarint(UInt64(field) << 3)
        addVarint(value)
    }

    /// Negative numbers are ten bytes long: the format's int32 is sign-extended.
    package mutating func add(_ field: Int, _ value: Int32) {
        add(field, UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, _ text: String) {
        add(field, bytes: Array(text.utf8))
    }

    package mutating func add(_ field: Int, _ message: WireMessage) {
        add(field, bytes: message.bytes)
    }

    private mutating func add(_ field: Int, bytes content: [UInt8]) {
        addVarint(UInt64(field) << 3 | 2)
        addVarint(UInt64(content.count))
        bytes += content
    }

    private mutating func addVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}

/// The fields of a received message, one after the other.
package struct WireReader {
    package enum Value: Equatable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// - Returns: nil at the end.
    /// - Throws: for a message that is cut off or no message.
    package mutating func next() throws(RuntimeError) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        let field = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .bytes(try take(8)))
        case 2: return (field, .bytes(try take(try varint())))
        case 5: return (field, .bytes(try take(4)))
        default: throw Self.malformed
        }
    }

    private mutating func varint() throws(RuntimeError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Self.malformed }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Self.malformed
    }

    private mutating func take(_ count: UInt64) throws(RuntimeError) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw Self.malformed }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }

    private static var malformed: RuntimeError {
        RuntimeError("criu sent what is no message of its protocol")
    }
}
