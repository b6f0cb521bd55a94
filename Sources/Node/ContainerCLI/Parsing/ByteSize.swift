/// An amount of memory or disk as people write it: `512m`, `1.5g`, `64MiB`, `1048576`.
public struct ByteSize: Equatable, Sendable {
    public let bytes: Int64

    public init(bytes: Int64) {
        self.bytes = bytes
    }

    /// A number with an optional unit, of which each is 1024 times the one before: `b k m g t p`, in either
    /// case, also as `kb` or `KiB`.
    public init(parsing text: String) throws(UsageError) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text[number.endIndex...].drop { $0 == " " }
        guard let value = Double(number), let shift = Self.shift(of: String(unit)) else {
            throw UsageError("invalid size '\(text)': a number with b, k, m, g, t or p is wanted")
        }
        let bytes = value * Double(UInt64(1) << shift)
        guard bytes < 0x1p62 else { throw UsageError("invalid size '\(text)': too large") }
        self.bytes = Int64(bytes)
    }

    private static func shift(of unit: String) -> UInt64? {
        var letters = Array(unit.utf8).map { (65...90).contains($0) ? $0 + 32 : $0 }
        if letters.count > 1, letters.last == UInt8(ascii: "b") {
            letters.removeLast()
            if letters.count > 1, letters.last == UInt8(ascii: "i") { letters.removeLast() }
        }
        guard letters.count <= 1 else { return nil }
        switch letters.first {
        case nil, UInt8(ascii: "b"): return 0
        case UInt8(ascii: "k"): return 10
        case UInt8(ascii: "m"): return 20
        case UInt8(ascii: "g"): return 30
        case UInt8(ascii: "t"): return 40
        case UInt8(ascii: "p"): return 50
        default: return nil
        }
    }
}
