extension JSONValue {
    /// Text of a string token with its escapes resolved. The parser has checked them.
    func unescaped() -> String {
        let raw = rawBytes
        guard token.kind == .escapedString else { return String(decoding: raw, as: UTF8.self) }
        // No escape is longer than what it stands for.
        return String(unsafeUninitializedCapacity: raw.count) { out in
            var unescaper = JSONUnescaper(raw)
            var count = 0
            while let byte = unescaper.next() {
                out[count] = byte
                count += 1
            }
            return count
        }
    }

    var isEmptyText: Bool { token.kind == .string && token.payload == 0 }

    /// Whether a string token's text is `other`, without making a `String`.
    @inline(__always)
    func isText(_ other: StaticString) -> Bool {
        let token = token
        if token.kind == .string {
            guard token.payload == other.utf8CodeUnitCount else { return false }
            let start = text + Int(token.offset)
            for index in 0..<token.payload where start[index] != other.utf8Start[index] { return false }
            return true
        }
        return isEscapedText(other)
    }

    private func isEscapedText(_ other: StaticString) -> Bool {
        var unescaper = JSONUnescaper(rawBytes)
        for index in 0..<other.utf8CodeUnitCount where unescaper.next() != other.utf8Start[index] {
            return false
        }
        return unescaper.next() == nil
    }
}

/// The bytes of a string whose escapes the parser has checked.
private struct JSONUnescaper {
    private let raw: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// Bytes of the escape under way that are still to be given, first one lowest.
    private var pending: UInt32 = 0
    private var pendingCount = 0

    init(_ raw: UnsafeBufferPointer<UInt8>) { self.raw = raw }

    mutating func next() -> UInt8? {
        if pendingCount > 0 {
            defer {
                pending >>= 8
                pendingCount -= 1
            }
            return UInt8(truncatingIfNeeded: pending)
        }
        guard position < raw.count else { return nil }
        let byte = raw[position]
        position += 1
        guard byte == UInt8(ascii: "\\") else { return byte }
        let letter = raw[position]
        position += 1
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): break
        default: return letter
        }
        var scalar = hexUnit()
        if 0xd800..<0xdc00 ~= scalar {
            position += 2
            scalar = 0x10000 + (scalar - 0xd800) << 10 + (hexUnit() - 0xdc00)
        }
        let encoded = UTF8.encode(Unicode.Scalar(scalar).unsafelyUnwrapped).unsafelyUnwrapped
        var shift: UInt32 = 0
        for byte in encoded {
            pending |= UInt32(byte) << shift
            shift += 8
            pendingCount += 1
        }
        return next()
    }

    private mutating func hexUnit() -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            unit = unit << 4 | hexDigit(raw[position]).unsafelyUnwrapped
            position += 1
        }
        return unit
    }
}
