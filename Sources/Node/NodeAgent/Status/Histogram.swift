/// How often something took how long, as Prometheus has it. Seconds.
struct Histogram: Sendable {
    /// Upper ends, ascending.
    let bounds: [Double]
    /// By bound; the last one is for what is above all.
    private var counts: [UInt64]
    private var sum = 0.0

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func observe(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
        sum += seconds
    }

    /// Lines of the text format, without the head.
    func text(_ name: String, _ labels: [(String, String)]) -> String {
        var text = ""
        var total: UInt64 = 0
        for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], counts) {
            total += count
            text += Exposition.line(name + "_bucket", labels + [("le", bound)], "\(total)")
        }
        return text + Exposition.line(name + "_sum", labels, "\(sum)")
            + Exposition.line(name + "_count", labels, "\(total)")
    }
}
