import OCISpec

/// Properties that a configuration gives its unit itself, as runc takes them: annotations
/// `org.systemd.property.NAME`, whose values are in GVariant's text format (`uint64 5000000`, `'text'`,
/// `['a', 'b']`, `true`).
package enum SystemdAnnotations {
    private static let prefix = "org.systemd.property."

    package static func properties(
        _ annotations: SortedMap<String>
    ) throws(CgroupError) -> [SystemdProperty] {
        var found: [SystemdProperty] = []
        for (key, text) in annotations where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.utf8.count))
            guard name.utf8.count >= 3, name.utf8.allSatisfy(isLetter) else {
                throw .invalid(field: "annotation \(key)", reason: "names no property")
            }
            guard let value = GVariantText.parse(text), let property = property(name, value) else {
                throw .invalid(field: "annotation \(key)", reason: "'\(text)' is not a value systemd takes")
            }
            found.append(property)
        }
        return found
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Times are documented in seconds, `TimeoutStopSec`, and taken in microseconds, `TimeoutStopUSec`.
    private static func property(_ name: String, _ value: DBusValue) -> SystemdProperty? {
        guard name.hasSuffix("Sec"), let before = name.utf8.dropLast(3).last,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(before)
        else { return SystemdProperty(name, value) }
        guard let microseconds = microseconds(value) else { return nil }
        return SystemdProperty(name.dropLast(3) + "USec", .uint64(microseconds))
    }

    private static func microseconds(_ value: DBusValue) -> UInt64? {
        let seconds: UInt64?
        switch value {
        case .byte(let number): seconds = UInt64(number)
        case .int16(let number): seconds = UInt64(exactly: number)
        case .uint16(let number): seconds = UInt64(number)
        case .int32(let number): seconds = UInt64(exactly: number)
        case .uint32(let number): seconds = UInt64(number)
        case .int64(let number): seconds = UInt64(exactly: number)
        case .uint64(let number): seconds = number
        case .double(let number): return UInt64(exactly: (number * 1_000_000).rounded())
        default: seconds = nil
        }
        guard let seconds else { return nil }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : product
    }
}

/// The part of GVariant's text format that units' properties are written in: numbers with or without the name of
/// their type, truth values, strings and arrays of strings.
package enum GVariantText {
    package static func parse(_ text: String) -> DBusValue? {
        var rest = Array(text.utf8)[...]
        guard let value = value(&rest) else { return nil }
        skipBlanks(&rest)
        return rest.isEmpty ? value : nil
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> DBusValue? {
        skipBlanks(&rest)
        switch rest.first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return string(&rest).map { .string($0) }
        case UInt8(ascii: "["): return strings(&rest).map { .strings($0) }
        default: break
        }
        let first = word(&rest)
        switch first {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        skipBlanks(&rest)
        if rest.isEmpty { return number(first) }
        // The type's name, or its signature behind an @, and then the value.
        switch first {
        case "string", "@s": return string(&rest).map { .string($0) }
        case "objectpath", "@o": return string(&rest).map { .objectPath($0) }
        case "@as": return strings(&rest).map { .strings($0) }
        case "boolean", "@b":
            let value = word(&rest)
            return value == "true" ? .boolean(true) : value == "false" ? .boolean(false) : nil
        default: return number(word(&rest), type: first)
        }
    }

    /// Without a type's name a number is a 32-bit integer, or with a fraction or an exponent a double.
    private static func number(_ text: String) -> DBusValue? {
        if let value: Int32 = integer(text) { return .int32(value) }
        return text.contains { $0 == "." || $0 == "e" || $0 == "E" } ? Double(text).map { .double($0) } : nil
    }

    private static func number(_ text: String, type: String) -> DBusValue? {
        switch type {
        case "byte", "@y": integer(text).map { .byte($0) }
        case "int16", "@n": integer(text).map { .int16($0) }
        case "uint16", "@q": integer(text).map { .uint16($0) }
        case "int32", "@i": integer(text).map { .int32($0) }
        case "uint32", "@u": integer(text).map { .uint32($0) }
        case "int64", "@x": integer(text).map { .int64($0) }
        case "uint64", "@t": integer(text).map { .uint64($0) }
        case "double", "@d": Double(text).map { .double($0) }
        default: nil
        }
    }

    /// Decimal, hexadecimal with `0x`, octal with `0`.
    private static func integer<Number: FixedWidthInteger>(_ text: String) -> Number? {
        let isNegative = text.hasPrefix("-")
        let digits = text.drop { $0 == "-" || $0 == "+" }
        let sign = isNegative ? "-" : ""
        if digits.count < text.count - 1 { return nil }
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            return Number(sign + digits.dropFirst(2), radix: 16)
        }
        let isOctal = digits.count > 1 && digits.hasPrefix("0")
        return Number(sign + digits, radix: isOctal ? 8 : 10)
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\n") }
    }

    /// Up to the next blank.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> String {
        let word = rest.prefix { $0 > UInt8(ascii: " ") }
        rest = rest.dropFirst(word.count)
        return String(decoding: word, as: UTF8.self)
    }

    private static func string(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let quote = rest.popFirst(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return nil
        }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { return String(validating: bytes, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                if byte == 0 { return nil }
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case let other? where [UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(other):
                bytes.append(other)
            default: return nil
            }
        }
        return nil
    }

    private static func strings(_ rest: inout ArraySlice<UInt8>) -> [String]? {
        guard rest.popFirst() == UInt8(ascii: "[") else { return nil }
        var found: [String] = []
        skipBlanks(&rest)
        if rest.first == UInt8(ascii: "]") {
            rest.removeFirst()
            return found
        }
        while true {
            skipBlanks(&rest)
            guard let next = string(&rest) else { return nil }
            found.append(next)
            skipBlanks(&rest)
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "]"): return found
            default: return nil
            }
        }
    }
}
