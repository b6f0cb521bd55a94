import LinuxKernel

/// A value of the types that systemd's manager takes and gives (D-Bus specification, "Type System").
package enum DBusValue: Equatable, Sendable {
    case byte(UInt8)
    case boolean(Bool)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case double(Double)
    case string(String)
    case objectPath(String)
    case signature(String)
    case bytes([UInt8])
    case numbers([UInt32])
    case strings([String])

    package var signature: String {
        switch self {
        case .byte: "y"
        case .boolean: "b"
        case .int16: "n"
        case .uint16: "q"
        case .int32: "i"
        case .uint32: "u"
        case .int64: "x"
        case .uint64: "t"
        case .double: "d"
        case .string: "s"
        case .objectPath: "o"
        case .signature: "g"
        case .bytes: "ay"
        case .numbers: "au"
        case .strings: "as"
        }
    }
}

/// Why a conversation over D-Bus failed.
package enum DBusError: Error, Sendable, CustomStringConvertible {
    case kernel(KernelError)
    case timedOut(milliseconds: Int)
    case closed
    /// The answer to our name.
    case notAuthenticated(String)
    case malformed(String)
    /// An error that the peer answered with.
    case answer(name: String, text: String)

    package var description: String {
        switch self {
        case .kernel(let error): error.description
        case .timedOut(let milliseconds): "no answer within \(milliseconds / 1000) s"
        case .closed: "the connection was closed"
        case .notAuthenticated(let line): "not authenticated: \(line)"
        case .malformed(let what): "malformed D-Bus message: \(what)"
        case .answer(let name, let text): text.isEmpty ? name : text
        }
    }
}

// MARK: Marshalling

/// Writes values as they lie in a message, little-endian. Every value begins at a multiple of its own size,
/// counted from the beginning of the message; a body begins at a multiple of 8, so it may be written alone.
package struct DBusWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    mutating func align(to size: Int) {
        while bytes.count % size != 0 { bytes.append(0) }
    }

    mutating func number<Number: FixedWidthInteger>(_ value: Number) {
        align(to: Number.bitWidth / 8)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    package mutating func string(_ text: String) {
        number(UInt32(text.utf8.count))
        bytes += text.utf8
        bytes.append(0)
    }

    mutating func signature(_ text: String) {
        number(UInt8(text.utf8.count))
        bytes += text.utf8
        bytes.append(0)
    }

    /// - Parameter alignment: of the elements. The gap before the first does not count as the array's.
    package mutating func array(alignment: Int, _ elements: (inout DBusWriter) -> Void) {
        number(UInt32(0))
        let length = bytes.count - 4
        align(to: alignment)
        let start = bytes.count
        elements(&self)
        withUnsafeBytes(of: UInt32(bytes.count - start).littleEndian) {
            bytes.replaceSubrange(length..<(length + 4), with: $0)
        }
    }

    package mutating func structure(_ members: (inout DBusWriter) -> Void) {
        align(to: 8)
        members(&self)
    }

    package mutating func variant(_ value: DBusValue) {
        signature(value.signature)
        self.value(value)
    }

    package mutating func value(_ value: DBusValue) {
        switch value {
        case .byte(let value): number(value)
        case .boolean(let value): number(UInt32(value ? 1 : 0))
        case .int16(let value): number(value)
        case .uint16(let value): number(value)
        case .int32(let value): number(value)
        case .uint32(let value): number(value)
        case .int64(let value): number(value)
        case .uint64(let value): number(value)
        case .double(let value): number(value.bitPattern)
        case .string(let text), .objectPath(let text): string(text)
        case .signature(let text): signature(text)
        case .bytes(let list): array(alignment: 1) { $0.bytes += list }
        case .numbers(let list): array(alignment: 4) { for each in list { $0.number(each) } }
        case .strings(let list): array(alignment: 4) { for each in list { $0.string(each) } }
        }
    }
}

// MARK: Unmarshalling

/// Reads values from a message. What it reads comes from another process: every length is checked against what
/// is there before anything is taken.
struct DBusReader {
    private let bytes: [UInt8]
    private(set) var offset: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }

    private mutating func take(_ count: Int) throws(DBusError) -> Range<Int> {
        guard count <= end - offset else { throw .malformed("a value reaches beyond the end") }
        defer { offset += count }
        return offset..<(offset + count)
    }

    mutating func align(to size: Int) throws(DBusError) {
        for index in try take((size - offset % size) % size) where bytes[index] != 0 {
            throw .malformed("padding is not zero")
        }
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(DBusError) -> Number {
        let size = Number.bitWidth / 8
        try align(to: size)
        var value: Number = 0
        for index in try take(size).reversed() {
            value = value << 8 | Number(truncatingIfNeeded: bytes[index])
        }
        return value
    }

    /// Text of a known length, and the zero behind it.
    private mutating func text(_ count: Int) throws(DBusError) -> String {
        let range = try take(count)
        guard bytes[try take(1).lowerBound] == 0, !bytes[range].contains(0) else {
            throw .malformed("a string does not end where it should")
        }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw .malformed("a string is not UTF-8")
        }
        return text
    }

    mutating func string() throws(DBusError) -> String { try text(Int(try number(UInt32.self))) }

    mutating func signature() throws(DBusError) -> String { try text(Int(try number(UInt8.self))) }

    /// A signature and a value; of basic types only, as systemd uses no others where we look.
    mutating func variant() throws(DBusError) -> DBusValue {
        let signature = try signature()
        guard signature.utf8.count == 1, let code = signature.utf8.first, code != UInt8(ascii: "v") else {
            throw .malformed("a variant of type '\(signature)'")
        }
        return try value(code)
    }

    /// - Parameter code: the one byte of a basic type's signature, or `v`.
    mutating func value(_ code: UInt8) throws(DBusError) -> DBusValue {
        switch code {
        case UInt8(ascii: "y"): return .byte(try number(UInt8.self))
        case UInt8(ascii: "b"):
            let value = try number(UInt32.self)
            guard value <= 1 else { throw .malformed("a boolean is \(value)") }
            return .boolean(value == 1)
        case UInt8(ascii: "n"): return .int16(try number(Int16.self))
        case UInt8(ascii: "q"): return .uint16(try number(UInt16.self))
        case UInt8(ascii: "i"): return .int32(try number(Int32.self))
        case UInt8(ascii: "u"): return .uint32(try number(UInt32.self))
        case UInt8(ascii: "x"): return .int64(try number(Int64.self))
        case UInt8(ascii: "t"): return .uint64(try number(UInt64.self))
        case UInt8(ascii: "d"): return .double(Double(bitPattern: try number(UInt64.self)))
        case UInt8(ascii: "s"): return .string(try string())
        case UInt8(ascii: "o"): return .objectPath(try string())
        case UInt8(ascii: "g"): return .signature(try signature())
        // The place of a file descriptor among those that came with the message.
        case UInt8(ascii: "h"): return .uint32(try number(UInt32.self))
        case UInt8(ascii: "v"): return try variant()
        default: throw .malformed("a value of type '\(Character(Unicode.Scalar(code)))'")
        }
    }
}
