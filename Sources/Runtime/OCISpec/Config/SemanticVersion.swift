/// A version as semantic versioning 2.0.0 writes it, `1.0.2-dev`.
public struct SemanticVersion: Equatable, Sendable {
    public private(set) var major: UInt32 = 0
    public private(set) var minor: UInt32 = 0
    public private(set) var patch: UInt32 = 0

    /// Nil when the text is no such version. What follows a `-` or `+` is checked, but not kept.
    public init?(_ text: String) {
        var rest = text.utf8[...]
        guard let major = Self.number(&rest), rest.popFirst() == UInt8(ascii: "."),
            let minor = Self.number(&rest), rest.popFirst() == UInt8(ascii: "."),
            let patch = Self.number(&rest), Self.areIdentifiers(rest)
        else { return nil }
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// Takes a decimal number without leading zeros off the text.
    private static func number(_ text: inout Substring.UTF8View) -> UInt32? {
        guard let first = text.first, isDigit(first) else { return nil }
        var number: UInt32 = 0
        while let digit = text.first, isDigit(digit) {
            guard number < 100_000_000 else { return nil }
            number = number * 10 + UInt32(digit - UInt8(ascii: "0"))
            text.removeFirst()
            if first == UInt8(ascii: "0") { break }
        }
        return number
    }

    /// Nothing, or a mark and then identifiers of letters, digits and hyphens, none of them empty.
    private static func areIdentifiers(_ text: Substring.UTF8View) -> Bool {
        guard let mark = text.first else { return true }
        guard mark == UInt8(ascii: "-") || mark == UInt8(ascii: "+") else { return false }
        var isEmpty = true
        for byte in text.dropFirst() {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "+"):
                if isEmpty { return false }
                isEmpty = true
            case UInt8(ascii: "-"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                isEmpty = false
            default:
                guard isDigit(byte) else { return false }
                isEmpty = false
            }
        }
        return !isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
