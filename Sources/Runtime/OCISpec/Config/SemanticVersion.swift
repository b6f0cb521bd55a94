/// A version as semantic versioning 2.0.0 writes it, `1.0.2-dev`.
public struct SemanticVersion: Equatable, Sendable {
    public let major: UInt32
    public let minor: UInt32
    public let patch: UInt32

    /// Nil when the text is no such version. What follows a `-` or `+` is checked, but not kept.
    public init?(_ text: String) {
        let bytes = text.utf8
        let coreEnd =
            bytes.firstIndex { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } ?? bytes.endIndex
        var numbers: [UInt32] = []
        for part in bytes[..<coreEnd].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard let number = Self.number(part) else { return nil }
            numbers.append(number)
        }
        guard numbers.count == 3, Self.areIdentifiers(bytes[coreEnd...]) else { return nil }
        (major, minor, patch) = (numbers[0], numbers[1], numbers[2])
    }

    private static func number(_ digits: Substring.UTF8View) -> UInt32? {
        let isDecimal = digits.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard isDecimal, digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        return UInt32(Substring(digits))
    }

    /// Empty, or a mark and then identifiers of letters, digits and hyphens.
    private static func areIdentifiers(_ text: Substring.UTF8View) -> Bool {
        if text.isEmpty { return true }
        return text.dropFirst().split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "+")
        }.allSatisfy { identifier in
            !identifier.isEmpty
                && identifier.allSatisfy { byte in
                    byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
                        || (byte | 0x20) &- UInt8(ascii: "a") < 26
                }
        }
    }
}
