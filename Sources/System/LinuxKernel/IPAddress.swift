import Glibc

/// An address of the Internet Protocol, version 4 or 6.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// In the network's order: 4 or 16.
    public let bytes: [UInt8]

    /// - Parameter bytes: 4 or 16.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16)
        self.bytes = bytes
    }

    /// Reads the usual forms (inet_pton(3)).
    public init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard inet_pton(AF_INET6, text, &buffer) == 1 else { return nil }
            bytes = buffer
        } else {
            guard inet_pton(AF_INET, text, &buffer) == 1 else { return nil }
            bytes = Array(buffer.prefix(4))
        }
    }

    public var isVersion6: Bool { bytes.count == 16 }
    /// AF_INET or AF_INET6.
    public var family: UInt8 { UInt8(isVersion6 ? AF_INET6 : AF_INET) }
    /// Bits.
    public var width: UInt8 { isVersion6 ? 128 : 32 }

    public var isLoopback: Bool {
        isVersion6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
    }
    /// 0.0.0.0 or `::`.
    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    public var description: String {
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(Int32(family), bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses that share their first bits: `10.88.0.0/16`.
public struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The first one.
    public let address: IPAddress
    public let length: UInt8

    /// The range that the address is in.
    public init(_ address: IPAddress, length: UInt8) {
        precondition(length <= address.width)
        self.address = IPAddress(bytes: Self.masked(address.bytes, length))
        self.length = length
    }

    /// Reads `ADDRESS/LENGTH`. Bits behind the prefix must be zero: they are a mistake more often than not.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = UInt8(parts[1]), length <= address.width,
            Self.masked(address.bytes, length) == address.bytes
        else { return nil }
        self.address = address
        self.length = length
    }

    public var description: String { "\(address)/\(length)" }

    public func contains(_ other: IPAddress) -> Bool {
        other.width == address.width && Self.masked(other.bytes, length) == address.bytes
    }

    public func overlaps(_ other: IPPrefix) -> Bool {
        let shorter = length < other.length ? self : other
        let longer = length < other.length ? other : self
        return shorter.contains(longer.address)
    }

    /// How many addresses it has; `UInt64.max` for more than that.
    public var count: UInt64 {
        let bits = address.width - length
        return bits >= 64 ? .max : 1 << UInt64(bits)
    }

    /// - Parameter index: less than `count`.
    public subscript(index: UInt64) -> IPAddress {
        var bytes = address.bytes
        var rest = index
        for position in bytes.indices.reversed() {
            bytes[position] |= UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        return IPAddress(bytes: bytes)
    }

    /// The place of an address of the range in it; nil where that is no 64-bit number.
    public func index(of other: IPAddress) -> UInt64? {
        guard contains(other) else { return nil }
        var result: UInt64 = 0
        for (byte, base) in zip(other.bytes, address.bytes) {
            if result >> 56 != 0 { return nil }
            result = result << 8 | UInt64(byte ^ base)
        }
        return result
    }

    private static func masked(_ bytes: [UInt8], _ length: UInt8) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = Int(length) - index * 8
            return kept >= 8 ? byte : kept <= 0 ? 0 : byte & ~(0xff >> UInt8(kept))
        }
    }
}
