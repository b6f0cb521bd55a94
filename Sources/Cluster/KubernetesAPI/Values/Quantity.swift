/// An amount of a resource: an exact decimal with a suffix, `500m`, `128Mi`, `1e3`.
///
/// As in Kubernetes no amount is finer than 1n (finer ones are rounded away from zero) and none that is read
/// is larger than Int128 holds of nanos (larger ones become 2⁶³-1). Amounts are equal whatever their suffix.
package struct Quantity: Sendable {
    /// The suffixes in which an amount is written.
    package enum Format: Sendable, Equatable {
        /// Powers of 1000: n u m k M G T P E.
        case decimalSI
        /// Powers of 1024: Ki Mi Gi Ti Pi Ei.
        case binarySI
        /// Powers of ten: e3, e6.
        case decimalExponent
    }

    /// The amount in billionths.
    package var nanos: Int128
    package var format: Format

    static let nano: Int128 = 1_000_000_000

    package init(nanos: Int128 = 0, format: Format = .decimalSI) {
        self.nanos = nanos
        self.format = format
    }

    /// A whole amount: bytes, cores.
    package init(_ value: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(value) * Self.nano, format: format)
    }

    /// Thousandths: millicores.
    package init(milli: Int64) {
        self.init(nanos: Int128(milli) * 1_000_000)
    }

    package static let zero = Quantity()

    package var isZero: Bool { nanos == 0 }

    /// -1, 0 or 1.
    package var sign: Int { nanos.signum() == 0 ? 0 : nanos < 0 ? -1 : 1 }

    /// The amount in units, rounded away from zero, at most what Int64 holds.
    package var value: Int64 { scaled(by: Self.nano) }

    /// The amount in thousandths, rounded away from zero, at most what Int64 holds.
    package var milliValue: Int64 { scaled(by: 1_000_000) }

    private func scaled(by unit: Int128) -> Int64 {
        Int64(clamping: Self.roundedAwayFromZero(nanos, by: unit))
    }

    /// For sums of other units, ratios and metrics; not exact.
    package var double: Double { Double(nanos) / 1e9 }

    static func roundedAwayFromZero(_ amount: Int128, by unit: Int128) -> Int128 {
        let (quotient, rest) = amount.quotientAndRemainder(dividingBy: unit)
        if rest == 0 { return quotient }
        return quotient + (amount < 0 ? -1 : 1)
    }
}

extension Quantity: Comparable, Hashable {
    package static func == (left: Self, right: Self) -> Bool { left.nanos == right.nanos }
    package static func < (left: Self, right: Self) -> Bool { left.nanos < right.nanos }
    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}

extension Quantity {
    /// The sum, in the left one's format unless that is zero.
    package static func + (left: Self, right: Self) -> Self {
        let (sum, overflow) = left.nanos.addingReportingOverflow(right.nanos)
        let limit: Int128 = left.nanos < 0 ? .min : .max
        return Self(nanos: overflow ? limit : sum, format: left.isZero ? right.format : left.format)
    }

    package static func - (left: Self, right: Self) -> Self {
        let (difference, overflow) = left.nanos.subtractingReportingOverflow(right.nanos)
        let limit: Int128 = left.nanos < 0 ? .min : .max
        return Self(nanos: overflow ? limit : difference, format: left.isZero ? right.format : left.format)
    }

    package static prefix func - (quantity: Self) -> Self { .zero - quantity }
    package static func += (left: inout Self, right: Self) { left = left + right }
    package static func -= (left: inout Self, right: Self) { left = left - right }
}

extension Quantity: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init()
        let text: String
        switch value {
        case .null: return
        case .string(let found): text = found
        case .integer(let found): text = "\(found)"
        case .number(let found): text = "\(found)"
        default:
            problems.mismatch(value, expected: "a quantity", at: path)
            return
        }
        guard let parsed = Quantity(text) else {
            problems.report(.invalid(Self.wrongFormat), at: path)
            return
        }
        self = parsed
    }

    /// Kubernetes' own words for text that is no quantity.
    package static let wrongFormat =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

    package var apiValue: APIValue { .string(description) }
}
