import Synchronization

/// The daemon's metrics, and their text for Prometheus. Thread-safe; counting takes a lock for some nanoseconds.
public final class MetricsRegistry: Sendable {
    private struct State: Sendable {
        var families: [any MetricFamily] = []
        var sources: [@Sendable () -> [MetricSample]] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// A number that only grows.
    /// - Parameters:
    ///   - name: ends with `_total`.
    ///   - labels: the names of what tells its series apart.
    public func counter(_ name: String, _ help: String, labels: [String] = []) -> MetricCounter {
        let counter = MetricCounter(name: name, help: help, labels: labels)
        state.withLock { $0.families.append(counter) }
        return counter
    }

    /// A number that goes up and down.
    public func gauge(_ name: String, _ help: String, labels: [String] = []) -> MetricGauge {
        let gauge = MetricGauge(name: name, help: help, labels: labels)
        state.withLock { $0.families.append(gauge) }
        return gauge
    }

    /// How values spread.
    /// - Parameter buckets: upper bounds, ascending; the one without a bound comes by itself.
    public func histogram(
        _ name: String, _ help: String, labels: [String] = [], buckets: [Double]
    ) -> MetricHistogram {
        let histogram = MetricHistogram(name: name, help: help, labels: labels, buckets: buckets)
        state.withLock { $0.families.append(histogram) }
        return histogram
    }

    /// Adds numbers that are found out when somebody asks: pods by state, say. Called on a thread that may block.
    public func collect(_ source: @escaping @Sendable () -> [MetricSample]) {
        state.withLock { $0.sources.append(source) }
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    public func text() -> String {
        let (families, sources) = state.withLock { ($0.families, $0.sources) }
        var text = ""
        for family in families { family.write(to: &text) }
        var known: Set<String> = []
        // The lines of one name have to stand together.
        let samples = sources.flatMap { $0() }
        for sample in samples where known.insert(sample.name).inserted {
            MetricText.header(sample.name, sample.help, sample.kind.rawValue, to: &text)
            for same in samples where same.name == sample.name {
                MetricText.line(sample.name, same.labels, same.value, to: &text)
            }
        }
        return text
    }
}

/// A number that was found out just now.
public struct MetricSample: Sendable {
    public enum Kind: String, Sendable {
        case counter, gauge
    }

    public var name: String
    public var help: String
    public var kind: Kind
    public var labels: [(String, String)]
    public var value: Double

    public init(
        _ name: String, _ help: String, _ value: Double, kind: Kind = .gauge, labels: [(String, String)] = []
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}

private protocol MetricFamily: Sendable {
    func write(to text: inout String)
}

public final class MetricCounter: Sendable, MetricFamily {
    private let name: String
    private let help: String
    private let labels: [String]
    private let series = Mutex<[[String]: Double]>([:])

    fileprivate init(name: String, help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.labels = labels
    }

    /// - Parameter values: of the labels, in their order.
    public func add(_ amount: Double = 1, _ values: String...) {
        series.withLock { $0[values, default: 0] += amount }
    }

    fileprivate func write(to text: inout String) {
        MetricText.series(name, help, "counter", labels, series.withLock { $0 }, to: &text)
    }
}

public final class MetricGauge: Sendable, MetricFamily {
    private let name: String
    private let help: String
    private let labels: [String]
    private let series = Mutex<[[String]: Double]>([:])

    fileprivate init(name: String, help: String, labels: [String]) {
        self.name = name
        self.help = help
        self.labels = labels
    }

    public func set(_ value: Double, _ values: String...) { series.withLock { $0[values] = value } }

    public func add(_ amount: Double, _ values: String...) {
        series.withLock { $0[values, default: 0] += amount }
    }

    fileprivate func write(to text: inout String) {
        MetricText.series(name, help, "gauge", labels, series.withLock { $0 }, to: &text)
    }
}

public final class MetricHistogram: Sendable, MetricFamily {
    private struct Series: Sendable {
        /// Not added up; the last one is without a bound.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let name: String
    private let help: String
    private let labels: [String]
    private let buckets: [Double]
    private let series = Mutex<[[String]: Series]>([:])

    fileprivate init(name: String, help: String, labels: [String], buckets: [Double]) {
        self.name = name
        self.help = help
        self.labels = labels
        self.buckets = buckets
    }

    public func observe(_ value: Double, _ values: String...) {
        let bucket = buckets.firstIndex { value <= $0 } ?? buckets.count
        series.withLock { all in
            all[values, default: Series(counts: Array(repeating: 0, count: buckets.count + 1))].counts[
                bucket] += 1
            all[values]!.sum += value
        }
    }

    fileprivate func write(to text: inout String) {
        MetricText.header(name, help, "histogram", to: &text)
        for (values, one) in series.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
        {
            let named = Array(zip(labels, values))
            var total: UInt64 = 0
            for (index, count) in one.counts.enumerated() {
                total += count
                let bound = index < buckets.count ? MetricText.number(buckets[index]) : "+Inf"
                MetricText.line("\(name)_bucket", named + [("le", bound)], Double(total), to: &text)
            }
            MetricText.line("\(name)_sum", named, one.sum, to: &text)
            MetricText.line("\(name)_count", named, Double(total), to: &text)
        }
    }
}

private enum MetricText {
    static func series(
        _ name: String, _ help: String, _ kind: String, _ labels: [String], _ series: [[String]: Double],
        to text: inout String
    ) {
        header(name, help, kind, to: &text)
        for (values, value) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            line(name, Array(zip(labels, values)), value, to: &text)
        }
    }

    static func header(_ name: String, _ help: String, _ kind: String, to text: inout String) {
        text += "# HELP \(name) \(escaped(help, quote: false))\n# TYPE \(name) \(kind)\n"
    }

    static func line(_ name: String, _ labels: [(String, String)], _ value: Double, to text: inout String) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0)=\"\(escaped($1, quote: true))\"" }.joined(separator: ",") + "}"
        }
        text += " \(number(value))\n"
    }

    static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
