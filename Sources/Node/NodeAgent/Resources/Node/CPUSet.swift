/// Processors by their numbers, as cpuset(7) lists them: `0-3,7`.
package struct CPUSet: Equatable, Sendable, CustomStringConvertible {
    package private(set) var numbers: Set<Int>

    package init(_ numbers: some Sequence<Int> = []) { self.numbers = Set(numbers) }

    /// - Returns: nil for what is no list.
    package init?(_ list: String) {
        numbers = []
        let text = list.filter { $0 != " " && $0 != "\n" }
        if text.isEmpty { return }
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 1 || ends.count == 2, let first = Int(ends[0]),
                let last = Int(ends[ends.count - 1]),
                0 <= first, first <= last, last < Self.limit
            else { return nil }
            numbers.formUnion(first...last)
        }
    }

    /// More than any kernel has.
    private static let limit = 1 << 16

    package var isEmpty: Bool { numbers.isEmpty }
    package var count: Int { numbers.count }
    package var sorted: [Int] { numbers.sorted() }

    package func union(_ other: CPUSet) -> CPUSet { CPUSet(numbers.union(other.numbers)) }
    package func subtracting(_ other: CPUSet) -> CPUSet { CPUSet(numbers.subtracting(other.numbers)) }
    package func intersection(_ other: CPUSet) -> CPUSet { CPUSet(numbers.intersection(other.numbers)) }
    package func isSubset(of other: CPUSet) -> Bool { numbers.isSubset(of: other.numbers) }

    package var description: String {
        var ranges: [(first: Int, last: Int)] = []
        for number in sorted {
            if let last = ranges.last, last.last + 1 == number {
                ranges[ranges.count - 1].last = number
            } else {
                ranges.append((number, number))
            }
        }
        return ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }
            .joined(separator: ",")
    }
}
