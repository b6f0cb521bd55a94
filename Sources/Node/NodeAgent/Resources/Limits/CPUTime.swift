/// Processor time in the kernel's terms.
enum CPUTime {
    /// The kernel's least and most.
    static let shares: ClosedRange<Int64> = 2...262_144

    /// 1,024 for each processor.
    static func shares(milli: Int64) -> Int64 {
        let (product, overflow) = milli.multipliedReportingOverflow(by: 1024)
        let wanted = overflow ? Int64.max : product / 1000
        return min(max(wanted, shares.lowerBound), shares.upperBound)
    }

    /// Microseconds in each period, at least the millisecond that counts.
    static func quota(milli: Int64, period: Int64) -> Int64 {
        let (product, overflow) = milli.multipliedReportingOverflow(by: period)
        return max(1000, overflow ? .max : product / 1000)
    }
}
