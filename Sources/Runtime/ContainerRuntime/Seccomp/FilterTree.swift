import CLinux
import Glibc

/// A filter as a search tree over the numbers of system calls.
///
/// Profiles allow long runs of neighbouring numbers. A comparison for each end of a run is a third of the
/// comparisons that libseccomp writes, and eight steps lead to any of them. Both count: the kernel translates
/// the program, and it tries it with every number to learn which calls are always allowed.
package enum FilterTree {
    /// Numbers of an architecture's system calls.
    package struct ArchitectureRange: Equatable, Sendable {
        /// `AUDIT_ARCH_…`
        package var architecture: UInt32
        package var numbers: ClosedRange<UInt32>

        package init(architecture: UInt32, numbers: ClosedRange<UInt32>) {
            self.architecture = architecture
            self.numbers = numbers
        }
    }

    /// A program with the same answers as `program`, but for some calls that answer ENOSYS.
    /// - Parameter architectures: those that the program knows, `AUDIT_ARCH_…`; repetitions do no harm.
    package static func rewrite(
        _ program: [sock_filter], architectures: [UInt32], answeringENOSYS unknown: [ArchitectureRange]
    ) -> [sock_filter] {
        var distinct: [UInt32] = []
        for architecture in architectures where !distinct.contains(architecture) {
            distinct.append(architecture)
        }
        let survey = FilterSurvey(program, architectures: distinct)
        let elsewhere = survey.outcomeElsewhere()
        let sections = distinct.map { architecture in
            var stretches = survey.stretches(of: architecture)
            for range in unknown where range.architecture == architecture {
                stretches.set(.answer(UInt32(SECCOMP_RET_ERRNO) | UInt32(ENOSYS)), for: range.numbers)
            }
            return stretches
        }
        var writer = Writer(program, outcomes: sections.joined().map(\.outcome) + [elsewhere])
        return writer.write(Array(zip(distinct, sections)), elsewhere: elsewhere)
    }

    private struct Writer {
        private var assembler = FilterAssembler()
        private let argumentChecks: [Int: FilterAssembler.Label]

        init(_ program: [sock_filter], outcomes: [FilterOutcome]) {
            argumentChecks = assembler.copy(
                program, from: outcomes.compactMap { if case .arguments(let at) = $0 { at } else { nil } })
        }

        mutating func write(
            _ sections: [(architecture: UInt32, stretches: [FilterStretch])], elsewhere: FilterOutcome
        ) -> [sock_filter] {
            // The native architecture is the first, and comes nearest to the beginning.
            let starts = sections.reversed().map { section in
                let root = tree(FilterGroup.groups(of: section.stretches)[...])
                assembler.fallThrough(to: root)
                return (section.architecture, assembler.load(offset: Opcode.numberOffset))
            }
            var next = label(elsewhere)
            for (architecture, start) in starts {
                next = assembler.branch(Opcode.ifEqual, architecture, then: start, otherwise: next)
            }
            assembler.fallThrough(to: next)
            _ = assembler.load(offset: Opcode.architectureOffset)
            return assembler.program
        }

        private mutating func tree(_ groups: ArraySlice<FilterGroup>) -> FilterAssembler.Label {
            guard groups.count > 1 else { return comparisons(groups[groups.startIndex]) }
            let middle = groups.balancedSplit
            let lower = groups[..<middle]
            let upper = groups[middle...]
            let low: FilterAssembler.Label
            let high: FilterAssembler.Label
            // What is written last comes next in the program. A single return is nearer that way, too.
            if upper.count == 1, upper[middle].exceptions.isEmpty {
                low = tree(lower)
                high = tree(upper)
            } else {
                high = tree(upper)
                low = tree(lower)
            }
            return assembler.branch(Opcode.ifGreaterOrEqual, upper[middle].first, then: high, otherwise: low)
        }

        private mutating func comparisons(_ group: FilterGroup) -> FilterAssembler.Label {
            var next = label(group.outcome)
            for exception in group.exceptions.reversed() {
                next = assembler.branch(
                    Opcode.ifEqual, exception.first, then: label(exception.outcome), otherwise: next)
            }
            return next
        }

        private mutating func label(_ outcome: FilterOutcome) -> FilterAssembler.Label {
            switch outcome {
            case .answer(let value): assembler.answer(value)
            case .arguments(let position): argumentChecks[position]!
            }
        }
    }
}

/// Numbers with one outcome, but for a few single ones among them.
private struct FilterGroup {
    var first: UInt32
    var outcome: FilterOutcome
    var exceptions: [FilterStretch] = []
    /// How often the kernel looks for a number in it, roughly.
    var weight: Int = 0

    /// More exceptions in a row take longer to pass than a division of the group.
    private static let exceptionLimit = 4

    static func groups(of stretches: [FilterStretch]) -> [FilterGroup] {
        var groups: [FilterGroup] = []
        var index = 0
        while index < stretches.count {
            var group = FilterGroup(first: stretches[index].first, outcome: stretches[index].outcome)
            while index + 2 < stretches.count, stretches[index + 2].outcome == group.outcome,
                stretches[index + 2].first == stretches[index + 1].first + 1,
                group.exceptions.count < exceptionLimit
            {
                group.exceptions.append(stretches[index + 1])
                index += 2
            }
            index += 1
            let end = index < stretches.count ? stretches[index].first : UInt32.max
            group.weight = weight(from: group.first, to: end)
            groups.append(group)
        }
        return groups
    }

    /// At its installation the kernel tries a filter with every call that it has, some 470.
    private static func weight(from first: UInt32, to end: UInt32) -> Int {
        let table: UInt32 = 512
        return 8 + Int(min(end, table)) - Int(min(first, table))
    }
}

extension ArraySlice<FilterGroup> {
    /// Where both sides are looked into equally often.
    fileprivate var balancedSplit: Int {
        let total = reduce(0) { $0 + $1.weight }
        var below = self[startIndex].weight
        var best = startIndex + 1
        var least = abs(total - 2 * below)
        for index in (startIndex + 1)..<endIndex {
            let difference = abs(total - 2 * below)
            if difference < least {
                least = difference
                best = index
            }
            below += self[index].weight
        }
        return best
    }
}

extension [FilterStretch] {
    /// Gives an outcome to a range of numbers.
    fileprivate mutating func set(_ outcome: FilterOutcome, for numbers: ClosedRange<UInt32>) {
        var result: [FilterStretch] = []
        func append(_ stretch: FilterStretch) {
            if result.last?.outcome != stretch.outcome { result.append(stretch) }
        }
        for stretch in self where stretch.first < numbers.lowerBound { append(stretch) }
        append(FilterStretch(first: numbers.lowerBound, outcome: outcome))
        if numbers.upperBound < .max, let after = last(where: { $0.first <= numbers.upperBound + 1 }) {
            append(FilterStretch(first: numbers.upperBound + 1, outcome: after.outcome))
            for stretch in self where stretch.first > numbers.upperBound { append(stretch) }
        }
        self = result
    }
}
