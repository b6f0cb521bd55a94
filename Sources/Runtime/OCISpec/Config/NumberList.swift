/// A list of processors or memory nodes as the kernel writes it, `0-3,7` (cpuset(7), List format).
public struct NumberList: Equatable, Sendable {
    /// In the order of the text, possibly overlapping.
    public let ranges: [ClosedRange<Int>]

    /// Nil when the text is no such list. Spaces around numbers are allowed, as in the
    /// specification's pattern for CPU affinities; the empty text is the empty list.
    public init?(_ text: String) {
        /// The kernel's largest configurable number of processors is 8192.
        let largest = 65_535
        var ranges: [ClosedRange<Int>] = []
        var low: Int?
        var number: Int?
        var isRange = false
        var numberEnded = false
        func finished() -> ClosedRange<Int>? {
            guard let number else { return nil }
            guard isRange else { return number...number }
            guard let low, low <= number else { return nil }
            return low...number
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard !numberEnded else { return nil }
                number = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
                if number! > largest { return nil }
            case UInt8(ascii: "-"):
                guard !isRange, let first = number else { return nil }
                low = first
                number = nil
                isRange = true
                numberEnded = false
            case UInt8(ascii: ","):
                guard let range = finished() else { return nil }
                ranges.append(range)
                (low, number, isRange, numberEnded) = (nil, nil, false, false)
            case UInt8(ascii: " "):
                numberEnded = number != nil
            default:
                return nil
            }
        }
        if number == nil && ranges.isEmpty && !isRange {
            self.ranges = []
            return
        }
        guard let range = finished() else { return nil }
        ranges.append(range)
        self.ranges = ranges
    }

    public var isEmpty: Bool { ranges.isEmpty }
}
