extension Quantity: LosslessStringConvertible, ExpressibleByStringLiteral {
    /// Reads `[sign] digits [. digits] [suffix]`; nil for anything else.
    package init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = rest.prefix(while: Self.isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        guard let scale = Scale(suffix: String(decoding: rest, as: UTF8.self)) else { return nil }
        let digits = (whole + fraction).map { $0 - UInt8(ascii: "0") }
        guard let nanos = Self.nanos(digits: digits, fractional: fraction.count, scale: scale) else {
            // More than can be held: Kubernetes' largest amount.
            let largest = Int128(Int64.max) * Self.nano
            self.init(nanos: isNegative ? -largest : largest, format: scale.format)
            return
        }
        self.init(nanos: isNegative ? -nanos : nanos, format: scale.format)
    }

    /// A literal in the source, which must be a quantity.
    package init(stringLiteral text: String) {
        guard let quantity = Quantity(text) else { preconditionFailure("\(text) is no quantity") }
        self = quantity
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// `digits`, the last `fractional` of them behind the point, times the scale, in billionths rounded up. Nil when
    /// that is more than 127 bits.
    private static func nanos(digits: [UInt8], fractional: Int, scale: Scale) -> Int128? {
        var digits = digits.drop { $0 == 0 }
        if digits.isEmpty { return 0 }
        // The amount is digits · factor · 10^exponent.
        var exponent = scale.exponent + 9 - fractional
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        // Digits that are too far behind the point to be kept only decide that the rest is rounded up.
        var isCut = false
        while exponent < 0, digits.count > maxDigits || exponent < -maxDigits {
            if digits.popLast() == nil { return 1 }
            isCut = true
            exponent += 1
        }
        guard digits.count <= maxDigits, exponent <= maxDigits else { return nil }
        let amount = digits.reduce(UInt128(0)) { $0 * 10 + UInt128($1) }
        let product = amount.multipliedFullWidth(by: scale.factor)
        if exponent >= 0 {
            let (scaled, overflow) = product.low.multipliedReportingOverflow(by: powerOfTen(exponent))
            return product.high > 0 || overflow ? nil : Int128(exactly: scaled)
        }
        let divisor = powerOfTen(-exponent)
        guard product.high < divisor else { return nil }
        let (quotient, rest) = divisor.dividingFullWidth(product)
        return Int128(exactly: quotient + (rest > 0 || isCut ? 1 : 0))
    }

    /// 10³⁸ is the largest power of ten below 2¹²⁸.
    private static let maxDigits = 38

    private static func powerOfTen(_ exponent: Int) -> UInt128 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// The canonical form: the largest suffix that leaves no fraction, fractions in the smallest that do not
    /// need one.
    package var description: String {
        if nanos == 0 { return "0" }
        var format = format
        if format == .binarySI, nanos.magnitude < 1024 * Self.nano.magnitude { format = .decimalSI }
        if format == .binarySI {
            var value = Self.roundedAwayFromZero(nanos, by: Self.nano)
            var step = 0
            while step < Scale.binary.count, value % 1024 == 0 {
                value /= 1024
                step += 1
            }
            return "\(value)" + (step == 0 ? "" : Scale.binary[step - 1])
        }
        var mantissa = nanos
        var exponent = -9
        while mantissa % 1000 == 0, exponent < 18 || format == .decimalExponent {
            mantissa /= 1000
            exponent += 3
        }
        if exponent == 0 { return "\(mantissa)" }
        if format == .decimalExponent { return "\(mantissa)e\(exponent)" }
        return "\(mantissa)" + (Scale.decimal.first { $0.exponent == exponent }?.suffix ?? "")
    }
}

/// What a suffix multiplies by: a power of ten or of two.
private struct Scale {
    var factor: UInt128 = 1
    var exponent = 0
    var format = Quantity.Format.decimalSI

    static let decimal: [(suffix: String, exponent: Int)] = [
        ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15),
        ("E", 18),
    ]
    static let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    init?(suffix: String) {
        if let found = Self.decimal.first(where: { $0.suffix == suffix }) {
            exponent = found.exponent
        } else if let step = Self.binary.firstIndex(of: suffix) {
            factor = 1 << (10 * UInt128(step + 1))
            format = .binarySI
        } else if let first = suffix.first, first == "e" || first == "E" {
            let digits = suffix.dropFirst()
            let unsigned = digits.first == "-" || digits.first == "+" ? digits.dropFirst() : digits
            guard !unsigned.isEmpty, unsigned.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
                return nil
            }
            guard let power = Int16(digits) else { return nil }
            exponent = Int(power)
            format = .decimalExponent
        } else {
            return nil
        }
    }
}
