/// Bytes, in documents as text in base64 (RFC 4648, section 4).
package struct Bytes: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }

    /// Text in base64 with its padding; line ends in it are ignored, as Go ignores them.
    package init?(base64 text: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text.utf8 where character != 0x0a && character != 0x0d {
            if character == UInt8(ascii: "=") {
                padding += 1
                guard padding <= 2, digits % 4 >= 2,
                    (digits + padding) % 4 <= 3 || (digits + padding) % 4 == 0
                else {
                    return nil
                }
                continue
            }
            guard padding == 0, let digit = Self.value(of: character) else { return nil }
            group = group << 6 | digit
            digits += 1
            if digits % 4 == 0 {
                bytes += [UInt8(truncatingIfNeeded: group >> 16), UInt8(truncatingIfNeeded: group >> 8)]
                bytes.append(UInt8(truncatingIfNeeded: group))
            }
        }
        guard (digits + padding) % 4 == 0 else { return nil }
        switch digits % 4 {
        case 2: bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3: bytes += [UInt8(truncatingIfNeeded: group >> 10), UInt8(truncatingIfNeeded: group >> 2)]
        default: break
        }
        self.bytes = bytes
    }

    package var base64: String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (rest > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (rest > 2 ? UInt32(bytes[index + 2]) : 0)
            text.append(Self.digit(group >> 18))
            text.append(Self.digit(group >> 12))
            text.append(rest > 1 ? Self.digit(group >> 6) : UInt8(ascii: "="))
            text.append(rest > 2 ? Self.digit(group) : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(bits & 63)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}

extension Bytes: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init()
        let text = String(from: value, at: path, reporting: &problems)
        guard let decoded = Bytes(base64: text) else {
            problems.report(.invalid("not base64"), at: path)
            return
        }
        self = decoded
    }

    package var apiValue: APIValue { .string(base64) }
    package var isOmitted: Bool { bytes.isEmpty }
}
